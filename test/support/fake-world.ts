import { createHash } from "node:crypto";
import type { DroppedFile, World } from "../../src/renderer/state/world";
import {
  engine as engineTable,
  type AppEvent,
  type AppTable,
  type EngineTable,
  type KnownNetwork,
  type Remembered,
  type Reply,
  type Settings,
  type TileProgress,
} from "../../src/shared/contract";
import type {
  Answers,
  ClassScore,
  EngineStatus,
  GalleryRecord,
  GalleryRequest,
  GuessedParts,
  ImportReport,
  NetworkInfo,
  RunRecord,
} from "../../src/shared/domain";
import type { NetworkRecipe } from "../../src/shared/recipe";
import { Fault, type FaultData } from "../../src/shared/fault";
import { portPair } from "../../src/shared/port";
import {
  connect,
  serve,
  type Client,
  type Handlers,
  type JobContext,
} from "../../src/shared/rpc";
import { galleryRecord } from "./records";

type RunContext = JobContext<EngineTable["gallery.run"]>;

/** A run that the test drives step by step. */
export class DrivenRun {
  readonly request: GalleryRequest;
  readonly context: RunContext;
  readonly id: string;
  readonly ended: Promise<{
    gallery: string;
    state: "done" | "cancelled";
    elapsedMs: number;
  }>;
  #end: (state: "done" | "cancelled") => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(id: string, request: GalleryRequest, context: RunContext) {
    this.id = id;
    this.request = request;
    this.context = context;
    this.ended = new Promise((resolve, reject) => {
      this.#end = (state) => {
        resolve({ gallery: id, state, elapsedMs: 1000 });
      };
      this.#fail = reject;
    });
  }

  progress(...tiles: (Partial<TileProgress> & Pick<TileProgress, "tile">)[]) {
    this.context.progress({
      gallery: this.id,
      imageSteps: 10,
      imageStepsTotal: 100,
      rate: 50,
      elapsedMs: 200,
      tiles: tiles.map((tile) => ({
        state: "running",
        step: 0,
        score: null,
        top1: null,
        from: 0,
        scores: [],
        record: null,
        fault: null,
        ...tile,
      })),
    });
  }

  /** A grey frame of 2 x 2. */
  frame(row: number, column: number, step: number): void {
    this.context.frame(
      `${row} ${column}`,
      { tile: { row, column, seed: 0 }, step, shape: [2, 2, 1] },
      new Uint8Array(new Int16Array([step, 0, 0, 0]).buffer),
    );
  }

  end(state: "done" | "cancelled" = "done"): void {
    this.#end(state);
  }

  fail(error: unknown): void {
    this.#fail(error);
  }
}

/** A report in which the file says everything. */
export function importReport(
  changes: Partial<ImportReport> = {},
): ImportReport {
  const answers: Answers = {
    size: null,
    preprocessing: null,
    labels: { kind: "none" },
    assumptions: {},
    output: null,
    head: null,
  };
  const from = { size: "file", preprocessing: "file", labels: "file" } as const;
  return {
    producer: "test",
    layers: 4,
    fixedSize: [2, 2],
    stripped: [],
    answers,
    assumptions: [],
    outputs: [],
    headFrom: "file",
    sources: [],
    offer: null,
    from,
    because: "",
    suggested: { answers, from },
    ...changes,
  };
}

export function networkInfo(changes: Partial<NetworkInfo> = {}): NetworkInfo {
  const { settings } = galleryRecord().request;
  const hash = changes.hash ?? "ab".repeat(32);
  return {
    id: "toy",
    name: "Toy",
    format: "test",
    hash,
    identity: identityOf(hash, importReport().answers),
    bundled: true,
    input: { height: 2, width: 2, channels: 1 },
    preprocessing: null,
    classes: 20,
    head: "softmax",
    parameters: 100,
    operations: {},
    rectifiers: 2,
    activations: 2,
    maximises: "class logit",
    warnings: [],
    source: "",
    licence: "",
    report: importReport(),
    defaults: { ...settings, backwardSlope: 0.2 },
    defaultsFrom: "card",
    labels: Array.from({ length: 20 }, (_, i) => `class-${i}`),
    ...changes,
  };
}

const status: EngineStatus = {
  backend: "cpu",
  title: "Test",
  device: "none",
  reason: null,
  precisions: ["float32"],
  threads: 1,
  versions: {},
};

