/** Epoch after epoch of one run: steps, validation, the best network, checkpoints. */
import { join } from "node:path";
import { setImmediate as macrotask } from "node:timers/promises";
import type { TrainStep } from "../../../engine";
import { Fault } from "../../../shared/fault";
import type {
  CurvePoint,
  Measured,
  TrainingProgress,
  TrainingRun,
} from "../../../shared/training";
import { epochBatches, stepsPerEpoch } from "./batches";
import { writeCheckpoint, type Position } from "./checkpoint";
import { evaluate } from "./evaluate";
import { writeRun } from "./experiment-folder";
import { learningRateAt } from "./schedule";
import type { RunJob } from "./run-job";
import { writeTrainedNetwork } from "./trained-network";

export interface RunReport {
  readonly run: TrainingRun;
  /** Whether the record has changed since the last report. */
  readonly changed: boolean;
  readonly phase: TrainingProgress["phase"];
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number | null;
  /** Images trained on since the last report, and the time they took. */
  readonly work: { readonly images: number; readonly ms: number } | null;
}

export interface LoopOptions {
  /** Aborted: pause after the present step, with a checkpoint. */
  readonly signal: AbortSignal;
  /** Whether the run is to end with what it has; asked before every step. */
  readonly stopped: () => boolean;
  readonly report: (report: RunReport) => void;
  /** Longest time between two checkpoints. */
  readonly checkpointMs: number;
}

const epochStart = { step: 0, lossSum: 0, correct: 0, images: 0, trainMs: 0 };

export class TrainingLoop {
  readonly #job: RunJob;
  readonly #step: TrainStep;
  readonly #options: LoopOptions;
  readonly #steps: number;
  #position: Position;
  #checkpointAt = performance.now();
  /** Until when the run's seconds are counted. */
  #countedAt = performance.now();

  /** From a run that has not begun, or from where its checkpoint was. */
  constructor(
    job: RunJob,
    step: TrainStep,
    from: TrainingRun | Position,
    options: LoopOptions,
  ) {
    this.#job = job;
    this.#step = step;
    this.#options = options;
    this.#steps = stepsPerEpoch(job.data);
    this.#position =
      "run" in from ? from : { epoch: 0, ...epochStart, run: from };
  }

  /** The record as of now. */
  get record(): TrainingRun {
    return this.#position.run;
  }

