/** What the engine host does for the window (engine table) and for main (control table). */
import { randomBytes } from "node:crypto";
import { StepCache } from "../../engine";
import type {
  ControlTable,
  EngineTable,
  Opening,
  Purpose,
} from "../../shared/contract";
import { encodeFault, Fault } from "../../shared/fault";
import type { Handlers } from "../../shared/rpc";
import { openBackend, type Backend } from "./backend";
import { checkPicture } from "./check-picture";
import { downloadsIn } from "./data-folder";
import { examineNetwork } from "./examine-network";
import { exportGallery } from "./export";
import { runGallery } from "./gallery";
import { largestBatch, planGallery } from "./gallery-plan";
import { JobQueue } from "./jobs";
import { labHandlers } from "./lab/handlers";
import { Library } from "./library";
import { checkLibrary } from "./library-check";
import { KnownNetworks } from "./known/known-networks";
import { readLabelsFile } from "./labels-file";
import { checkBatch, memoryBudget } from "./memory";
import { Networks, type NetworksOptions, type OpenedNetwork } from "./networks";
import { recipeHandlers } from "./recipe-handlers";
import { RememberedAnswers } from "./remembered-answers";
import { summaryOf } from "./summary";
import { throttled } from "./throttled";
import { trainingHandlers } from "./training/handlers";

export interface HostOptions {
  /** Opens the backend; tests bring a small one. */
  readonly open?: () => Promise<Backend>;
  /** One line for the log. */
  readonly log?: (line: string) => void;
}

export interface Host {
  readonly engine: Handlers<EngineTable>;
  readonly control: Handlers<ControlTable>;
  /** Stops what runs, keeping its pictures, and settles once it has ended. */
  close(): Promise<void>;
}

interface Setup {
  readonly backend: Promise<Backend>;
  readonly networks: Promise<Networks>;
  readonly known: Promise<KnownNetworks>;
  readonly dataFolder: string;
  library: Promise<Library>;
  libraryFolder: string;
  makeLibrary: boolean;
  memoryLimit: number;
}

/** Compiled steps that wait for the next run; their weights count, what TensorFlow makes of them does not. */
const idleSteps = { idle: 3, idleBytes: 256 * 2 ** 20 };

/** A token is forgotten once so many later ones have come. */
const mostTokens = 1000;