export interface FakeOptions {
  readonly networks?: readonly NetworkInfo[];
  readonly remembered?: Remembered;
  readonly last?: { gallery: GalleryRecord; runs: RunRecord[] };
  /** What `networks.open` gives. */
  readonly opened?: NetworkInfo | Fault;
  /** Networks opened before the start. */
  readonly recent?: Reply<AppTable["networks.recent"]>;
  /** What `library.import` gives; of a reply the parts that matter. */
  readonly imported?: Partial<Reply<EngineTable["library.import"]>> | Fault;
  readonly dropped?: readonly DroppedFile[];
  /** What `networks.answer` does; without it every answer is taken. */
  readonly answer?: (
    network: NetworkInfo,
    answers: Answers,
    signal: AbortSignal,
  ) => Promise<NetworkInfo>;
  /** What a network sees in every picture. */
  readonly seen?: ((network: NetworkInfo) => ClassScore[]) | Fault;
  /** The names in every file of names. */
  readonly labels?: readonly string[] | Fault;
  readonly known?: readonly KnownNetwork[];
  /** What a download does; `bytes` is how much of it has come by then. */
  readonly download?: (
    id: string,
    context: { signal: AbortSignal; progress: (bytes: number) => void },
  ) => Promise<NetworkInfo>;
  /** What choosing a file or a network gives; null: thought better of it. */
  readonly chosen?: { readonly token: string; readonly name: string } | null;
  /** The Lab's rows; without them nothing was computed, and a run computes nothing. */
  readonly lab?: Partial<
    Pick<Handlers<EngineTable>, "lab.stored" | "lab.run" | "lab.picture">
  >;
  /** Training's rows; without them there is no experiment, and none can be made. */
  readonly training?: Partial<Pick<Handlers<EngineTable>, TrainingRow>>;
  /** What is known of the network's recipe; without it the card's. */
  readonly recipe?: NetworkRecipe | ((network: NetworkInfo) => NetworkRecipe);
  /** What measuring does; without it nothing is found. */
  readonly measure?: (context: {
    signal: AbortSignal;
    progress: (progress: { done: number; total: number }) => void;
  }) => Promise<NetworkRecipe>;
  /** What stands in the way of the library. */
  readonly library?: () => FaultData | null;
  /** What main says of a network that was opened. */
  readonly was?: Reply<AppTable["networks.opened"]>["was"];
}

type TrainingRow = Extract<keyof EngineTable, `training.${string}`>;

function noTraining(): Promise<never> {
  const message = "There is no such experiment.";
  return Promise.reject(new Fault("damaged-file", message));
}

/** Another one for every hash and every answer but names. */
function identityOf(hash: string, { labels: _, ...answers }: Answers): string {
  return createHash("sha256")
    .update(JSON.stringify([hash, answers]))
    .digest("hex");
}

/** A network with other answers, as the host would give it. */
export function answered(
  network: NetworkInfo,
  answers: Answers,
  guessed: GuessedParts = [],
): NetworkInfo {
  const { size, labels } = answers;
  const [height, width] = size ?? [network.input.height, network.input.width];
  return {
    ...network,
    identity: identityOf(network.hash, answers),
    input: { ...network.input, height, width },
    preprocessing: answers.preprocessing,
    labels: Array.from(
      { length: network.classes },
      (_, index) =>
        (labels.kind === "list" ? labels.labels[index] : null) ??
        `class ${index}`,
    ),
    report: {
      ...network.report,
      answers,
      from: {
        size: guessed.includes("size") ? "guess" : "answer",
        preprocessing: guessed.includes("preprocessing") ? "guess" : "answer",
        labels: guessed.includes("labels") ? "guess" : "answer",
      },
    },
  };
}

function cardRecipe(
  networks: readonly NetworkInfo[],
  id: string,
): NetworkRecipe {
  const { steps, stepSize, regularization } = (
    networks.find((network) => network.id === id) ?? networkInfo()
  ).defaults;
  return {
    ...{ steps, stepSize, ...regularization },
    from: "card",
    measurable: false,
    because: "",
  };
}

