/** The experiments of the app's own folder. */
import { join } from "node:path";
import { idSchema } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import {
  isEnded,
  type Training,
  type TrainingOutcome,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingSummary,
} from "../../../shared/training";
import { exists, folderSize } from "../folder";
import { checkFree } from "../folder-lock";
import { sweepLockedParts } from "../part-folder";
import { Trash } from "../trash";
import { removeCheckpoints } from "./checkpoint";
import { createExperiment, type CreateOptions } from "./create";
import {
  bestFolder,
  experimentNames,
  newId,
  readRuns,
  readExperiment,
  readTraining,
  writeRun,
} from "./experiment-folder";
import { runExperiment } from "./run-experiment";
import type { Trainer } from "./trainer";

/** A job that is at an experiment or waits for its turn. */
interface Live {
  /** The run that is computed. */
  run: string | null;
  /** Runs that are to end with what they have. */
  readonly stopped: Set<string>;
}

export class Trainings {
  readonly #folder: string;
  readonly #trash: Trash;
  readonly #live = new Map<string, Live>();
  #swept = false;

  /** Nothing is read or made before it is asked for. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#trash = new Trash(folder);
  }

  /** The latest first; folders that are no experiment, or of another version, are left out and left alone. */
  async list(): Promise<TrainingSummary[]> {
    await this.#sweep();
    const found: TrainingSummary[] = [];
    for (const id of await experimentNames(this.#folder)) {
      const summary = await this.#summary(id).catch(() => null);
      if (summary) found.push(summary);
    }
    return found.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** Throws a Fault `damaged-file` for one that is not there or cannot be read. */
  async get(id: string): Promise<Training> {
    const live = this.#live.get(id);
    const training = await readTraining(this.#folderOf(id), live !== undefined);
    const runs = training.runs.map((run) =>
      run.id === live?.run ? { ...run, state: "running" as const } : run,
    );
    return { ...training, id, runs };
  }

  async create(
    wanted: {
      readonly source: string;
      readonly plan: TrainingPlan;
      readonly tested: readonly string[] | null;
      readonly versions: Readonly<Record<string, string>>;
    },
    options: CreateOptions,
  ): Promise<Training> {
    await this.#sweep();
    const id = newId();
    await createExperiment(this.#folderOf(id), { id, ...wanted }, options);
    return this.get(id);
  }

  /** `turn` waits for the job's turn; the experiment counts as running meanwhile. */
  async run(
    id: string,
    turn: (task: () => Promise<TrainingOutcome>) => Promise<TrainingOutcome>,
    trainer: () => Promise<Trainer>,
    options: {
      readonly signal: AbortSignal;
      readonly progress: (progress: TrainingProgress) => void;
      /** Bytes that decoded pictures may keep. */
      readonly pictureBytes?: number;
    },
  ): Promise<TrainingOutcome> {
    const folder = this.#folderOf(id);
    await readExperiment(folder);
    if (this.#live.has(id))
      throw new Fault("invalid-request", "This experiment is running already.");
    const live: Live = { run: null, stopped: new Set() };
    this.#live.set(id, live);
    try {
      return await turn(async () =>
        runExperiment(folder, await trainer(), {
          ...options,
          stopped: (run) => live.stopped.has(run),
          progress: (progress) => {
            live.run = progress.run;
            // the folder's name counts: it may be a copy
            options.progress({ ...progress, id });
          },
        }),
      );
    } finally {
      this.#live.delete(id);
    }
  }

  /** Ends a run with the best it has; one that is computed ends after the present step. */
  async stopRun(id: string, runId: string): Promise<void> {
    const folder = this.#folderOf(id);
    const { plan } = await readExperiment(folder);
    const run = (await readRuns(folder, plan)).find((r) => r.id === runId);
    if (!run) throw noRun(runId);
    if (isEnded(run)) return;
    const live = this.#live.get(id);
    if (live) {
      live.stopped.add(runId);
      return;
    }
    await writeRun(folder, { ...run, state: "stopped" });
    // nobody goes on from it any more
    await removeCheckpoints(join(folder, runId));
  }

  /** The folder of a run's trained network. Throws a Fault `invalid-request` where there is none yet. */
  async bestOf(id: string, runId: string): Promise<string> {
    const folder = this.#folderOf(id);
    const { plan } = await readExperiment(folder);
    const runs = await readRuns(folder, plan);
    if (!runs.some((run) => run.id === runId)) throw noRun(runId);
    const best = join(folder, runId, bestFolder);
    if (await exists(best)) return best;
    throw new Fault(
      "invalid-request",
      "This run has no trained network yet.",
      "There is one after its first epoch.",
    );
  }

  /** Moves an experiment to the trash, from where `restore` fetches it. */
  async delete(id: string): Promise<void> {
    const folder = this.#folderOf(id);
    if (this.#live.has(id))
      throw new Fault(
        "invalid-request",
        "This experiment is running.",
        "Pause it first.",
      );
    await readExperiment(folder);
    await checkFree(folder, { what: "training in" });
    await this.#trash.take(id);
  }

  async restore(id: string): Promise<void> {
    this.#folderOf(id);
    await this.#trash.giveBack(id, {
      gone: "This experiment is no longer in the trash.",
      present: "An experiment of this name is there already.",
    });
  }

  async #summary(id: string): Promise<TrainingSummary> {
    const folder = this.#folderOf(id);
    const { createdAt, plan, data } = await readExperiment(folder);
    const runs = await readRuns(folder, plan);
    return {
      id,
      createdAt,
      data: data.name,
      network: plan.network,
      classes: data.classes.length,
      runs: runs.length,
      finished: runs.filter(isEnded).length,
      running: this.#live.has(id),
      bytes: await folderSize(folder),
    };
  }

  #folderOf(id: string): string {
    if (!idSchema.safeParse(id).success)
      throw new Fault("invalid-request", `"${id}" cannot name an experiment.`);
    return join(this.#folder, id);
  }

  /** Once: what killed processes left under construction, and what is long in the trash. */
  async #sweep(): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    await sweepLockedParts(this.#folder);
    await this.#trash.letGo();
  }
}

function noRun(id: string): Fault {
  return new Fault("invalid-request", `The experiment has no run "${id}".`);
}
