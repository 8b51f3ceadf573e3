import { encodeFault, Fault, type FaultData } from "../../shared/fault";
import {
  type Training,
  type TrainingProgress,
  type TrainingRun,
  type TrainingSummary,
} from "../../shared/training";
import { plural } from "../lib/format";
import { flag, text } from "../lib/readers";
import type { Busy } from "./busy";
import type { Engine } from "./engine.svelte";
import type { Networks } from "./networks.svelte";
import type { Notices } from "./notices.svelte";
import type { RememberedChoices } from "./remembered.svelte";
import type { Session } from "./session.svelte";
import { TrainedNetworks } from "./trained-networks.svelte";
import { TrainingDraft } from "./training-draft.svelte";
import type { Undo } from "./undo.svelte";
import type { ViewState } from "./view.svelte";
import type { AppCaller } from "./world";

export interface TrainingServices {
  readonly app: AppCaller;
  readonly engine: Engine;
  readonly networks: Networks;
  readonly session: Session;
  readonly remembered: RememberedChoices;
  readonly notices: Notices;
  readonly undo: Undo;
  readonly view: ViewState;
  readonly busy: Busy;
  /** Whether images climb in Compare: its network stays until they are done. */
  readonly running: () => boolean;
}

const selectedKey = "training:selected";
const openKey = "training:open-best";
/** Training from scratch: the experiments there are, the one that is looked at and the one that runs. */
export class Trainings {
  /** The next one. */
  readonly draft: TrainingDraft;
  /** What came of them. */
  readonly networks: TrainedNetworks;
  list = $state.raw<readonly TrainingSummary[]>([]);
  listed = $state(false);
  /** The experiment that is shown; null: the next one is being laid out. */
  current = $state.raw<Training | null>(null);
  /** The experiment a job is at. */
  running = $state<string | null>(null);
  pausing = $state(false);
  /** Of the job; null before it has said anything. */
  progress = $state.raw<TrainingProgress | null>(null);
  /** What went wrong with the experiment that is shown. */
  fault = $state.raw<FaultData | null>(null);

  /** The best network opens by itself when its experiment is done. */
  openBest = $state(true);

  readonly #services: TrainingServices;
  #abort: AbortController | null = null;
  /** What should be shown; answers to older wishes do not count. */
  #wanted: string | null = null;

  constructor(services: TrainingServices) {
    this.#services = services;
    this.draft = new TrainingDraft(services);
    this.networks = new TrainedNetworks(services);
  }

  /** Takes what was remembered. */
  recall(): void {
    const { remembered } = this.#services;
    this.draft.recall();
    this.#wanted = remembered.get(selectedKey, text);
    this.openBest = remembered.get(openKey, flag) ?? true;
  }

  /** Why nothing can be trained just now, in a sentence; null where it can. */
  get obstacle(): string | null {
    switch (this.#services.engine.state) {
      case "gone":
        return "The engine is not running.";
      case "starting":
        return "The engine is starting.";
      case "ready":
        return null;
    }
  }

  /** Why no trained network can be opened in Compare just now; null where one can. */
  get openObstacle(): string | null {
    if (this.obstacle !== null) return this.obstacle;
    return this.#services.running()
      ? "Images climb in Compare; its network stays until they are done."
      : null;
  }

  /** Whether the experiment that is shown is the one that runs. */
  get isRunning(): boolean {
    return this.current !== null && this.current.id === this.running;
  }

  /** Reads the list, and the experiment that was shown the last time. */
  async load(): Promise<void> {
    if (this.obstacle !== null) return;
    try {
      this.list = await this.#services.engine.client.call("training.list", {});
      this.listed = true;
      // That of an engine that is gone.
      if (this.current === null) this.fault = null;
      const wanted = this.#wanted;
      if (wanted === null || this.isRunning) return;
      if (this.list.some(({ id }) => id === wanted)) await this.select(wanted);
      else if (this.current?.id === wanted) this.layOut();
    } catch (error) {
      this.fault = encodeFault(error);
    }
  }

  async select(id: string): Promise<void> {
    this.#want(id);
    try {
      const found = await this.#services.engine.client.call("training.get", {
        id,
      });
      if (this.#wanted !== id) return;
      this.current = found;
      this.fault = null;
    } catch (error) {
      if (this.#wanted === id) this.fault = encodeFault(error);
    }
  }

  /** Lays out another experiment; that of an experiment is taken over where one is given. */
  layOut(like: Training | null = null): void {
    this.#want(null);
    this.current = null;
    this.fault = null;
    if (like) this.draft.change(like.plan);
  }

  setOpenBest(open: boolean): void {
    this.openBest = open;
    this.#services.remembered.set(openKey, open);
  }

  /** Makes the next experiment and starts it; where pictures had to be left out, that is shown first. */
  async create(): Promise<void> {
    if (this.obstacle !== null) return;
    const wanted = this.#wanted;
    const made = await this.draft.make();
    if (!made) return;
    // Another one may be looked at by now.
    if (this.#wanted === wanted) {
      this.#want(made.id);
      this.current = made;
    }
    try {
      await this.#relist();
    } catch (error) {
      this.#services.notices.error(error);
    }
    if (made.data.leftOut === 0 && this.running === null)
      void this.start(made.id);
  }