/** Main and the host as the window meets them: the real contract over a port in memory, answers by the test. */
export function fakeWorld(options: FakeOptions = {}) {
  const networks = [...(options.networks ?? [networkInfo()])];
  const runs: DrivenRun[] = [];
  const calls: { name: string; request: unknown }[] = [];
  const pictures: unknown[] = [];
  const imported: string[] = [];
  const answers: Answers[] = [];
  const checks: string[] = [];
  const exported: boolean[] = [];
  const measured: string[] = [];
  let known = [...(options.known ?? [])];
  const hosts = new Set<(client: Client<EngineTable>) => void>();
  const events = new Set<(event: AppEvent) => void>();
  let remembered = options.remembered ?? {};
  let settings: Settings = {
    version: 1,
    theme: "system",
    threads: 0,
    memoryLimit: 0,
    precision: "float32",
    libraryFolder: null,
  };
  let close: () => void = () => undefined;

  const handlers: Handlers<EngineTable> = {
    status: () => Promise.resolve(status),
    "networks.list": () =>
      Promise.resolve(networks.map(({ labels: _, ...summary }) => summary)),
    "networks.get": ({ network }) => {
      const found = networks.find((n) => n.id === network);
      return found
        ? Promise.resolve(found)
        : Promise.reject(new Fault("unknown-network", "There is none."));
    },
    "networks.open": (_, { progress }) => {
      progress({ stage: "Reading", bytes: 1, total: 2 });
      const { opened } = options;
      if (!opened || opened instanceof Fault)
        return Promise.reject(
          opened ?? new Fault("damaged-file", "It is damaged.", "Mend it."),
        );
      networks.push(opened);
      return Promise.resolve(opened);
    },
    "networks.answer": async (
      { network, answers: given, guessed },
      context,
    ) => {
      const at = networks.findIndex((n) => n.id === network);
      const found = networks[at];
      if (!found) throw new Fault("unknown-network", "There is none.");
      answers.push(given);
      const give =
        options.answer ?? ((n, a) => Promise.resolve(answered(n, a, guessed)));
      const next = await give(found, given, context.signal);
      networks[at] = next;
      return next;
    },
    "networks.export-answers": ({ overwrite }) => {
      const outcome: "written" | "exists" =
        exported.length > 0 && !overwrite ? "exists" : "written";
      if (outcome === "written") exported.push(overwrite);
      return Promise.resolve({ outcome, file: "net.onnx.proxima.json" });
    },
    "networks.check": ({ network, token }) => {
      const found = networks.find((n) => n.id === network);
      if (!found || options.seen instanceof Fault)
        return Promise.reject(
          options.seen instanceof Fault
            ? options.seen
            : new Fault("unknown-network", "There is none."),
        );
      checks.push(token);
      const { height, width, channels } = found.input;
      return Promise.resolve({
        reply: {
          top5: options.seen?.(found) ?? [],
          shape: [height, width, channels],
        },
        bytes: new Uint8Array(height * width * channels * 2),
      });
    },
    "networks.recipe": ({ network }) => {
      const { recipe } = options;
      const found = networks.find(({ id }) => id === network) ?? networkInfo();
      return Promise.resolve(
        typeof recipe === "function"
          ? recipe(found)
          : (recipe ?? cardRecipe(networks, network)),
      );
    },
    "networks.calibrate": ({ network }, { signal, progress }) => {
      measured.push(network);
      return (
        options.measure?.({ signal, progress }) ??
        Promise.resolve(cardRecipe(networks, network))
      );
    },
    "labels.read": () =>
      options.labels instanceof Fault
        ? Promise.reject(options.labels)
        : Promise.resolve({ labels: [...(options.labels ?? [])] }),
    "known.list": () => Promise.resolve([...known]),
    "known.download": async ({ id }, { signal, progress }) => {
      const entry = known.find((k) => k.id === id);
      if (!entry || !options.download)
        throw new Fault("invalid-request", "There is none.");
      let present = entry.present;
      const change = (changes: Partial<KnownNetwork>) => {
        known = known.map((k) => (k.id === id ? { ...k, ...changes } : k));
      };
      const network = await options.download(id, {
        signal,
        progress: (bytes) => {
          present = bytes;
          change({ present });
          progress({ stage: "Downloading", bytes, total: entry.bytes });
        },
      });
      change({ present: entry.bytes, complete: true, network: network.id });
      networks.push(network);
      return network;
    },
    "known.remove": ({ id }) => {
      known = known.map((k) =>
        k.id === id ? { ...k, present: 0, complete: false, network: null } : k,
      );
      return Promise.resolve({});
    },
    "gallery.run": (request, context) => {
      const run = new DrivenRun(`run-${runs.length + 1}`, request, context);
      runs.push(run);
      return run.ended;
    },
    "lab.stored": () => Promise.resolve({ rows: [], missing: 1, summary: {} }),
    "lab.run": () =>
      Promise.resolve({
        rows: [],
        missing: 1,
        summary: {},
        state: "cancelled",
      }),
    "lab.picture": () => Promise.resolve(null),
    ...options.lab,
    "training.look": noTraining,
    "training.create": noTraining,
    "training.run": noTraining,
    "training.list": () => Promise.resolve([]),
    "training.get": noTraining,
    "training.stop-run": noTraining,
    "training.delete": noTraining,
    "training.restore": noTraining,
    "training.open": noTraining,
    ...options.training,
    "library.list": () => Promise.resolve([]),
    "library.get": ({ gallery }) =>
      Promise.resolve(
        gallery === null || gallery === options.last?.gallery.id
          ? (options.last ?? null)
          : null,
      ),
    "library.delete": () => Promise.resolve({}),
    "library.restore": () => Promise.resolve({}),
    "library.import": ({ token }) => {
      imported.push(token);
      return options.imported instanceof Fault
        ? Promise.reject(options.imported)
        : Promise.resolve({
            gallery: options.last?.gallery.id ?? "first",
            added: true,
            left: 0,
            why: [],
            ...options.imported,
          });
    },
    "library.check": () =>
      Promise.resolve({ fault: options.library?.() ?? null }),
    "library.size": () => Promise.resolve({ bytes: 0, galleries: 0, runs: 0 }),
    "library.clear": () => Promise.resolve({}),
    picture: (request) => {
      pictures.push(request);
      return Promise.resolve({
        reply: { shape: [2, 2, 1], step: request.step },
        bytes: new Uint8Array(new Int16Array([request.step, 0, 0, 0]).buffer),
      });
    },
    export: () => Promise.resolve({ outcome: "cancelled" }),
  };

  function startHost(): void {
    const [near, far] = portPair();
    serve(far, engineTable, handlers);
    close = () => {
      far.close();
    };
    const client = connect(near, engineTable);
    for (const listener of hosts) listener(client);
  }

  function answer(name: string, request: object): unknown {
    calls.push({ name, request });
    switch (name) {
      case "settings":
      case "choose.library":
        return settings;
      case "settings.change":
        settings = { ...settings, ...request };
        return settings;
      case "remembered":
        return remembered;
      case "remembered.change":
        remembered = { ...remembered, ...request };
        return {};
      case "choose.network":
      case "choose.file":
        return options.chosen === undefined
          ? { token: "00000000-0000-0000-0000-000000000001", name: "net" }
          : options.chosen;
      case "networks.opened":
        return { was: options.was ?? "new" };
      case "networks.recent":
        return options.recent ?? [];
      case "choose.gallery":
        return { token: "00000000-0000-0000-0000-000000000002", name: "copy" };
      case "engine.restart":
        startHost();
        return {};
      default:
        return {};
    }
  }

  const world: World = {
    app: {
      // Answered by name; the pairing of name and reply is the table's.
      call: (name, request) => Promise.resolve(answer(name, request)) as never,
    },
    onEvent(listener) {
      events.add(listener);
      return () => events.delete(listener);
    },
    onEngine(listener) {
      hosts.add(listener);
      startHost();
      return () => hosts.delete(listener);
    },
    tokensOf: () => Promise.resolve([...(options.dropped ?? [])]),
    random: () => 0.5,
    mac: false,
  };
  return {
    world,
    runs,
    /** Commands main got. */
    calls,
    /** Requests for pictures the host got. */
    pictures,
    /** Tokens of galleries taken into the library. */
    imported,
    /** Answers the host was asked to try. */
    answers,
    /** Tokens of pictures that networks were shown. */
    checks,
    /** For each time the answers were written: whether something was replaced. */
    exported,
    /** Networks the host was asked to measure. */
    measured,
    remembered: () => remembered,
    emit(event: AppEvent) {
      for (const listener of events) listener(event);
    },
    /** A host that is started again does not know it. */
    forget(id: string) {
      const at = networks.findIndex((network) => network.id === id);
      if (at >= 0) networks.splice(at, 1);
    },
    kill() {
      close();
    },
  };
}
