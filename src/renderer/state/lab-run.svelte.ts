import type {
  EngineTable,
  LabProgress,
  LabRowData,
  Reply,
  Request,
} from "../../shared/contract";
import { encodeFault, Fault, type FaultData } from "../../shared/fault";
import {
  experimentSpecs,
  worksOnNetwork,
  type ExperimentId,
  type LabRow,
  type LabSettings,
  type LabSummary,
} from "../../shared/lab";
import type { NetworkInfo } from "../../shared/domain";
import type { Picture } from "../../shared/pictures";
import { plural } from "../lib/format";
import { problemOf, recallSettings } from "../../shared/lab/settings";
import type { Busy } from "./busy";
import type { Engine } from "./engine.svelte";
import { laterThan, wholes, withRows, type LabEntry } from "./lab-entries";
import { isPictureOf, LabPictures, type LabPicture } from "./lab-pictures";
import type { Networks } from "./networks.svelte";
import type { Notices } from "./notices.svelte";
import { readPicture } from "./pictures.svelte";
import type { RememberedChoices } from "./remembered.svelte";
import type { AppCaller, ChosenFile } from "./world";

export interface LabServices {
  readonly app: AppCaller;
  readonly engine: Engine;
  readonly networks: Networks;
  readonly remembered: RememberedChoices;
  readonly notices: Notices;
  readonly busy: Busy;
  /** Resolves when what has come is on the screen. */
  painted(): Promise<void>;
}

/**
 * idle: nothing is computed just now; see `missing` for whether something is left. done: the last run computed all
 * there is. failed: see `fault`; what was finished is kept.
 */
export type LabState = "idle" | "running" | "stopping" | "done" | "failed";

/** Part of a work: 0..total in the experiment's own unit. */
type Work = Omit<LabProgress, "rows">;
type LabRequest = Request<EngineTable["lab.stored"]>;

/** Changes in a row are one look at what is there. */
const settleMs = 200;
/** While it runs, order and summary are looked up at most this often. */
const lookMs = 1000;

/** An experiment of the Lab as the window knows it: its settings, what is there for them, and its run. */
export class LabRun<K extends ExperimentId> {
  readonly experiment: K;
  settings: LabSettings<K>;
  /** What is computed for these settings on `subject`; in the order of the table once a run has ended. */
  rows = $state.raw<readonly LabEntry<K>[]>([]);
  /** Cells these settings ask for that are not computed yet; null before it is known. */
  missing = $state<number | null>(null);
  summary = $state.raw<LabSummary<K> | null>(null);
  state = $state<LabState>("idle");
  /** Null: nothing runs, or it waits for its turn. */
  progress = $state.raw<Work | null>(null);
  /** Why the run failed, or why these settings cannot be run. */
  fault = $state.raw<FaultData | null>(null);
  /** The network the rows are of, which need not be open any more. */
  subject = $state.raw<NetworkInfo | null>(null);
  /** Cells whose pictures came during this run, and the step each is at. */
  live = $state.raw<ReadonlyMap<string, number>>(new Map());
  /** A folder of pictures, for experiments that take one. */
  images = $state.raw<ChosenFile | null>(null);

  readonly #services: LabServices;
  #abort: AbortController | null = null;
  /** Counts the looks: only the newest one's answer counts. */
  #look = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** What the rows are of, as far as it is asked for. */
  #asked: string | null = null;
  /** Whether the rows are of these settings and of the network: a look has been answered since they changed. */
  #looked = false;
  readonly #pictures: LabPictures;