  /** Ends with a record that is "done", "stopped" or, on disk with its checkpoint, "paused". */
  async run(): Promise<TrainingRun> {
    const { epochs } = this.#job.experiment.plan;
    this.#report("training", { changed: true });
    while (this.#position.epoch < epochs) {
      const outcome = await this.#epoch();
      if (outcome === "paused") {
        await this.#checkpoint();
        await writeRun(this.#job.folder, this.record);
        return this.record;
      }
      if (outcome === "stopped") {
        // within the first epoch there is nothing better than what is there now
        if (!this.record.best) await this.#keepBest(0, await this.#validate());
        this.#count();
        this.#change({ state: "stopped" });
        return this.record;
      }
    }
    this.#change({ state: "done" });
    return this.record;
  }

  async #epoch(): Promise<"whole" | "paused" | "stopped"> {
    const { data, experiment } = this.#job;
    const { epoch, run } = this.#position;
    const batches = epochBatches(data, run.seed, epoch, this.#position.step);
    let since = performance.now();
    while (this.#position.step < this.#steps) {
      if (this.#options.signal.aborted) return "paused";
      if (this.#options.stopped()) return "stopped";
      const { images, labels } = await batches.next();
      const rate = this.#rate(this.#position.step);
      const result = this.#step.advance(images, labels, rate);
      if (!Number.isFinite(result.loss)) throw diverged(epoch + 1, experiment);
      const now = performance.now();
      const work = { images: labels.length, ms: now - since };
      since = now;
      const before = this.#position;
      this.#position = {
        ...before,
        step: before.step + 1,
        lossSum: before.lossSum + result.loss * labels.length,
        correct: before.correct + result.correct,
        images: before.images + labels.length,
        trainMs: before.trainMs + work.ms,
      };
      this.#report("training", { loss: result.loss, work });
      if (now - this.#checkpointAt >= this.#options.checkpointMs) {
        await this.#checkpoint();
        since = performance.now();
      }
      // the step blocks: whoever cancels is heard here
      await macrotask();
    }
    return this.#endEpoch();
  }

  async #endEpoch(): Promise<"whole" | "paused"> {
    const { epoch, images, lossSum, correct, trainMs } = this.#position;
    const validation = await this.#validate();
    if (validation === "aborted") return "paused";
    const point: CurvePoint = {
      epoch: epoch + 1,
      train: { loss: lossSum / images, accuracy: correct / images },
      validation,
      learningRate: this.#rate(this.#steps - 1),
      imagesPerSecond: trainMs > 0 ? (1000 * images) / trainMs : 0,
    };
    this.#change({ curve: [...this.record.curve, point] });
    if (isBetter(validation, this.record.best?.validation ?? null))
      await this.#keepBest(epoch + 1, validation);
    this.#position = { ...this.#position, epoch: epoch + 1, ...epochStart };
    await this.#checkpoint();
    await writeRun(this.#job.folder, this.record);
    this.#report("training", { changed: true });
    return "whole";
  }

  async #validate(): Promise<Measured | null | "aborted"> {
    const { data, validated, experiment } = this.#job;
    if (validated.length === 0) return null;
    const measured = await evaluate(this.#step, data, validated, {
      signal: this.#options.signal,
      progress: (step, steps) => {
        this.#report("validating", { step, steps });
      },
    });
    // the last step can spoil weights that its own loss does not show
    if (measured && !Number.isFinite(measured.loss))
      throw diverged(this.#position.epoch + 1, experiment);
    return measured ?? "aborted";
  }

  async #keepBest(
    epoch: number,
    validation: Measured | null | "aborted",
  ): Promise<void> {
    const measured = validation === "aborted" ? null : validation;
    this.#change({ best: { epoch, validation: measured } });
    await writeTrainedNetwork(
      join(this.#job.folder, this.record.id),
      this.#step.network(),
      this.#job.experiment,
      this.record,
    );
  }

  async #checkpoint(): Promise<void> {
    this.#count();
    this.#change({ state: "paused" });
    const checkpoint = { position: this.#position, state: this.#step.state() };
    const folder = join(this.#job.folder, this.record.id);
    await writeCheckpoint(folder, checkpoint);
    this.#checkpointAt = performance.now();
  }

  /** Of a step of the present epoch. */
  #rate(step: number): number {
    const { plan } = this.#job.experiment;
    const all = this.#position.epoch * this.#steps + step;
    return learningRateAt(all, this.#steps, plan);
  }

  #count(): void {
    const now = performance.now();
    const seconds = this.record.seconds + (now - this.#countedAt) / 1000;
    this.#countedAt = now;
    this.#change({ seconds });
  }

  #change(changes: Partial<TrainingRun>): void {
    const run = { ...this.record, ...changes };
    this.#position = { ...this.#position, run };
  }

  #report(phase: RunReport["phase"], told: Partial<RunReport>): void {
    const { epoch, step } = this.#position;
    const { epochs } = this.#job.experiment.plan;
    this.#options.report({
      run: { ...this.record, state: "running" },
      changed: false,
      phase,
      epoch: Math.min(epoch + 1, epochs),
      step,
      steps: this.#steps,
      loss: null,
      work: null,
      ...told,
    });
  }
}

/** Without a validation part the later one is. */
function isBetter(a: Measured | null, b: Measured | null): boolean {
  if (!a || !b) return true;
  return (
    a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.loss < b.loss)
  );
}

function diverged(epoch: number, { plan }: RunJob["experiment"]): Fault {
  return new Fault(
    "not-finite",
    `The loss is no longer a finite number in epoch ${epoch}.`,
    `Try a learning rate below ${plan.learningRate}, or a longer warm-up.`,
  );
}
