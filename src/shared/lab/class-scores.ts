/**
 * Scores of the class table that one can compare: means over the last tenth of the steps (see scores.ts), always at the
 * same step, and nothing claimed within the uncertainty.
 */
import {
  differenceOf,
  scoreOf,
  type Score,
  type ScoreDifference,
} from "../scores";
import { meanOf } from "../statistics";
import { fewestSteps, tailSteps } from "../tail";
import {
  tableMethods,
  type ClassRow,
  type ClassTableSummary,
  type TableMethod,
} from "./class-table";
import { nameRowTarget } from "./targets";

/** What of a row is compared. */
export type ScoredRow = Pick<
  ClassRow,
  "state" | "step" | "score" | "tail" | "steps" | "trace" | "tails"
>;

/** Whether the row is of an earlier version, which kept no score but the traced ones. */
export function isOlder({
  step,
  tail,
}: Pick<ClassRow, "step" | "tail">): boolean {
  return step >= fewestSteps && tail === null;
}

/** The row's score: at its last step, and of a silent one at the last that was asked for. */
export function classScore(row: ScoredRow): Score {
  return scoreAtStep(row, endOf(row)) ?? scoreOf(row.step, null, row.score);
}

/** The score after `step` updates; null where it was not traced there. */
export function scoreAtStep(row: ScoredRow, step: number): Score | null {
  const single = singleAt(row, step);
  if (single === null) return null;
  if (step === row.step && row.tail) return scoreOf(step, row.tail, single);
  const i = row.tails.steps.indexOf(step);
  const [mean, std] = [row.tails.means[i], row.tails.stds[i]];
  return scoreOf(
    step,
    mean === undefined || std === undefined
      ? null
      : { mean, std, steps: tailSteps(step) },
    single,
  );
}

/** Two rows at the last step that both have; null where there is none. */
export function compareClassRows(
  row: ScoredRow,
  base: ScoredRow,
): ScoreDifference | null {
  const both = [row, base];
  const last = Math.min(...both.map(reachOf));
  const steps = new Set(
    both.flatMap((one) => [one.step, ...one.steps, ...one.tails.steps]),
  );
  const at = Math.max(
    ...[...steps].filter(
      (step) => step <= last && both.every((one) => isKnownAt(one, step)),
    ),
  );
  const [score, against] = [scoreAtStep(row, at), scoreAtStep(base, at)];
  return score && against
    ? differenceOf(score, against, () => [
        singleAt(row, at) ?? NaN,
        singleAt(base, at) ?? NaN,
      ])
    : null;
}

/** The method above every other one by more than the uncertainty; null: none is, or nothing is known of it. */
export function clearlyBest(
  rows: readonly (ScoredRow & Pick<ClassRow, "method">)[],
): TableMethod | null {
  const best = rows.find((row) =>
    rows.every((other) => other === row || isAbove(row, other)),
  );
  return rows.length === tableMethods.length && best ? best.method : null;
}

/** Means, ratios and wins over the classes that are finished under every method. */
export function summarizeClassTable(
  slopes: Readonly<Record<TableMethod, number>>,
  rows: Iterable<ClassRow>,
): ClassTableSummary {
  const classes = new Map<string, Map<TableMethod, ClassRow>>();
  for (const row of rows) {
    if (row.state === "running") continue;
    const name = nameRowTarget(row);
    const found = classes.get(name) ?? new Map<TableMethod, ClassRow>();
    classes.set(name, found.set(row.method, row));
  }
  const whole = [...classes.values()].filter(
    (found) => found.size === tableMethods.length,
  );
  // a mean over steps is not put together with the score of one step
  const means = whole.every((found) =>
    [...found.values()].every((row) => classScore(row).std !== null),
  );
  const best = whole.map((found) => clearlyBest([...found.values()]));
  const meanUnder = (method: TableMethod) =>
    meanOf(
      whole.map((found) => {
        const row = found.get(method);
        return row ? (means ? classScore(row).value : row.score) : NaN;
      }),
    );
  const plain = meanUnder("relu");
  return {
    classes: whole.length,
    undecided: best.filter((method) => method === null).length,
    methods: tableMethods.map((method) => {
      const own = whole.flatMap((found) => found.get(method) ?? []);
      const differences = whole.flatMap((found) => {
        const [row, base] = [found.get(method), found.get("relu")];
        return row && base ? [{ row, base }] : [];
      });
      const mean = meanUnder(method);
      return {
        method,
        slope: slopes[method],
        mean,
        std:
          means && own.length > 0
            ? Math.hypot(...own.map((row) => classScore(row).std ?? NaN)) /
              own.length
            : null,
        ratio:
          mean !== null && plain !== null && plain > 0 ? mean / plain : null,
        wins: best.filter((one) => one === method).length,
        above: differences.filter(({ row, base }) => isAbove(row, base)).length,
        below: differences.filter(({ row, base }) => isAbove(base, row)).length,
      };
    }),
  };
}

/** By more than the uncertainty; false where that is not known. */
function isAbove(row: ScoredRow, base: ScoredRow): boolean {
  const difference = compareClassRows(row, base);
  return (
    difference !== null &&
    difference.std !== null &&
    !difference.unclear &&
    difference.value > 0
  );
}

/** The last step the row can be compared at. */
function reachOf({ state, step }: ScoredRow): number {
  return state === "silent" ? Infinity : step;
}

function endOf({ state, step, tails }: ScoredRow): number {
  return state === "silent" ? Math.max(step, tails.steps.at(-1) ?? 0) : step;
}

/** Whether all that is to be known of a step is: its score, and its tail where a step has one. */
function isKnownAt(row: ScoredRow, step: number): boolean {
  const { state, step: last, steps, tails } = row;
  return (
    step === last ||
    steps.includes(step) ||
    tails.steps.includes(step) ||
    (state === "silent" &&
      step > last &&
      (step < fewestSteps || tails.steps.length === 0))
  );
}

/** The score of one step; null where it was not traced. */
function singleAt(row: ScoredRow, step: number): number | null {
  if (step === row.step || (row.state === "silent" && step > row.step))
    return row.score;
  return row.trace[row.steps.indexOf(step)] ?? null;
}