  constructor(experiment: K, services: LabServices) {
    this.experiment = experiment;
    this.#services = services;
    this.settings = $state.raw(recallSettings(experiment, null));
    this.#pictures = new LabPictures({
      read: (key) => this.picture(key),
      failed: (error) => {
        services.notices.error(error, { topic: "lab picture" });
      },
    });
  }

  get spec() {
    return experimentSpecs[this.experiment];
  }

  get busy(): boolean {
    return this.state === "running" || this.state === "stopping";
  }

  /** Rows that are whole. */
  get finished(): number {
    return wholes(this.rows).length;
  }

  /** Cells these settings ask for; null before it is known. */
  get cells(): number | null {
    return this.missing === null ? null : this.finished + this.missing;
  }

  /** Why nothing can be run just now, in a sentence; null where it can. */
  get obstacle(): string | null {
    const { engine, networks } = this.#services;
    if (engine.state === "gone") return "The engine is not running.";
    if (engine.state === "starting") return "The engine is starting.";
    if (!this.#asksForNetwork) return null;
    const { current } = networks;
    if (!current)
      return this.spec.network === "needed" ? "No network is open." : null;
    return networks.knows(current.id)
      ? null
      : "The network is being opened again.";
  }

  /** Whether the experiment needs a network and there is none. */
  get homeless(): boolean {
    return (
      this.spec.network === "needed" && this.#services.networks.current === null
    );
  }

  /** The network that the rows, and what is asked for, are about; while none is looked at, the one that is open. */
  get network(): NetworkInfo | null {
    const { current } = this.#services.networks;
    const { subject } = this;
    // The open one may have got other class names since.
    return subject && subject.id !== current?.id ? subject : current;
  }

  /** Takes the settings of the last time; what this version does not understand is as at first. */
  recall(): void {
    const { remembered } = this.#services;
    const key = rememberedKey(this.experiment);
    this.settings =
      remembered.get(key, (value) => recallSettings(this.experiment, value)) ??
      this.settings;
  }

  /**
   * Changes some settings and looks up what is there for them. Returns what is wrong with them, in which case
   * they stay as they were; null where all is well.
   */
  change(part: Partial<LabSettings<K>>): string | null {
    if (this.busy) return "Stop the run first.";
    const next = { ...this.settings, ...part };
    const problem = problemOf(this.experiment, next);
    if (problem !== null) return problem;
    this.settings = next;
    this.#services.remembered.set(rememberedKey(this.experiment), next);
    this.#settle();
    return null;
  }

  /** Asks for a folder of pictures; null takes it back. */
  useImages(chosen: ChosenFile | null): void {
    if (this.busy) return;
    this.images = chosen;
    this.#settle();
  }

  async chooseImages(): Promise<void> {
    const { app, notices } = this.#services;
    try {
      const chosen = await app.call("choose.folder", { what: "pictures" });
      if (chosen) this.useImages(chosen);
    } catch (error) {
      notices.error(error);
    }
  }

  /** For an effect of the page: looks again whenever an engine has come or another network is open. */
  follow(): void {
    const { engine } = this.#services;
    // What decides the rows besides the settings, which look for themselves.
    const about =
      engine.state === "ready" && this.obstacle === null
        ? JSON.stringify([this.#network()?.id, this.#network()?.identity])
        : `not now: ${String(this.homeless)}`;
    if (this.busy || about === this.#asked) return;
    this.#asked = about;
    this.#looked = false;
    if (this.obstacle === null) void this.look();
    else if (this.homeless) this.#clear();
  }

  /** Reads what is there for these settings, without computing anything. */
  async look(): Promise<void> {
    this.#unsettle();
    if (this.obstacle !== null) return;
    const turn = ++this.#look;
    const subject = this.busy ? this.subject : this.#network();
    try {
      const stored = await this.#services.engine.client.call(
        "lab.stored",
        this.#request(),
      );
      if (turn !== this.#look) return;
      this.#about(subject);
      this.#take(stored);
      // A failed run's fault stays until something is changed or run.
      if (this.state !== "failed") this.fault = null;
    } catch (error) {
      if (turn !== this.#look || this.busy) return;
      this.#clear();
      // Where the engine was lost meanwhile, the next one is asked.
      this.#asked = null;
      this.fault = encodeFault(error);
    }
  }

  /** Computes what is missing; `fresh`: also what is there. Resolves when it has ended, however it ended. */
  async start({ fresh = false } = {}): Promise<void> {
    const { engine, notices, busy } = this.#services;
    if (this.busy) return;
    if (this.obstacle !== null) {
      notices.info(this.obstacle);
      return;
    }
    this.#unsettle();
    this.#look++;
    const abort = new AbortController();
    this.#abort = abort;
    const network = this.#network();
    if (
      network?.id !== this.subject?.id ||
      network?.identity !== this.subject?.identity
    )
      this.#looked = false;
    this.#about(network);
    this.state = "running";
    this.progress = null;
    this.fault = null;
    this.live = new Map();
    // one that takes a moment is begun again in a moment: nobody is asked before the window closes
    if (experimentSpecs[this.experiment].heavy)
      busy.set(
        `lab ${this.experiment}`,
        "An experiment of the Lab is running.",
      );
    try {
      if (!this.#looked) {
        // The rows there are belong to other settings or to another network.
        this.#empty();
        await this.look();
        abort.signal.throwIfAborted();
      }
      if (fresh) {
        const { cells } = this;
        this.#empty();
        this.missing = cells;
        this.#pictures.clear();
      }
      const result = await engine.client.job(
        "lab.run",
        { ...this.#request(), fresh },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            this.#progress(progress, fresh);
          },
          onFrame: ({ key, shape, step }, bytes) => {
            const shown = this.#pictures.show(key, {
              step,
              picture: readPicture(shape, bytes),
            });
            this.live = new Map(this.live).set(key, step);
            return shown ? this.#services.painted() : undefined;
          },
        },
      );
      this.#look++;
      this.#take(result);
      this.state = result.state === "done" ? "done" : "idle";
    } catch (error) {
      this.#look++;
      if (abort.signal.aborted && !(error instanceof Fault))
        this.state = "idle";
      else {
        this.state = "failed";
        this.fault = encodeFault(error);
        if (this.fault.code === "engine-gone" && engine.state !== "gone")
          engine.lose(this.fault);
      }
    }
    this.#abort = null;
    this.progress = null;
    this.#unsettle();
    busy.set(`lab ${this.experiment}`, null);
    notices.say(
      this.state === "failed"
        ? "The experiment has failed. What is finished is kept."
        : `The experiment has ended, ${plural(this.missing ?? 0, "cell")} left`,
    );
    // Another network may have been opened meanwhile.
    this.#asked = null;
    this.follow();
  }

  /** Stops the run; rows that are finished are kept. */
  stop(): void {
    if (this.state !== "running") return;
    this.state = "stopping";
    this.#abort?.abort();
  }

  /**
   * Tells every picture of a cell to `listener`: the one there is, at once or once it is read, and live ones.
   * Returns its off.
   */
  watch(key: string, listener: (picture: LabPicture) => void): () => void {
    const off = this.#pictures.watch(key, listener);
    if (
      !this.#pictures.has(key) &&
      this.obstacle === null &&
      this.rows.some((entry) => isPictureOf(entry.key, key))
    )
      void this.#pictures.fetch(key);
    return off;
  }

  /** The picture kept with a row; null where none is. Rejects with a Fault. */
  async picture(key: string): Promise<Picture | null> {
    const { reply, bytes } = await this.#services.engine.client.callBytes(
      "lab.picture",
      { ...this.#request(), network: this.subject?.id ?? null, key },
    );
    return reply && readPicture(reply.shape, bytes);
  }

  #progress({ rows, ...work }: LabProgress, fresh: boolean): void {
    this.progress = work;
    if (rows.length === 0) return;
    const cells = this.cells;
    this.rows = withRows(
      this.rows,
      rows.map((entry) => this.#entry(entry)),
    );
    if (cells !== null) this.missing = Math.max(0, cells - this.finished);
    // In a fresh run the rows of before are still there: a look would bring them back.
    if (!fresh)
      this.#timer ??= setTimeout(() => {
        void this.look();
      }, lookMs);
  }

  #take({ rows, missing, summary }: Reply<EngineTable["lab.stored"]>): void {
    const found = rows.map((entry) => this.#entry(entry));
    // Rows may have come since the look was answered.
    const later = this.busy ? laterThan(this.rows, found) : [];
    this.rows = withRows(found, later);
    this.missing = Math.max(0, missing - wholes(later).length);
    this.#looked = true;
    // The host's experiment wrote it by the schema of this spec.
    this.summary = summary as LabSummary<K>;
  }

  /** The host's experiment wrote the row by the schema of this spec, and its store read it back by that. */
  #entry({ key, row, partial }: LabRowData): LabEntry<K> {
    return { key, row: row as LabRow<K>, ...(partial && { partial }) };
  }

  #clear(): void {
    this.#look++;
    this.#empty();
    this.#looked = false;
    this.subject = null;
    this.fault = null;
  }

  #empty(): void {
    this.rows = [];
    this.missing = null;
    this.summary = null;
  }

  get #asksForNetwork(): boolean {
    return worksOnNetwork(this.spec, this.settings);
  }

  /** What the rows are of; the pictures of another network's cells are no longer theirs. */
  #about(subject: NetworkInfo | null): void {
    if (subject?.id !== this.subject?.id) this.#pictures.clear();
    this.subject = subject;
  }

  #network() {
    return this.#asksForNetwork ? this.#services.networks.current : null;
  }

  #request(): LabRequest {
    return {
      experiment: this.experiment,
      // Another network may be open by now than the one that is at work.
      network: (this.busy ? this.subject : this.#network())?.id ?? null,
      settings: this.settings,
      images: this.images?.token ?? null,
    };
  }

  #settle(): void {
    this.#unsettle();
    this.#look++;
    this.#looked = false;
    this.state = "idle";
    this.fault = null;
    this.#timer = setTimeout(() => {
      void this.look();
    }, settleMs);
  }

  #unsettle(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function rememberedKey(experiment: ExperimentId): string {
  return `lab:${experiment}`;
}
