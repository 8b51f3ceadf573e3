import type { AscentSettings } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { pictureKey, type ClassRow } from "../../../shared/lab/class-table";
import { titleMethod } from "../../../shared/method";
import { ascend, type TileUpdate } from "../../ascent/ascend";
import type { Network } from "../../network/network";
import type { Checkpoints, Happening, World } from "../experiment";
import { Course, type Subject } from "./course";
import type { Group } from "./groups";

/** How often something is done, in milliseconds. */
export interface Pace {
  readonly checkpoint: number;
  readonly partial: number;
  readonly frame: number;
}

export const usualPace: Pace = { checkpoint: 15_000, partial: 500, frame: 80 };

/**
 * Climbs a group to its end, or to an abort, which is seen within a step: then every image is at the same step, and
 * kept as a checkpoint from which the next run goes on to the last bit.
 *
 * Throws the Fault of the first image whose numbers are not finite, after all others have ended.
 */
export async function* climb(
  group: Group,
  settings: AscentSettings,
  world: World & { readonly network: Network },
  {
    signal,
    pace = usualPace,
  }: {
    readonly signal: AbortSignal;
    readonly pace?: Pace;
  },
): AsyncGenerator<Happening<ClassRow>, void, void> {
  const { network, runtime, checkpoints, head } = world;
  const shape = network.input;
  const { courses, from } = await begin(group, { shape, head }, checkpoints);
  const all = courses.flat();
  yield { kind: "work", work: from * all.length, before: true };

  const due = intervals(pace);
  const running = new Set(all);
  /** Stops all methods at the same step, so that they go on together. */
  const ending = new AbortController();
  if (signal.aborted) ending.abort();
  let fault: Fault | null = null;

  async function* take(
    update: TileUpdate,
    now: Readonly<Record<keyof Pace, boolean>>,
  ): AsyncGenerator<Happening<ClassRow>, void, void> {
    const course = courses[update.row]?.[update.column];
    if (!course) return;
    const { cell } = course;
    const { state } = update;
    course.take(update);
    if (state === "failed") {
      running.delete(course);
      const { label, method } = cell.ask;
      fault ??= named(update.fault, `${label}, ${titleMethod(method)}`);
      return;
    }
    const picture = (key: string, final: boolean) =>
      ({
        kind: "picture",
        key,
        step: update.step,
        shape,
        image: update.image(),
        final,
      }) as const;
    if (course.pictured(update.step))
      yield picture(pictureKey(cell.key, update.step), true);
    if (state === "running") {
      if (now.frame) yield picture(cell.key, false);
      if (now.checkpoint)
        await checkpoints.save(cell.key, course.checkpoint(update));
      if (now.partial || now.checkpoint)
        yield {
          kind: "partial",
          key: cell.key,
          row: course.row(update),
          keep: now.checkpoint,
        };
      return;
    }
    running.delete(course);
    yield picture(cell.key, true);
    if (state === "cancelled") {
      await checkpoints.save(cell.key, course.checkpoint(update));
      yield {
        kind: "partial",
        key: cell.key,
        row: course.row(update),
        keep: true,
      };
      return;
    }
    // a silent image has no more steps to take
    if (settings.steps > update.step)
      yield { kind: "work", work: settings.steps - update.step, before: true };
    yield { kind: "row", key: cell.key, row: course.row(update) };
    await checkpoints.remove(cell.key);
  }

  const methods = courses[0]?.map(({ cell }) => cell.ask.method) ?? [];
  const targets = courses.flatMap(([first]) =>
    first ? [first.cell.ask.target] : [],
  );
  const start =
    from > 0
      ? {
          resume: {
            step: from,
            image: (row: number, column: number) =>
              courses[row]?.[column]?.from?.arrays["image"] ?? null,
          },
        }
      : {};
  for await (const updates of ascend(
    { network, targets, methods, settings, runtime, ...start },
    { signal: ending.signal },
  )) {
    const [first] = updates;
    if (!first) continue;
    const now = due(first.step);
    if (first.step > from) yield { kind: "work", work: updates.length };
    for (const update of updates) yield* take(update, now);
    const last = Math.max(
      ...courses.flatMap((row) =>
        row.flatMap((course, column) => (running.has(course) ? column : -1)),
      ),
    );
    if (signal.aborted && first.column >= last) ending.abort();
  }
  // assigned in a function, which the compiler does not follow
  const thrown = fault as Fault | null;
  if (thrown) throw thrown;
}

/** From the group's step on, or all from the start where a checkpoint is gone or does not fit. */
async function begin(
  { cells, step }: Group,
  subject: Subject,
  checkpoints: Checkpoints,
): Promise<{ courses: readonly (readonly Course[])[]; from: number }> {
  const courses: Course[][] = [];
  for (const row of cells) {
    const taken: Course[] = [];
    for (const cell of row)
      taken.push(
        new Course(
          cell,
          subject,
          step > 0 ? await checkpoints.load(cell.key) : null,
        ),
      );
    courses.push(taken);
  }
  if (step === 0) return { courses, from: 0 };
  return courses.flat().every(({ from }) => from?.step === step)
    ? { courses, from: step }
    : begin({ cells, step: 0 }, subject, checkpoints);
}

/** Tells what is due at a step; the same for all methods of the step. */
function intervals(pace: Pace) {
  const at = performance.now();
  const last = { checkpoint: at, partial: at, frame: -Infinity };
  let asked = -1;
  let now = { checkpoint: false, partial: false, frame: false };
  return (step: number) => {
    if (step === asked) return now;
    asked = step;
    const time = performance.now();
    const is = (name: keyof Pace) => {
      const due = time - last[name] >= pace[name];
      if (due) last[name] = time;
      return due;
    };
    now = {
      checkpoint: is("checkpoint"),
      partial: is("partial"),
      frame: is("frame"),
    };
    return now;
  };
}

function named(fault: Fault | null, what: string): Fault {
  return fault
    ? new Fault(fault.code, `${what}: ${fault.message}`, fault.remedy)
    : new Fault("internal", `${what}: the run failed.`);
}