  /** Computes the runs that are not finished, from where they were. Resolves when the job has ended. */
  async start(id: string): Promise<void> {
    const { engine, notices, busy } = this.#services;
    if (this.running !== null || this.obstacle !== null) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.running = id;
    this.pausing = false;
    this.progress = null;
    this.fault = null;
    busy.set(
      "training",
      "A network is being trained; it would go on from its last checkpoint.",
    );
    let done = false;
    try {
      const outcome = await engine.client.job(
        "training.run",
        { id },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            this.#follow(progress);
          },
        },
      );
      done = outcome.state === "done";
      notices.say(done ? "The training is done" : "The training is paused");
    } catch (error) {
      if (!abort.signal.aborted || error instanceof Fault) {
        const fault = encodeFault(error);
        if (fault.code === "engine-gone" && engine.state !== "gone")
          engine.lose(fault);
        if (this.current?.id === id) this.fault = fault;
        else notices.error(error);
      }
    }
    this.#abort = null;
    this.running = null;
    this.#rest(id);
    this.pausing = false;
    this.progress = null;
    busy.set("training", null);
    await this.#again(id);
    if (done && this.openBest) await this.#openBestOf(id);
  }

  /** Pauses after the present step; every run goes on from where it is. */
  pause(): void {
    if (this.running === null) return;
    this.pausing = true;
    this.#abort?.abort();
  }

  /** Ends a run early; its best network so far is kept, and the next run begins. */
  async stopRun(run: TrainingRun): Promise<void> {
    const { current } = this;
    if (!current) return;
    try {
      await this.#services.engine.client.call("training.stop-run", {
        id: current.id,
        run: run.id,
      });
      if (!this.isRunning) await this.#again(current.id);
    } catch (error) {
      this.#services.notices.error(error);
    }
  }

  /** Deletes an experiment; can be undone. */
  async remove({ id, data }: TrainingSummary): Promise<void> {
    const { engine, undo, notices } = this.#services;
    const toTrash = async () => {
      await engine.client.call("training.delete", { id });
      if (this.current?.id === id) this.layOut();
      await this.#relist();
    };
    try {
      await toTrash();
      undo.push(
        {
          label: `Deleted the training on ${data}`,
          undo: async () => {
            await engine.client.call("training.restore", { id });
            await this.#relist();
            await this.select(id);
          },
          redo: toTrash,
        },
        true,
      );
    } catch (error) {
      notices.error(error);
    }
  }

  #follow(progress: TrainingProgress): void {
    this.progress = progress;
    if (this.current?.id !== progress.id || progress.changed.length === 0)
      return;
    const changed = new Map(progress.changed.map((run) => [run.id, run]));
    this.current = {
      ...this.current,
      runs: this.current.runs.map((run) => changed.get(run.id) ?? run),
    };
  }

  /** Whatever the job's end was: no run of the experiment is computed any more. */
  #rest(id: string): void {
    if (this.current?.id !== id) return;
    this.current = {
      ...this.current,
      running: false,
      runs: this.current.runs.map((run) =>
        run.state === "running" ? { ...run, state: "paused" } : run,
      ),
    };
  }

  /** Reads the list, and an experiment where it is the one that is shown. */
  async #again(id: string): Promise<void> {
    const { fault } = this;
    if (this.obstacle !== null) return;
    try {
      await this.#relist();
      if (this.current?.id === id) await this.select(id);
    } catch (error) {
      this.#services.notices.error(error);
    }
    this.fault ??= fault;
  }

  async #relist(): Promise<void> {
    this.list = await this.#services.engine.client.call("training.list", {});
  }

  async #openBestOf(id: string): Promise<void> {
    const training =
      this.current?.id === id
        ? this.current
        : await this.#services.engine.client
            .call("training.get", { id })
            .catch(() => null);
    const best = training && bestRun(training.runs);
    if (!best) return;
    if (this.openObstacle === null) {
      await this.networks.open(id, best.id);
      return;
    }
    this.#services.notices.info("The training is done.", {
      topic: `training ${id}`,
      action: {
        label: "Open the best",
        run: () => void this.networks.open(id, best.id),
      },
    });
  }

  #want(id: string | null): void {
    this.#wanted = id;
    this.#services.remembered.set(selectedKey, id ?? "");
  }
}

/**
 * The run whose network is chosen: by its validation part, the test part has no say. The first of equal ones; where
 * nothing was validated, the last that ended. Null where none has ended.
 */
export function bestRun(runs: readonly TrainingRun[]): TrainingRun | null {
  const ended = runs.filter(
    (run) => (run.state === "done" || run.state === "stopped") && run.best,
  );
  const accuracy = (run: TrainingRun) => run.best?.validation?.accuracy;
  if (ended.every((run) => accuracy(run) === undefined))
    return ended.at(-1) ?? null;
  return ended.reduce((best, run) =>
    (accuracy(run) ?? -1) > (accuracy(best) ?? -1) ? run : best,
  );
}

/** "2 of 6 runs" */
export function finishedText({ finished, runs }: TrainingSummary): string {
  return finished === runs
    ? plural(runs, "run")
    : `${finished} of ${plural(runs, "run")}`;
}
