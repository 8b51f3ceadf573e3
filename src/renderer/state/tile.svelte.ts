import type { TileProgress } from "../../shared/contract";
import type { Method, RunRecord, Target, TileState } from "../../shared/domain";
import {
  compareScores,
  scoreAt,
  type Course,
  type Score,
  type ScoreDifference,
} from "../../shared/scores";
import { encodeFault, type FaultData } from "../../shared/fault";
import type { Picture } from "../../shared/pictures";

/** `lost`: the engine went away in the middle; the last picture stays. */
export type TileCondition = TileState | "lost";

export interface TilePlace {
  readonly row: number;
  readonly column: number;
  readonly target: Target;
  readonly label: string;
  readonly method: Method;
  /** Of this run. */
  readonly seed: number;
}

let made = 0;

/** One run of a gallery as the window shows it. */
export class Tile {
  /** No other tile of this window has it. */
  readonly key = `tile-${++made}`;
  readonly place: TilePlace;
  condition = $state<TileCondition>("waiting");
  /** Updates done, and the score of that image. */
  step = $state(0);
  score = $state<number | null>(null);
  top1 = $state<boolean | null>(null);
  /** Set once the run is in the library. */
  record = $state.raw<RunRecord | null>(null);
  fault = $state.raw<FaultData | null>(null);
  /** The newest picture; null before the first one, or where it was put away to save memory. */
  picture = $state.raw<Picture | null>(null);
  /** Updates done on `picture`. */
  pictureStep = $state(0);
  /** A kept picture looked at with the scrubber. */
  kept = $state.raw<{ step: number; picture: Picture } | null>(null);
  /** Why a picture could not be fetched. */
  pictureFault = $state.raw<FaultData | null>(null);
  /** How many views show it just now. */
  watchers = 0;
  /** Scores by step, changed in place while the run goes: read `traceLength` to follow it. */
  #trace: number[] = [];
  traceLength = $state(0);
  /** Lowest and highest score of the trace; follow `traceLength`. */
  #low = Infinity;
  #high = -Infinity;

  constructor(place: TilePlace) {
    this.place = place;
  }

  /** trace[k] belongs to the image after k updates. */
  get trace(): readonly number[] {
    return this.traceLength === 0 ? [] : this.#trace;
  }

  /** Range of the trace; low > high while there is none. */
  get extent(): { low: number; high: number } {
    return this.traceLength === 0
      ? { low: Infinity, high: -Infinity }
      : { low: this.#low, high: this.#high };
  }

  get unfinished(): boolean {
    return this.condition === "waiting" || this.condition === "running";
  }

  /** What it is compared by. */
  get course(): Course {
    return { trace: this.trace, silent: this.condition === "silent" };
  }

  /**
   * Score after `step` updates, null: the newest. Of a run that goes on, the newest is that of its last step alone:
   * the mean over steps of a climb lags behind the picture.
   */
  scoreAt(step: number | null): Score | null {
    const { score } = this;
    if (step === null && this.unfinished)
      return score === null
        ? null
        : { step: this.step, value: score, std: null, steps: 1 };
    return scoreAt(this.course, step);
  }

  /** Against another run, at the last step both have, or at `step`. */
  differenceTo(other: Tile, step: number | null): ScoreDifference | null {
    return compareScores(this.course, other.course, step);
  }

  /** The kept step shown for a place of the scrubber: the nearest at or before it. */
  keptStep(step: number): number | null {
    const kept = this.record?.kept;
    if (!kept) return null;
    let best = kept[0] ?? null;
    for (const k of kept) {
      if (k > step) break;
      best = k;
    }
    return best;
  }

  follow(progress: TileProgress): void {
    this.condition = progress.state;
    this.step = progress.step;
    if (progress.score !== null) this.score = progress.score;
    if (progress.top1 !== null) this.top1 = progress.top1;
    // Overlaps happen when a progress is sent again; what is there already wins nothing by it.
    if (!this.record)
      for (const [i, score] of progress.scores.entries())
        this.#record(progress.from + i, score);
    this.traceLength = this.#trace.length;
    if (progress.record) this.settle(progress.record);
    this.fault = progress.fault;
  }

  /** Takes everything from the record of a finished run. */
  settle(record: RunRecord): void {
    this.record = record;
    this.condition = record.state;
    this.step = record.step;
    this.score = record.score;
    this.top1 = record.top1;
    // the record's own: a gallery of many seeds holds many traces
    this.#trace = record.trace;
    for (const score of record.trace) this.#widen(score);
    this.traceLength = this.#trace.length;
  }

  show(picture: Picture, step: number): void {
    this.picture = picture;
    this.pictureStep = step;
    this.pictureFault = null;
  }

  refuse(error: unknown): void {
    this.pictureFault = encodeFault(error);
  }

  /** The run ended without a result of its own. */
  abandon(condition: "lost" | "failed" | "cancelled", fault: FaultData | null) {
    if (!this.unfinished) return;
    this.condition = condition;
    this.fault = fault;
  }

  #record(step: number, score: number): void {
    this.#trace[step] = score;
    this.#widen(score);
  }

  #widen(score: number): void {
    if (score < this.#low) this.#low = score;
    if (score > this.#high) this.#high = score;
  }
}
