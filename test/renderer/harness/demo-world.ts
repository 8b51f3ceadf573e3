import labels from "../../../resources/networks/caltech101-resnet18/labels.json";
import type {
  AppEvent,
  EngineTable,
  GalleryProgress,
  Settings,
  TileProgress,
} from "../../../src/shared/contract";
import type {
  EngineStatus,
  GalleryRequest,
  RunRecord,
} from "../../../src/shared/domain";
import { Fault } from "../../../src/shared/fault";
import { slopesOf } from "../../../src/shared/method";
import type { Client } from "../../../src/shared/rpc";
import type { World } from "../../../src/renderer/state/world";
import { bundled, extreme, guessed, inert, thousand } from "./demo-networks";
import { DemoOpening } from "./demo-opening";
import { demoPicture, demoScore, random } from "./demo-pictures";

/** What the page's address asks for: ?silent&gone&fallback... */
export interface DemoOptions {
  readonly network: "resnet" | "large" | "none" | "inert" | "extreme" | "guess";
  /** What opening any file gives: a network that is guessed at, one that is not, or a refusal. */
  readonly opens: "guess" | "sure" | "extreme" | "refused";
  /** A recent network that is not at its place. */
  readonly lost: boolean;
  readonly fallback: boolean;
  readonly silent: boolean;
  readonly failing: boolean;
  readonly slow: boolean;
  readonly theme: Settings["theme"];
}

const status: EngineStatus = {
  backend: "tensorflow",
  title: "Native TensorFlow 2.21 · CPU",
  device: "CPU, 2 cores",
  reason: null,
  precisions: ["float32", "bfloat16"],
  threads: 2,
  versions: { tensorflow: "2.21.0", node: "20.20.0" },
};

export interface Demo {
  readonly world: World;
  /** As if the host had been killed. */
  kill(): void;
  emit(event: AppEvent): void;
}

