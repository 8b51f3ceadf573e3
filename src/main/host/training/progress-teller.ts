/** Puts a run's reports together to progress of the experiment, at most ten times a second. */
import {
  isEnded,
  type TrainingProgress,
  type TrainingRun,
} from "../../../shared/training";
import type { RunReport } from "./training-loop";

export interface TellerOptions {
  readonly send: (progress: TrainingProgress) => void;
  /** Of an epoch. */
  readonly steps: number;
  readonly batch: number;
  /** Pictures of the validation part. */
  readonly validated: number;
}

const intervalMs = 100;
/** A batch weighs at least so much in the pace; older ones less and less. */
const leastWeight = 0.1;
/** A picture that is only looked at takes about so much of the time of one that is learned from. */
const validationShare = 0.35;

export class ProgressTeller {
  readonly #id: string;
  readonly #runs: TrainingRun[];
  readonly #epochs: number;
  readonly #options: TellerOptions;
  readonly #changed = new Map<string, TrainingRun>();
  #msPerImage: number | null = null;
  #measured = 0;
  #loss: number | null = null;
  #sentAt = -Infinity;
  #last: { index: number; report: RunReport } | null = null;

  constructor(
    id: string,
    runs: readonly TrainingRun[],
    epochs: number,
    options: TellerOptions,
  ) {
    this.#id = id;
    this.#runs = [...runs];
    this.#epochs = epochs;
    this.#options = options;
  }

  tell(index: number, report: RunReport): void {
    const { run, work } = report;
    if (this.#last?.index !== index) this.#loss = null;
    this.#last = { index, report };
    this.#loss = report.loss ?? this.#loss;
    if (report.changed) this.#change(index, run);
    if (work && work.images > 0) {
      const ms = work.ms / work.images;
      const before = this.#msPerImage ?? ms;
      // the first step of all is slow: TensorFlow prepares the graph
      const weight = Math.max(leastWeight, 1 / Math.max(1, this.#measured++));
      this.#msPerImage = before + weight * (ms - before);
    }
    const now = performance.now();
    if (!report.changed && now - this.#sentAt < intervalMs) return;
    this.#sentAt = now;
    this.#send();
  }

  /** The run's record at its end, or as it was paused. */
  ended(index: number, run: TrainingRun): void {
    this.#change(index, run);
    const report: RunReport = this.#last?.report ?? {
      run,
      changed: true,
      phase: "training",
      epoch: Math.min(run.curve.length + 1, this.#epochs),
      step: 0,
      steps: this.#options.steps,
      loss: null,
      work: null,
    };
    this.#last = { index, report: { ...report, run } };
    this.#send();
  }

  #change(index: number, run: TrainingRun): void {
    this.#runs[index] = run;
    this.#changed.set(run.id, run);
  }

  #send(): void {
    if (!this.#last) return;
    const { index, report } = this.#last;
    const { run, phase, epoch, step, steps } = report;
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    const pace = this.#msPerImage;
    this.#options.send({
      id: this.#id,
      run: run.id,
      runIndex: index,
      runCount: this.#runs.length,
      phase,
      epoch,
      epochs: this.#epochs,
      step,
      steps,
      loss: this.#loss,
      imagesPerSecond: pace === null || pace === 0 ? null : 1000 / pace,
      secondsLeft:
        pace === null ? null : (pace / 1000) * this.#left(index, report),
      changed,
    });
  }

  /** Images still to be trained on, those that are validated counted by what they cost. */
  #left(index: number, { phase, step }: RunReport): number {
    const { steps, batch, validated } = this.#options;
    const each = steps * batch + validationShare * validated;
    let left = 0;
    for (const [i, run] of this.#runs.entries())
      if (i === index || !isEnded(run))
        left += each * Math.max(0, this.#epochs - run.curve.length);
    if (this.#runs[index]?.curve.length === this.#epochs) return left;
    const done = phase === "training" ? step : steps;
    return Math.max(0, left - done * batch);
  }
}
