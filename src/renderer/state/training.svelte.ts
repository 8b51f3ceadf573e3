import type { NetworkInfo } from "../../shared/domain";
import { encodeFault, Fault, type FaultData } from "../../shared/fault";
import {
  defaultTrainingPlan,
  isEnded,
  trainingPlanSchema,
  type Training,
  type TrainingLook,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingRun,
  type TrainingSummary,
} from "../../shared/training";
import { plural } from "../lib/format";
import { sentenceOf } from "../../shared/lab/settings";
import { fields, flag, listOf, text } from "../lib/readers";
import type { Busy } from "./busy";
import type { Engine } from "./engine.svelte";
import type { Networks } from "./networks.svelte";
import type { Notices } from "./notices.svelte";
import type { RememberedChoices } from "./remembered.svelte";
import type { Session } from "./session.svelte";
import type { Undo } from "./undo.svelte";
import type { ViewState } from "./view.svelte";
import type { AppCaller, ChosenFile } from "./world";

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
}

const planKey = "training:plan";
const selectedKey = "training:selected";
const openKey = "training:open-best";
const openedKey = "training:opened";

/** Which run a network that was opened is of. */
interface Opened {
  readonly network: string;
  readonly id: string;
  readonly run: string;
}
const mostOpened = 50;
const readOpened = listOf(
  fields<Opened>({ network: text, id: text, run: text }),
);

/** What is to be trained next: data and plan, before an experiment is made of them. */
interface Data {
  readonly chosen: ChosenFile;
  readonly look: TrainingLook;
}

/** Training from scratch: the experiments there are, the one that is looked at, the one that runs, and the next one. */
export class Trainings {
  list = $state.raw<readonly TrainingSummary[]>([]);
  listed = $state(false);
  /** The experiment that is shown; null: the next one is being laid out. */
  current = $state.raw<Training | null>(null);
  /** The experiment a job is at. */
  running = $state<string | null>(null);
  pausing = $state(false);
  /** Of the job; null before it has said anything. */
  progress = $state.raw<TrainingProgress | null>(null);
  /** What went wrong with the data, the plan or a run of the experiment that is shown. */
  fault = $state.raw<FaultData | null>(null);

  plan = $state.raw<TrainingPlan>(defaultTrainingPlan);
  data = $state.raw<Data | null>(null);
  looking = $state(false);
  /** Names of the test part, in place of a share. */
  test = $state.raw<ChosenFile | null>(null);
  /** Pictures looked at while an experiment is made. */
  preparing = $state.raw<{ done: number; total: number } | null>(null);
  /** The best network opens by itself when its experiment is done. */
  openBest = $state(false);

  readonly #services: TrainingServices;
  #abort: AbortController | null = null;
  #prepare: AbortController | null = null;
  /** What should be shown; answers to older wishes do not count. */
  #wanted: string | null = null;

  constructor(services: TrainingServices) {
    this.#services = services;
  }

  /** Takes what was remembered. */
  recall(): void {
    const { remembered } = this.#services;
    this.plan =
      remembered.get(planKey, (value) => {
        const parsed = trainingPlanSchema.safeParse(value);
        return parsed.success ? parsed.data : null;
      }) ?? this.plan;
    this.#wanted = remembered.get(selectedKey, text);
    this.openBest = remembered.get(openKey, flag) ?? false;
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

  /** Whether the experiment that is shown is the one that runs. */
  get isRunning(): boolean {
    return this.current !== null && this.current.id === this.running;
  }

  /** Whether the experiment that is shown has runs left to compute. */
  get unfinished(): boolean {
    return this.current?.runs.some((run) => !isEnded(run)) ?? false;
  }

  /** Reads the list, and the experiment that was shown the last time. */
  async load(): Promise<void> {
    if (this.obstacle !== null) return;
    try {
      this.list = await this.#services.engine.client.call("training.list", {});
      this.listed = true;
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
    if (like) this.change(like.plan);
  }

  async chooseFolder(): Promise<void> {
    const { app, notices } = this.#services;
    try {
      const chosen = await app.call("choose.folder", { what: "training" });
      if (chosen) await this.use(chosen);
    } catch (error) {
      notices.error(error);
    }
  }

  async chooseFile(what: "archive" | "test-names"): Promise<void> {
    const { app, notices } = this.#services;
    try {
      const chosen = await app.call("choose.file", { what });
      if (chosen && what === "archive") await this.use(chosen);
      else if (chosen) this.test = chosen;
    } catch (error) {
      notices.error(error);
    }
  }

  /** Looks at a folder of class folders, or an archive of it. */
  async use(chosen: ChosenFile): Promise<void> {
    if (this.looking || this.preparing) return;
    this.fault = null;
    this.data = null;
    this.looking = true;
    try {
      const look = await this.#services.engine.client.call("training.look", {
        token: chosen.token,
      });
      this.data = { chosen, look };
    } catch (error) {
      this.fault = encodeFault(error);
    } finally {
      this.looking = false;
    }
  }

