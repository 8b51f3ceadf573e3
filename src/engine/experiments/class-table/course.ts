import {
  picturedSteps,
  tracedSteps,
  type ClassRow,
} from "../../../shared/lab/class-table";
import type { Head, Tail } from "../../../shared/domain";
import { rowTarget } from "../../../shared/lab/targets";
import { tailOf } from "../../../shared/tail";
import type { TileUpdate } from "../../ascent/ascend";
import { probabilitiesOf, top1Of } from "../../classes";
import type { Cell, Checkpoint } from "../experiment";
import type { Climb } from "./cells";
import { measureImage, type ImageMeasures } from "./measures";

/** Names of what is traced, in a row and in a checkpoint. */
const traces = ["trace", "stds", "edges", "variations"] as const;
type Traces = Record<(typeof traces)[number], number[]>;

/** Of a network: [height, width, channel] of its input, and what its output means. */
export interface Subject {
  readonly shape: readonly [number, number, number];
  readonly head: Head;
}

/** What became of one cell's image so far. */
export class Course {
  readonly cell: Cell<Climb>;
  readonly #shape: readonly [number, number, number];
  readonly #head: Head;
  readonly #traced: readonly number[];
  readonly #pictured: readonly number[];
  readonly #steps: number[] = [];
  readonly #traces: Traces;
  /** After every number of updates so far; float32's, so that they survive a checkpoint to the last bit. */
  #scores: number[] = [];
  /** By step: what is behind a score does not change any more. */
  readonly #tailed = new Map<number, Tail>();
  /** Where it goes on from; null: from the start image. */
  readonly from: Checkpoint | null;
  #measures: ImageMeasures = { std: 0, edge: 0, variation: 0 };

  /** A checkpoint that does not fit these settings is passed over: the cell then begins anew. */
  constructor(
    cell: Cell<Climb>,
    { shape, head }: Subject,
    checkpoint: Checkpoint | null,
  ) {
    this.cell = cell;
    this.#shape = shape;
    this.#head = head;
    this.#traced = tracedSteps(cell.work);
    this.#pictured = picturedSteps(cell.work);
    this.#traces = { trace: [], stds: [], edges: [], variations: [] };
    this.from = checkpoint && this.#takeUp(checkpoint) ? checkpoint : null;
  }

  #takeUp({ step, arrays }: Checkpoint): boolean {
    const steps = this.#traced.filter((traced) => traced < step);
    const [height, width, channels] = this.#shape;
    if (
      step <= 0 ||
      step >= this.cell.work ||
      arrays["image"]?.length !== height * width * channels ||
      traces.some((name) => arrays[name]?.length !== steps.length) ||
      arrays["scores"]?.length !== step
    )
      return false;
    this.#steps.push(...steps);
    for (const name of traces) this.#traces[name].push(...(arrays[name] ?? []));
    this.#scores = [...(arrays["scores"] ?? [])];
    const last = (name: (typeof traces)[number]) =>
      this.#traces[name].at(-1) ?? 0;
    this.#measures = {
      std: last("stds"),
      edge: last("edges"),
      variation: last("variations"),
    };
    return true;
  }

  /** Whether the picture after so many steps is kept besides the last one. */
  pictured(step: number): boolean {
    return this.#pictured.includes(step);
  }

  /** Takes a step's outcome, while the update is valid. */
  take(update: TileUpdate): void {
    if (update.state === "failed") return;
    this.#scores.push(update.score);
    const traced = this.#traced.includes(update.step);
    const last = update.state !== "running";
    if (!traced && !last) return;
    this.#measures = measureImage(update.image(), this.#shape);
    // one that goes on later is traced there
    if (!traced && update.state === "cancelled") return;
    this.#steps.push(update.step);
    this.#traces.trace.push(update.score);
    this.#traces.stds.push(this.#measures.std);
    this.#traces.edges.push(this.#measures.edge);
    this.#traces.variations.push(this.#measures.variation);
  }

  /** The row, or what it is so far, after `take` and while the update is valid. */
  row(update: TileUpdate): ClassRow {
    const { target, label, name, slope } = this.cell.ask;
    const { state, step, score } = update;
    const logits = update.logits();
    const { std, edge, variation } = this.#measures;
    return {
      ...rowTarget(target),
      label,
      method: name,
      slope,
      state: state === "done" || state === "silent" ? state : "running",
      step,
      score,
      tail: tailOf(this.#scores),
      top1: top1Of(logits, target, this.#head),
      probability: probabilitiesOf(logits, this.#head)?.[target.index] ?? null,
      imageStd: std,
      edge,
      variation,
      steps: [...this.#steps],
      trace: [...this.#traces.trace],
      stds: [...this.#traces.stds],
      edges: [...this.#traces.edges],
      variations: [...this.#traces.variations],
      tails: this.#tailsUpTo(state === "silent" ? this.cell.work : step),
      pictures: this.#pictured.filter((pictured) => pictured <= step),
    };
  }

  /** At the traced steps up to `last`. */
  #tailsUpTo(last: number): ClassRow["tails"] {
    for (const step of this.#traced)
      if (step <= last && !this.#tailed.has(step)) {
        const tail = tailOf(this.#scores, step);
        if (tail) this.#tailed.set(step, tail);
      }
    const taken = [...this.#tailed];
    return {
      steps: taken.map(([step]) => step),
      means: taken.map(([, { mean }]) => mean),
      stds: taken.map(([, { std }]) => std),
    };
  }

  /** The image of the update and what was traced before it: the update's own step is computed again. */
  checkpoint(update: TileUpdate): Checkpoint {
    const { step } = update;
    const before = this.#steps.filter((traced) => traced < step).length;
    const arrays: Record<string, Float32Array> = {
      image: update.image().slice(),
      scores: Float32Array.from(this.#scores.slice(0, step)),
    };
    for (const name of traces)
      arrays[name] = Float32Array.from(this.#traces[name].slice(0, before));
    return { step, arrays };
  }
}