/** Nothing is opened before `configure`, which starts opening the backend at once; calls wait for it. */
export function createHost({
  open = openBackend,
  log = () => undefined,
}: HostOptions = {}): Host {
  const tokens = new Map<string, { path: string; purpose: Purpose }>();
  const jobs = new JobQueue();
  const closing = new AbortController();
  let setup: Setup | null = null;
  let configured: (setup: Setup) => void;
  const ready = new Promise<Setup>((resolve) => (configured = resolve));

  const backend = async () => (await ready).backend;
  const networks = async () => (await ready).networks;
  const known = async () => (await ready).known;
  /** Opened again where it failed: a disk may be back. */
  const library = async () => {
    const made = await ready;
    return (made.library = made.library.catch(() =>
      openLibrary(made.libraryFolder, made.makeLibrary),
    ));
  };

  /** What was chosen for another purpose is as good as not chosen. */
  function pathFor(purpose: Purpose, token: string): string {
    const grant = tokens.get(token);
    if (!grant)
      throw new Fault(
        "invalid-request",
        "This file was chosen too long ago.",
        "Choose it again.",
      );
    if (grant.purpose !== purpose)
      throw new Fault(
        "invalid-request",
        purpose === "write"
          ? "This file was chosen to be read, and is not written to."
          : "This file was chosen to be written, and is not read.",
        "Choose it again.",
      );
    return grant.path;
  }
  const pathOf = (token: string) => pathFor("read", token);

  /** Steps stay compiled from one run to the next. */
  let stepCache: Promise<StepCache> | null = null;
  const steps = () =>
    (stepCache ??= backend().then(
      ({ runtime }) => new StepCache(runtime, idleSteps),
    ));

  /** Those of networks that are no longer in memory, or were opened again with other answers, go. */
  async function letStepsGo(): Promise<void> {
    const held = await networks();
    (await stepCache)?.retain((network) => held.holds(network));
  }

  async function openNetworks(
    known: Promise<KnownNetworks>,
    dataFolder: string,
    options: Pick<NetworksOptions, "bundled" | "memory">,
  ): Promise<Networks> {
    const remembered = await RememberedAnswers.open(dataFolder, log);
    return new Networks({
      ...options,
      remembered,
      known: await known,
      examine: async (network, work) =>
        examineNetwork(network, await backend(), work),
    });
  }

  async function networksOf(refs: readonly string[]) {
    const opened = new Map<string, OpenedNetwork>();
    for (const ref of new Set(refs))
      opened.set(ref, await (await networks()).get(ref));
    return opened;
  }

  const engine: Handlers<EngineTable> = {
    status: async () => (await backend()).status,
    "networks.list": async () =>
      (await (await networks()).list()).map(summaryOf),
    "networks.get": async ({ network }) =>
      (await (await networks()).get(network)).info,
    "networks.open": async ({ token }, context) => {
      const path = pathOf(token);
      const opened = await (await networks()).open(path, workOf(context));
      await letStepsGo();
      return opened.info;
    },
    "networks.answer": async ({ network, answers, guessed }, context) => {
      const all = await networks();
      const work = { ...workOf(context), guessed };
      const answered = await all.answer(network, answers, work);
      await letStepsGo();
      return answered.info;
    },
    "networks.export-answers": async ({ network, overwrite }) =>
      (await networks()).exportAnswers(network, { overwrite }),
    // between two steps of a gallery that runs: a call to the backend is never interrupted
    "networks.check": async ({ network, token }) => {
      const opened = await (await networks()).get(network);
      const { memoryLimit } = await ready;
      checkBatch(opened.network, 1, memoryLimit);
      return checkPicture(opened, pathOf(token), await backend());
    },
    "labels.read": async ({ token }) => ({
      labels: await readLabelsFile(pathOf(token)),
    }),
    "known.list": async () => (await known()).list(),
    "known.download": async ({ id }, context) => {
      const work = workOf(context);
      const path = await (
        await known()
      ).download(id, {
        signal: work.signal,
        progress: (bytes, total) => {
          work.progress("Downloading", bytes, total);
        },
      });
      const { info } = await (await networks()).open(path, work);
      await (await known()).wasOpened(id, info.id);
      return info;
    },
    "known.remove": async ({ id }) => {
      const all = await known();
      await all.remove(id);
      const path = all.pathOfKnown(id);
      if (path !== null) (await networks()).forget(path);
      return {};
    },
    "gallery.run": async (request, context) => {
      const signal = AbortSignal.any([context.signal, closing.signal]);
      const gallery = newGalleryId();
      const task = async () => {
        const opened = await networksOf(request.columns.map((c) => c.network));
        const { memoryLimit } = await ready;
        for (const { network } of opened.values())
          checkBatch(network, largestBatch(request), memoryLimit);
        const used = await backend();
        const record = planGallery(gallery, request, opened, used);
        const shelf = await library();
        const { folder, check } = await shelf.begin(record);
        try {
          return await runGallery(
            {
              record,
              folder,
              check,
              networks: opened,
              backend: used,
              steps: await steps(),
            },
            {
              signal,
              progress: context.progress.bind(context),
              viewer: context,
            },
          );
        } finally {
          await shelf.end(gallery);
          await letStepsGo();
        }
      };
      try {
        const { state, elapsedMs } = await jobs.run(task, { signal });
        return { gallery, state, elapsedMs };
      } catch (error) {
        // cancelled while it waited for its turn
        if (error === signal.reason)
          return { gallery, state: "cancelled", elapsedMs: 0 };
        throw error;
      }
    },
    ...recipeHandlers({
      networks,
      backend,
      dataFolder: async () => (await ready).dataFolder,
      jobs,
      closing: closing.signal,
      log,
    }),
    ...labHandlers({
      networks,
      backend,
      dataFolder: async () => (await ready).dataFolder,
      pathOf,
      jobs,
      closing: closing.signal,
    }),
    ...trainingHandlers({
      backend,
      dataFolder: async () => (await ready).dataFolder,
      memoryLimit: async () => (await ready).memoryLimit,
      pathOf,
      open: async (path, context) =>
        (await (await networks()).open(path, workOf(context))).info,
      jobs,
      closing: closing.signal,
    }),
    "library.list": async () => {
      const { galleries, skipped } = await (await library()).list();
      if (skipped > 0)
        log(`${skipped} folders in the library are no readable galleries`);
      return galleries;
    },
    "library.get": async ({ gallery }) => {
      const stored = await (await library()).get(gallery);
      if (!stored) return null;
      for (const why of stored.damaged)
        log(`left out of ${stored.gallery.id}: ${why}`);
      return { gallery: stored.gallery, runs: [...stored.runs] };
    },
    "library.delete": async ({ gallery }) => {
      await (await library()).delete(gallery);
      return {};
    },
    "library.restore": async ({ gallery }) => {
      await (await library()).restore(gallery);
      return {};
    },
    "library.import": async ({ token }, context) => {
      const report = throttled(context.progress.bind(context));
      const { id, added, damaged } = await (
        await library()
      ).import(pathOf(token), {
        signal: context.signal,
        progress: (done, total) => {
          report({ done, total });
        },
      });
      return { gallery: id, added, left: damaged.length, why: fewOf(damaged) };
    },
    "library.check": async () => {
      const { libraryFolder } = await ready;
      // one that may be made is made by this
      const fault = await library().then(
        () => checkLibrary(libraryFolder),
        (error: unknown) => error,
      );
      return { fault: fault ? encodeFault(fault) : null };
    },
    "library.size": async () => (await library()).size(),
    "library.clear": async () => {
      await (await library()).clear();
      return {};
    },
    picture: async ({ gallery, run, step }) => {
      const picture = await (await library()).picture(gallery, run, step);
      const { bytes, shape } = picture;
      return { reply: { shape: [...shape], step: picture.step }, bytes };
    },
    export: async (request, context) => {
      const { gallery, token, ...rest } = request;
      const outcome = await exportGallery(
        {
          ...rest,
          folder: (await library()).folderOf(gallery),
          out: pathFor("write", token),
        },
        { signal: context.signal, progress: context.progress.bind(context) },
      );
      if (outcome.outcome !== "written") return outcome;
      const { left, ...written } = outcome;
      return { ...written, left: left.length, why: fewOf(left) };
    },
  };

  const control: Handlers<ControlTable> = {
    configure: async (request) => {
      if (setup) {
        setup.memoryLimit = request.memoryLimit;
        if (setup.libraryFolder !== request.libraryFolder) {
          setup.libraryFolder = request.libraryFolder;
          setup.makeLibrary = request.makeLibrary;
          setup.library = openLibrary(
            request.libraryFolder,
            request.makeLibrary,
          );
          // only who chose this one is told; one that was lost before hinders no other setting
          await setup.library;
        }
      } else {
        // TensorFlow reads it once, as it is loaded
        if (request.threads > 0)
          process.env["TF_NUM_INTRAOP_THREADS"] ??= String(request.threads);
        const { bundledFolder: bundled, dataFolder } = request;
        const known = KnownNetworks.open({
          folder: downloadsIn(dataFolder),
          log,
          listFile: process.env["PROXIMA_KNOWN_NETWORKS"],
        });
        const made: Setup = {
          backend: open(),
          known,
          networks: openNetworks(known, dataFolder, {
            bundled,
            memory: () => memoryBudget(made.memoryLimit),
          }),
          library: openLibrary(request.libraryFolder, request.makeLibrary),
          libraryFolder: request.libraryFolder,
          makeLibrary: request.makeLibrary,
          dataFolder,
          memoryLimit: request.memoryLimit,
        };
        setup = made;
        // whoever asks for them gets their error
        made.backend.catch((error: unknown) => {
          log(`the backend could not be opened: ${String(error)}`);
        });
        made.networks.catch((error: unknown) => {
          log(`the list of networks could not be read: ${String(error)}`);
        });
        configured(made);
      }
      return {};
    },
    grant: ({ token, path, purpose }) => {
      tokens.set(token, { path, purpose });
      for (const oldest of tokens.keys()) {
        if (tokens.size <= mostTokens) break;
        tokens.delete(oldest);
      }
      return Promise.resolve({});
    },
  };

  return {
    engine,
    control,
    async close() {
      closing.abort();
      await jobs.idle();
      (await stepCache)?.dispose();
    },
  };
}

function openLibrary(folder: string, make: boolean): Promise<Library> {
  const opening = Library.open(folder, { make });
  // whoever asks for it gets its error
  opening.catch(() => undefined);
  return opening;
}

/** What a job's context is to whoever opens networks; at most ten reports a second. */
function workOf(context: {
  readonly signal: AbortSignal;
  progress(opening: Opening): void;
}) {
  const report = throttled(context.progress.bind(context));
  return {
    signal: context.signal,
    progress: (stage: string, bytes: number, total: number) => {
      report({ stage, bytes, total });
    },
  };
}

/** So many sentences as a reply may hold. */
function fewOf(sentences: readonly string[]): string[] {
  return sentences.slice(0, 5).map((text) => text.slice(0, 1000));
}

/** Names sort by time: 20260131-174501-3f9a. */
function newGalleryId(): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  return `${time.replace("T", "-")}-${randomBytes(2).toString("hex")}`;
}