  /** Changes the plan of the next experiment. Returns what is wrong, in which case it stays; null where all is well. */
  change(part: Partial<TrainingPlan>): string | null {
    const parsed = trainingPlanSchema.safeParse({ ...this.plan, ...part });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return issue ? sentenceOf(issue) : "This is not valid.";
    }
    this.plan = parsed.data;
    this.#services.remembered.set(planKey, parsed.data);
    return null;
  }

  setOpenBest(open: boolean): void {
    this.openBest = open;
    this.#services.remembered.set(openKey, open);
  }

  /** Makes the experiment and starts it; where pictures had to be left out, that is shown first. */
  async create(): Promise<void> {
    const { data } = this;
    if (!data || this.preparing || this.obstacle !== null) return;
    const abort = new AbortController();
    this.#prepare = abort;
    this.fault = null;
    this.preparing = { done: 0, total: 0 };
    try {
      const made = await this.#services.engine.client.job(
        "training.create",
        {
          token: data.chosen.token,
          plan: this.plan,
          test: this.test?.token ?? null,
        },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            this.preparing = progress;
          },
        },
      );
      this.#want(made.id);
      this.current = made;
      await this.#relist();
      if (made.data.leftOut === 0 && this.running === null)
        void this.start(made.id);
    } catch (error) {
      if (!abort.signal.aborted) this.fault = encodeFault(error);
    } finally {
      this.#prepare = null;
      this.preparing = null;
    }
  }

  cancelCreate(): void {
    this.#prepare?.abort();
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

  /** Opens the best network of a run in Compare. */
  async open(id: string, run: string): Promise<void> {
    const { engine, networks, session, view, notices } = this.#services;
    try {
      const network = await engine.client.job("training.open", { id, run });
      await networks.refresh();
      this.#rememberOpened({ network: network.id, id, run });
      session.adoptNetwork(network);
      view.workspace = "compare";
      notices.say(`Opened ${network.name}`);
    } catch (error) {
      notices.error(error);
    }
  }

  /** Opens a network again that was opened from here; null: it was not, or cannot be had any more. */
  async reach(network: string): Promise<NetworkInfo | null> {
    const { engine, remembered } = this.#services;
    const opened = remembered.get(openedKey, readOpened) ?? [];
    const found = opened.find((one) => one.network === network);
    if (!found) return null;
    const { id, run } = found;
    return engine.client.job("training.open", { id, run }).catch(() => null);
  }

  /** The latest first. */
  #rememberOpened(opened: Opened): void {
    const { remembered } = this.#services;
    const before = remembered.get(openedKey, readOpened) ?? [];
    const others = before.filter(({ network }) => network !== opened.network);
    remembered.set(
      openedKey,
      [{ ...opened }, ...others.map((one) => ({ ...one }))].slice(
        0,
        mostOpened,
      ),
    );
  }

  /** Deletes an experiment; can be undone. */
  async remove({ id, data }: TrainingSummary): Promise<void> {
    const { engine, undo, notices } = this.#services;
    try {
      await engine.client.call("training.delete", { id });
      if (this.current?.id === id) this.layOut();
      await this.#relist();
      undo.push(
        {
          label: `Deleted the training on ${data}`,
          undo: async () => {
            await engine.client.call("training.restore", { id });
            await this.#relist();
            await this.select(id);
          },
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
    if (best) await this.open(id, best.id);
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
