/** All runs of an experiment that are not finished, one after the other. */
import { Fault } from "../../../shared/fault";
import {
  isEnded,
  type TrainingOutcome,
  type TrainingProgress,
} from "../../../shared/training";
import { lockFolder } from "../folder-lock";
import { memoryBudget, memoryFault } from "../memory";
import { stepsPerEpoch, type TrainingBatches } from "./batches";
import {
  readExperiment,
  readPictures,
  readRuns,
  type Picture,
} from "./experiment-folder";
import { Pixels } from "./pixels";
import { ProgressTeller } from "./progress-teller";
import { openSource, type PictureSource } from "./source";
import type { RunJob } from "./run-job";
import { lacksTest, trainRun } from "./train-run";
import type { Trainer } from "./trainer";

export interface ExperimentOptions {
  /** Aborted: pause after the present step, with a checkpoint. */
  readonly signal: AbortSignal;
  /** At most ten times a second; what changed is never left out. */
  readonly progress: (progress: TrainingProgress) => void;
  /** Whether a run is to end with what it has. */
  readonly stopped?: (run: string) => boolean;
  /** Bytes that decoded pictures may keep. */
  readonly pictureBytes?: number;
  readonly checkpointMs?: number;
  /** Where the pictures lie, if not where the experiment was made. */
  readonly source?: string;
}

/** Bytes that decoded pictures may keep where the user allows a batch so much; 0: where they do not say. */
export function pictureBudget(limitMiB = 0): number {
  return memoryBudget(limitMiB) * pictureShare;
}

const fiveMinutes = 5 * 60 * 1000;
/** Of the memory a batch may take. */
const pictureShare = 1 / 4;

/**
 * Runs, resumes, and returns how it ended. Throws what keeps every run from going on: an experiment that cannot be
 * read or that another process is at, pictures that are gone, a full disk, too little memory; finished runs and
 * checkpoints stay.
 */
export async function runExperiment(
  folder: string,
  trainer: Trainer,
  options: ExperimentOptions,
): Promise<TrainingOutcome> {
  // before anything is made in it: what is no experiment stays as it is
  await readExperiment(folder);
  const lock = await lockFolder(folder, { what: "training in" });
  try {
    return await runAll(folder, trainer, {
      ...options,
      // asked after every step; two at work would write each other's checkpoints
      stopped: (run) => {
        lock.check();
        return options.stopped?.(run) ?? false;
      },
    });
  } finally {
    lock.release();
  }
}

async function runAll(
  folder: string,
  trainer: Trainer,
  {
    signal,
    progress,
    stopped = () => false,
    pictureBytes = pictureBudget(),
    checkpointMs = fiveMinutes,
    source: elsewhere,
  }: ExperimentOptions,
): Promise<TrainingOutcome> {
  const experiment = await readExperiment(folder);
  const { plan } = experiment;
  const runs = await readRuns(folder, plan);
  const pictures = await readPictures(folder);
  const source = await openSource(elsewhere ?? experiment.source);
  try {
    const job: RunJob = {
      folder,
      experiment,
      trainer,
      data: batchesOf(source, pictures, experiment.plan, pictureBytes),
      validated: partOf(pictures, "validation"),
      tested: partOf(pictures, "test"),
    };
    const teller = new ProgressTeller(experiment.id, runs, plan.epochs, {
      send: progress,
      steps: stepsPerEpoch(job.data),
      batch: job.data.batch,
      validated: job.validated.length,
    });
    const records = [...runs];
    for (const [index, run] of runs.entries()) {
      if (isEnded(run) && !lacksTest(job, run)) continue;
      if (signal.aborted) break;
      const record = await trainRun(job, run, {
        signal,
        checkpointMs,
        stopped: () => stopped(run.id),
        report: (report) => {
          teller.tell(index, report);
        },
      });
      records[index] = record;
      teller.ended(index, record);
    }
    const failed = records.filter(({ state }) => state === "failed").length;
    const ended = records.filter(isEnded).length;
    return {
      state: ended === records.length ? "done" : "paused",
      finished: ended - failed,
      failed,
    };
  } catch (error) {
    throw memoryFault(error, plan.batch);
  } finally {
    await source.close();
  }
}

function batchesOf(
  source: PictureSource,
  pictures: readonly Picture[],
  { batch, size, augmentation }: RunJob["experiment"]["plan"],
  budget: number,
): TrainingBatches {
  const trained = partOf(pictures, "train");
  if (trained.length < 2)
    throw new Fault(
      "damaged-file",
      "The experiment has nothing to learn from.",
    );
  return {
    pixels: new Pixels(source, pictures, { size, budget }),
    pictures,
    trained,
    batch: Math.min(batch, trained.length),
    size,
    augmentation,
  };
}

function partOf(
  pictures: readonly Picture[],
  wanted: Picture["part"],
): number[] {
  return pictures.flatMap(({ part }, i) => (part === wanted ? [i] : []));
}