export function demoWorld(options: DemoOptions): Demo {
  const networks = {
    resnet: [bundled],
    large: [thousand],
    inert: [inert],
    extreme: [extreme],
    guess: [bundled, guessed],
    none: [],
  }[options.network];
  const opening = new DemoOpening(networks, {
    opens: {
      guess: guessed,
      sure: thousand,
      extreme,
      refused: null,
    }[options.opens],
    slow: options.slow,
  });
  const draw = random(5);
  let settings: Settings = {
    version: 1,
    theme: options.theme,
    threads: 0,
    memoryLimit: 0,
    precision: "float32",
    libraryFolder: null,
  };
  const events = new Set<(event: AppEvent) => void>();
  const hosts = new Set<(client: Client<EngineTable>) => void>();
  const stored = new Map<
    string,
    { request: GalleryRequest; runs: RunRecord[] }
  >();
  let kills = new AbortController();

  function emit(event: AppEvent): void {
    for (const listener of events) listener(event);
  }

  function remembered(): Record<string, unknown> {
    const parsed: unknown = JSON.parse(
      sessionStorage.getItem("remembered") ?? "{}",
    );
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  }

  async function app(name: string, request: object): Promise<unknown> {
    await Promise.resolve();
    switch (name) {
      case "settings":
        return settings;
      case "settings.change":
        settings = { ...settings, ...request };
        return settings;
      case "remembered":
        return remembered();
      case "remembered.change":
        sessionStorage.setItem(
          "remembered",
          JSON.stringify({ ...remembered(), ...request }),
        );
        return {};
      case "choose.network":
        return { token: "0".repeat(36), name: "resnet50-birds.pth" };
      case "choose.file":
        return {
          token: "0".repeat(36),
          name:
            "what" in request && request.what === "labels"
              ? "birds.txt"
              : "IMG_20260314_101502_northern-cardinal-on-a-snowy-branch.jpg",
        };
      case "networks.opened":
        return { was: "new" };
      case "networks.recent":
        return options.lost
          ? [
              {
                token: "1".repeat(36),
                network: "lost-1",
                name: "densenet121-fundus-photographs-2026-03-14.onnx",
                present: false,
              },
              {
                token: "2".repeat(36),
                network: "there-1",
                name: "vgg11-bn",
                present: true,
              },
            ]
          : [];
      case "choose.gallery":
        return null;
      case "choose.export":
        return { token: "0".repeat(36), name: "gallery.html" };
      case "engine.restart":
        setTimeout(() => {
          for (const listener of hosts) listener(client());
        }, 300);
        return {};
      case "about":
        return { version: "0.1.0", electron: "25.1.1", warning: null };
      default:
        return {};
    }
  }

  function client(): Client<EngineTable> {
    kills = new AbortController();
    const dead = kills.signal;
    const gone = () =>
      new Fault(
        "engine-gone",
        "The engine has stopped.",
        "Start it again; finished pictures are kept.",
      );

    async function call(
      name: string,
      request: Record<string, unknown>,
    ): Promise<unknown> {
      await Promise.resolve();
      if (dead.aborted) throw gone();
      switch (name) {
        case "status":
          return options.fallback
            ? {
                ...status,
                backend: "wasm",
                title: "WebAssembly · slow fallback",
                reason:
                  "Native TensorFlow is not installed. Run npm start once with Python 3 and a C++ compiler present.",
                precisions: ["float32"],
              }
            : status;
        case "networks.list":
          return networks;
        case "networks.get":
          return networks.find((n) => n.id === request["network"]);
        case "library.get": {
          const asked = request["gallery"];
          const id =
            typeof asked === "string" ? asked : [...stored.keys()].at(-1);
          const found = stored.get(id ?? "");
          if (!found) return null;
          return {
            gallery: {
              format: "proxima-gallery",
              version: 3,
              id,
              createdAt: "2026-01-01T00:00:00Z",
              request: found.request,
              networks: null,
              labels: found.request.targets.map((t) => labels[t.index] ?? ""),
              shard: null,
            },
            runs: found.runs,
          };
        }
        case "library.list":
          return [...stored].map(([id, { request: r, runs }]) => ({
            id,
            createdAt: "2026-01-01T00:00:00Z",
            network: bundled.name,
            labels: r.targets.map((t) => labels[t.index] ?? ""),
            methods: r.columns.map((c) => c.method.kind),
            runs: runs.length,
            bytes: runs.length * 400_000,
          }));
        case "library.check":
          return { fault: null };
        case "library.size":
          return { bytes: 12_000_000, galleries: stored.size, runs: 24 };
        default:
          return opening.call(name, request) ?? {};
      }
    }

    async function picture(request: Record<string, unknown>) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      if (dead.aborted) throw gone();
      const found = stored.get(String(request["gallery"]));
      const run = found?.runs.find((r) => r.id === request["run"]);
      if (!run) throw new Fault("invalid-request", "There is no such run.");
      const step = Number(request["step"]);
      const share = step / run.settings.steps;
      const made = demoPicture(
        run.target.index,
        run.method,
        run.settings.seed,
        share,
        run.shape[0],
      );
      return {
        reply: { shape: made.shape, step },
        bytes: new Uint8Array(made.values.buffer),
      };
    }

    async function job(
      name: string,
      request: Record<string, unknown>,
      jobOptions: {
        signal?: AbortSignal;
        onProgress?: (progress: unknown) => void;
        onFrame?: (header: unknown, bytes: Uint8Array) => unknown;
      } = {},
    ): Promise<unknown> {
      if (name.startsWith("networks.") || name.startsWith("known."))
        return await opening.job(name, request, jobOptions);
      if (name !== "gallery.run") return { outcome: "cancelled" };
      // The request is the run panel's; the real host would validate it.
      const wanted = request as unknown as GalleryRequest;
      return await run(wanted, jobOptions, dead, gone);
    }

    // The demo answers by name; the typed client would only restate the contract.
    return {
      call,
      callBytes: (name: string, request: Record<string, unknown>) =>
        name === "networks.check"
          ? opening.check(String(request["network"]))
          : picture(request),
      job,
      close: () => undefined,
    } as unknown as Client<EngineTable>;
  }

  async function run(
    wanted: GalleryRequest,
    jobOptions: {
      signal?: AbortSignal;
      onProgress?: (progress: GalleryProgress) => void;
      onFrame?: (header: unknown, bytes: Uint8Array) => unknown;
    },
    dead: AbortSignal,
    gone: () => Fault,
  ): Promise<unknown> {
    const id = `gallery-${stored.size + 1}`;
    const { steps, batch, keep, seed } = wanted.settings;
    const size =
      networks.find((n) => n.id === wanted.columns[0]?.network)?.input.height ??
      128;
    const began = performance.now();
    const runs: RunRecord[] = [];
    stored.set(id, { request: wanted, runs });
    const total = wanted.targets.length * wanted.columns.length * steps;
    let done = 0;
    const busy = new Map<string, Promise<unknown>>();
    for (let first = 0; first < wanted.targets.length; first += batch) {
      const rows = wanted.targets
        .map((target, row) => ({ target, row }))
        .slice(first, first + batch);
      const per = options.slow ? 2 : 10;
      for (let step = 0; ; step = Math.min(steps, step + per)) {
        if (dead.aborted) throw gone();
        const cancelled = jobOptions.signal?.aborted === true;
        const tiles: TileProgress[] = [];
        for (const { target, row } of rows)
          for (const [column, { method }] of wanted.columns.entries()) {
            const quiet =
              options.silent && row === 1 && slopesOf(method).backward === 0;
            const broken = options.failing && row === 2 && column === 1;
            const at = quiet ? 0 : step;
            if ((quiet || broken) && step > 0) continue;
            const state = quiet
              ? "silent"
              : broken
                ? "failed"
                : cancelled
                  ? "cancelled"
                  : step >= steps
                    ? "done"
                    : "running";
            const from = Math.max(0, at - per + 1);
            const scores = quiet
              ? [0]
              : Array.from({ length: at - from + 1 }, (_, i) =>
                  demoScore(target.index, method, from + i),
                );
            const made = demoPicture(
              target.index,
              method,
              seed,
              at / steps,
              size,
            );
            let record: RunRecord | null = null;
            if (state !== "running" && state !== "failed") {
              record = recordOf(id, wanted, row, column, at, state, size);
              runs.push(record);
            }
            tiles.push({
              tile: { row, column, seed: 0 },
              state,
              step: at,
              score: scores.at(-1) ?? 0,
              top1: at > 30,
              from,
              scores,
              record,
              fault: broken
                ? {
                    code: "not-finite",
                    message: "The gradient became NaN at step 3.",
                    remedy: "Try a smaller step size, or float32.",
                  }
                : null,
            });
            const slot = `${row}/${column}`;
            if (!busy.has(slot)) {
              const painted = Promise.resolve(
                jobOptions.onFrame?.(
                  {
                    tile: { row, column, seed: 0 },
                    step: at,
                    shape: made.shape,
                  },
                  new Uint8Array(made.values.buffer),
                ),
              ).then(() => busy.delete(slot));
              busy.set(slot, painted);
            }
          }
        done += per * rows.length * wanted.columns.length;
        const elapsedMs = performance.now() - began;
        jobOptions.onProgress?.({
          gallery: id,
          imageSteps: Math.min(done, total),
          imageStepsTotal: total,
          rate: elapsedMs > 300 ? (done / elapsedMs) * 1000 : null,
          elapsedMs,
          tiles,
        });
        await new Promise((r) => setTimeout(r, 60));
        if (cancelled) return { gallery: id, state: "cancelled", elapsedMs };
        if (step >= steps) break;
      }
    }
    void keep;
    return {
      gallery: id,
      state: "done",
      elapsedMs: performance.now() - began,
    };
  }

  function recordOf(
    gallery: string,
    wanted: GalleryRequest,
    row: number,
    column: number,
    step: number,
    state: RunRecord["state"],
    size: number,
  ): RunRecord {
    const method = wanted.columns[column]?.method ?? { kind: "relu" };
    const target = wanted.targets[row] ?? { kind: "logit", index: 0 };
    const slopes = slopesOf(method);
    const trace = Array.from({ length: step + 1 }, (_, k) =>
      demoScore(target.index, method, k),
    );
    const every = wanted.settings.keep;
    const kept = Array.from({ length: step + 1 }, (_, k) => k).filter(
      (k) => k === step || (every > 0 && k % every === 0),
    );
    const network = [bundled, thousand, inert].find(
      (n) => n.id === wanted.columns[column]?.network,
    );
    const name = (i: number) => network?.labels[i % 101] ?? "";
    return {
      format: "proxima-run",
      version: 2,
      id: `run-${row}-${column}`,
      gallery,
      tile: { row, column, seed: 0 },
      createdAt: "2026-01-01T00:00:00Z",
      network: {
        id: wanted.columns[column]?.network ?? "",
        name: network?.name ?? "",
        hash: network?.hash ?? "",
        licence: "Apache-2.0",
        identity: null,
        assumptions: null,
        output: null,
      },
      head: "softmax",
      seed: wanted.settings.seed,
      batch: wanted.settings.batch,
      tail: null,
      target,
      label: network?.labels[target.index] ?? "",
      method,
      forwardSlope: slopes.forward,
      backwardSlope: slopes.backward,
      settings: wanted.settings,
      shape: [size, size, 3],
      state,
      step,
      score: trace.at(-1) ?? 0,
      trace,
      kept,
      top1: step > 30,
      probability: 0.971,
      top5: [
        {
          index: target.index,
          label: network?.labels[target.index] ?? "",
          logit: 20,
          probability: 0.971,
        },
        { index: 3, label: name(3), logit: 14, probability: 0.021 },
        { index: 9, label: name(9), logit: 12, probability: 0.005 },
        { index: 22, label: name(22), logit: 9, probability: 0.002 },
        { index: 41, label: name(41), logit: 7, probability: 0.0004 },
      ],
      gradientNorm: state === "silent" ? 0 : 0.0132,
      imageStd: 0.0521,
      backend: "demo",
      versions: {},
      elapsedMs: 4200,
    };
  }

  const world: World = {
    // As with the client: answered by name.
    app: { call: app } as unknown as World["app"],
    onEvent(listener) {
      events.add(listener);
      return () => events.delete(listener);
    },
    onEngine(listener) {
      hosts.add(listener);
      setTimeout(() => {
        listener(client());
      }, 0);
      return () => hosts.delete(listener);
    },
    tokensOf: (files) =>
      Promise.resolve(
        files.map((file) => ({
          token: "0".repeat(36),
          name: file.name,
          kind: "network" as const,
        })),
      ),
    random: draw,
    mac: false,
  };
  return {
    world,
    emit,
    kill() {
      kills.abort();
      emit({
        kind: "engine-gone",
        message: "The engine stopped unexpectedly.",
        remedy: "",
      });
    },
  };
}
