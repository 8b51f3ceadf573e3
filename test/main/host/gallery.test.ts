import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { describe, expect, it, vi } from "vitest";
import { startImage, StepCache } from "../../../src/engine";
import { openBackend } from "../../../src/main/host/backend";
import { runGallery } from "../../../src/main/host/gallery";
import type { GalleryOptions } from "../../../src/main/host/gallery-batch";
import { planGallery } from "../../../src/main/host/gallery-plan";
import {
  readGallery,
  readPicture,
  writeGalleryRecord,
} from "../../../src/main/host/gallery-folder";
import { readNpy } from "../../../src/main/host/npy";
import {
  galleryProgressSchema,
  pictureFrameSchema,
  type GalleryProgress,
} from "../../../src/shared/contract";
import type {
  AscentSettings,
  GalleryRequest,
  Method,
  Shard,
} from "../../../src/shared/domain";
import { Fault } from "../../../src/shared/fault";
import { toPicture } from "../../../src/shared/pictures";
import { galleryRecord } from "../../support/records";
import { mixedNetwork } from "../../support/small-networks";
import { temporaryFolders } from "../../support/temporary-folder";
import {
  toyAscend,
  toyBackend,
  toyImage,
  toyOpened,
  type ToyOptions,
} from "../../support/toy";

const temporary = temporaryFolders();
const networks = new Map([["toy", toyOpened]]);

function request(
  targets: readonly number[],
  settings: Partial<AscentSettings> = {},
  methods: readonly Method[] = [
    { kind: "relu" },
    { kind: "proxygrad", slope: 0.1 },
  ],
): GalleryRequest {
  const base = galleryRecord().request;
  return {
    targets: targets.map((index) => ({ kind: "logit", index })),
    columns: methods.map((method) => ({ network: "toy", method })),
    settings: { ...base.settings, steps: 4, keep: 0, ...settings },
    seeds: 1,
    padBatch: true,
  };
}

/** Runs a request with the toy; gives the folder and everything that was told. */
async function run(
  asked: GalleryRequest,
  {
    toy = {},
    shard = null,
    ...options
  }: {
    toy?: ToyOptions;
    shard?: Shard | null;
  } & Partial<GalleryOptions> = {},
) {
  const folder = await temporary();
  const record = planGallery("g", asked, networks, toyBackend, shard);
  await writeGalleryRecord(folder, record);
  const told: GalleryProgress[] = [];
  const outcome = runGallery(
    {
      record,
      folder,
      networks,
      backend: toyBackend,
      ascend: toyAscend(toy),
    },
    {
      signal: new AbortController().signal,
      progress: (progress) => told.push(galleryProgressSchema.parse(progress)),
      ...options,
    },
  );
  return { folder, told, outcome };
}
/** Everything told of a tile, the scores put together. */
function story(told: readonly GalleryProgress[], row: number, column: number) {
  const tiles = told
    .flatMap((progress) => progress.tiles)
    .filter((t) => t.tile.row === row && t.tile.column === column);
  const scores: number[] = [];
  for (const tile of tiles) {
    expect(tile.from).toBe(scores.length);
    scores.push(...tile.scores);
  }
  return { scores, last: tiles.at(-1) };
}

describe("running a gallery", () => {
  it("stores every run with its record, image and kept steps", async () => {
    const { folder, told, outcome } = await run(
      request([3, 7], { steps: 5, keep: 2 }),
    );
    expect(await outcome).toMatchObject({ state: "done", runs: 4, failed: 0 });
    expect((await readdir(folder)).sort()).toEqual([
      "3-1-relu",
      "3-2-proxygrad-0.1",
      "7-1-relu",
      "7-2-proxygrad-0.1",
      "gallery.json",
    ]);
    const { runs } = await readGallery(folder);
    expect(runs[3]).toMatchObject({
      id: "7-2-proxygrad-0.1",
      gallery: "g",
      tile: { row: 1, column: 1 },
      network: { id: "toy", name: "Toy" },
      label: "label 7",
      forwardSlope: 0,
      backwardSlope: 0.1,
      shape: [2, 2, 1],
      state: "done",
      step: 5,
      score: 12,
      trace: [7, 8, 9, 10, 11, 12],
      kept: [2, 4, 5],
      top1: true,
      gradientNorm: 5,
      backend: "a fake",
      versions: { fake: "1" },
    });
    expect(runs[3]?.probability).toBeCloseTo(1 / (1 + 9 * Math.exp(-12)), 12);
    const image = toyImage(7, 1, 5);
    const file = join(folder, "7-2-proxygrad-0.1", "image.npy");
    expect(readNpy(await readFile(file), "").values).toEqual(image);
    const mean = image.reduce((a, b) => a + b) / 4;
    expect(runs[3]?.imageStd).toBeCloseTo(
      Math.sqrt(image.reduce((a, b) => a + (b - mean) ** 2, 0) / 4),
      6,
    );
    for (const step of [2, 4, 5]) {
      const picture = await readPicture(folder, "7-2-proxygrad-0.1", step);
      const { values } = toPicture([2, 2, 1], toyImage(7, 1, step));
      expect(picture.step).toBe(step);
      expect(picture.bytes).toEqual(new Uint8Array(values.buffer));
    }
    expect(story(told, 1, 1)).toMatchObject({
      scores: [7, 8, 9, 10, 11, 12],
      last: { state: "done", step: 5, score: 12, top1: true, record: runs[3] },
    });
  });

  it("tells all scores, image-steps and ends, at most ten times a second", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    try {
      const { told, outcome } = await run(request([1, 2, 3], { steps: 40 }), {
        toy: { before: () => void (now += 10) },
      });
      await outcome;
      // two batches of 41 steps of 10 ms
      expect(told.length).toBeLessThanOrEqual(10);
      expect(told.length).toBeGreaterThanOrEqual(8);
      for (let row = 0; row < 3; row++)
        expect(story(told, row, 0).scores).toEqual(
          Array.from({ length: 41 }, (_, step) => row + 1 + step),
        );
      const last = told.at(-1);
      expect(last).toMatchObject({ imageSteps: 240, imageStepsTotal: 240 });
      // 2 columns x 2 targets a step of 10 ms, then 2 x 1
      expect(told[4]?.rate).toBeCloseTo(400, -1);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it("has a run on disk when its tile says done", async () => {
    const folder = { name: "" };
    const seen: string[][] = [];
    const { folder: made, outcome } = await run(request([1, 2, 3]), {
      progress: ({ tiles }) => {
        for (const { state, record } of tiles)
          if (state === "done" && record) seen.push([record.id]);
      },
    });
    folder.name = made;
    await outcome;
    expect(seen.flat().sort()).toEqual(
      (await readdir(made)).filter((n) => n !== "gallery.json").sort(),
    );
  });

  it("keeps every picture when it is cancelled; waiting tiles stay waiting", async () => {
    const abort = new AbortController();
    const { folder, told, outcome } = await run(
      request([1, 2, 3, 4], { steps: 1000, keep: 2 }),
      {
        signal: abort.signal,
        toy: {
          before: (step) => {
            if (step === 3) abort.abort();
          },
        },
      },
    );
    expect(await outcome).toMatchObject({ state: "cancelled", runs: 4 });
    const { runs } = await readGallery(folder);
    expect(runs.map((r) => [r.id, r.state, r.step, r.kept])).toEqual(
      ["1-1-relu", "1-2-proxygrad-0.1", "2-1-relu", "2-2-proxygrad-0.1"].map(
        (id) => [id, "cancelled", 3, [2, 3]],
      ),
    );
    expect(story(told, 0, 0).last).toMatchObject({
      state: "cancelled",
      step: 3,
    });
    expect(story(told, 2, 0).last).toBeUndefined();
    expect(told.at(-1)).toMatchObject({
      imageSteps: 12,
      imageStepsTotal: 8000 - 4 * 997,
    });
    expect((await readdir(folder)).filter((n) => n.startsWith("."))).toEqual(
      [],
    );
  });

  it("stores a silent run, and tells of a failed one without losing the others", async () => {
    const { folder, told, outcome } = await run(request([1, 2]), {
      toy: {
        fate: (target, column, step) =>
          target === 1 && column === 0 && step === 0
            ? "silent"
            : target === 2 && column === 1 && step === 2
              ? "failed"
              : null,
      },
    });
    expect(await outcome).toMatchObject({ state: "done", runs: 3, failed: 1 });
    const { runs } = await readGallery(folder);
    expect(runs[0]).toMatchObject({
      state: "silent",
      step: 0,
      score: 1,
      trace: [1],
      kept: [0],
      gradientNorm: 0,
    });
    expect(runs.map((r) => r.id)).not.toContain("2-2-proxygrad-0.1");
    expect(story(told, 1, 1)).toMatchObject({
      scores: [2, 3],
      last: { state: "failed", score: null, fault: { code: "internal" } },
    });
    expect(told.at(-1)).toMatchObject({
      imageSteps: 4 + 4 + 2,
      imageStepsTotal: 10,
    });
    expect((await readdir(folder)).filter((n) => n.startsWith("."))).toEqual(
      [],
    );
  });

  it("sends the first and the last frame whatever is wanted, others only on request", async () => {
    const frames: { slot: string; step: number; first: number }[] = [];
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const wanted = vi.fn((slot: string) => slot === "0-0-0");
    try {
      const { outcome } = await run(request([1, 2], { steps: 30 }), {
        toy: { before: () => void (now += 10) },
        viewer: {
          wants: wanted,
          frame: (slot, header, bytes) => {
            pictureFrameSchema.parse(header);
            expect(bytes.length).toBe(8);
            frames.push({
              slot,
              step: header.step,
              first: new DataView(bytes.buffer).getInt16(4, true),
            });
          },
        },
      });
      await outcome;
    } finally {
      vi.restoreAllMocks();
    }
    const steps = (slot: string) =>
      frames.filter((f) => f.slot === slot).map((f) => f.step);
    expect(steps("0-0-0")).toEqual([0, 7, 15, 23, 30]);
    expect(steps("1-1-0")).toEqual([0, 30]);
    // the third value of the toy's image is step / 1000; the first frame is the start that all tiles share
    const { startNoise, seed } = request([1], {}).settings;
    const start = startImage([2, 2, 1], startNoise, seed)[2] ?? NaN;
    for (const { step, first } of frames)
      expect(first).toBe(
        Math.round((step === 0 ? start : step / 1000) * 32767),
      );
  });

  it("computes a shard's whole batches, as the unsharded run would", async () => {
    const asked = request([0, 1, 2, 3, 4]);
    const whole = await run(asked);
    await whole.outcome;
    const found: string[] = [];
    for (const index of [1, 2]) {
      const shard = await run(asked, { shard: { index, count: 2 } });
      await shard.outcome;
      const { runs, gallery } = await readGallery(shard.folder);
      expect(gallery.shard).toEqual({ index, count: 2 });
      expect(gallery.request).toEqual(asked);
      for (const { id, tile } of runs) {
        found.push(id);
        expect(tile.row).toBe(Number(id[0]));
        for (const file of ["image.npy", "image.png", "steps.i16"])
          expect(await readFile(join(shard.folder, id, file))).toEqual(
            await readFile(join(whole.folder, id, file)),
          );
      }
      expect([...new Set(runs.map((r) => r.tile.row))]).toEqual(
        index === 1 ? [0, 1, 4] : [2, 3],
      );
    }
    expect(found).toHaveLength(10);
  });

  it("moves columns of one network together and others after them", async () => {
    const asked = request([1]);
    const both = new Map([
      ...networks,
      ["other", { ...toyOpened, id: "other" }],
    ]);
    const columns = ["toy", "other", "toy"].map((network) => ({
      network,
      method: { kind: "relu" } as const,
    }));
    const folder = await temporary();
    const record = planGallery("g", { ...asked, columns }, both, toyBackend);
    const groups: number[] = [];
    const inner = toyAscend();
    await runGallery(
      {
        record,
        folder,
        networks: both,
        backend: toyBackend,
        ascend: (wanted, options) => {
          groups.push(wanted.methods.length);
          return inner(wanted, options);
        },
      },
      { signal: new AbortController().signal, progress: () => undefined },
    );
    expect(groups).toEqual([2, 1]);
    await writeGalleryRecord(folder, record);
    const { runs } = await readGallery(folder);
    expect(runs.map((r) => [r.id, r.network.id])).toEqual([
      ["1-1-relu", "toy"],
      ["1-2-relu", "other"],
      ["1-3-relu", "toy"],
    ]);
  });

  it("says that the disk gave out, and keeps what is stored", async () => {
    const place = { folder: "" };
    const { folder, told, outcome } = await run(request([1, 2, 3]), {
      toy: {
        // the second batch finds its folder gone
        before: async (step) => {
          if (step === 0 && (await readdir(place.folder)).includes("1-1-relu"))
            await rm(place.folder, { recursive: true });
        },
      },
    });
    place.folder = folder;
    await expect(outcome).rejects.toMatchObject({ code: "export-failed" });
    expect(story(told, 0, 0).last).toMatchObject({ state: "done" });
    expect(story(told, 2, 0).last).toMatchObject({
      state: "failed",
      fault: { code: "export-failed" },
    });
    await mkdir(folder, { recursive: true });
  });

  it("turns a lack of memory into advice and passes on what it does not know", async () => {
    const failing = (message: string) =>
      run(request([1]), {
        toy: {
          before: (step) => {
            if (step === 1) throw new Error(message);
          },
        },
      });
    const oom = await failing("OOM when allocating tensor with shape[8,1]");
    await expect(oom.outcome).rejects.toMatchObject({
      code: "out-of-memory",
      remedy: "Try a batch of 1.",
    });
    expect(story(oom.told, 0, 0).last?.fault?.code).toBe("out-of-memory");
    const bug = await failing("undefined is not a function");
    await expect(bug.outcome).rejects.toThrow("undefined is not a function");
    expect(story(bug.told, 0, 0).last?.fault?.code).toBe("internal");
  });
});

describe("the batches of a gallery", () => {
  /** Runs a request of a network that is computed; what is told apart by tile. */
  async function compute(asked: GalleryRequest, steps?: StepCache) {
    const folder = await temporary();
    const record = planGallery("g", asked, real, await backend);
    await writeGalleryRecord(folder, record);
    const outcome = await runGallery(
      {
        record,
        folder,
        networks: real,
        backend: await backend,
        ...(steps && { steps }),
      },
      { signal: new AbortController().signal, progress: () => undefined },
    );
    return { folder, outcome, runs: (await readGallery(folder)).runs };
  }
  const backend = openBackend();
  const small = mixedNetwork();
  const real = new Map([
    ["toy", { ...toyOpened, network: { ...small, labels: [] } }],
  ]);
  const many = (count: number, changes: Partial<GalleryRequest> = {}) => ({
    ...request(
      Array.from({ length: count }, (_, i) => i),
      { steps: 3, batch: 3, regularization },
      [{ kind: "relu" }],
    ),
    padBatch: false,
    ...changes,
  });
  const regularization = { blur: 0.5, rotate: 10, rotateProbability: 0.5 };
  const images = (folder: string, ids: readonly string[]) =>
    Promise.all(ids.map((id) => readFile(join(folder, id, "image.npy"))));

  it("are balanced, stand in the records, and equal an explicit batch of that size", async () => {
    const balanced = await compute(many(4));
    expect(balanced.runs.map(({ batch }) => batch)).toEqual([2, 2, 2, 2]);
    expect(balanced.runs[0]?.settings.batch).toBe(3);
    const explicit = many(4, { padBatch: true });
    const two = await compute({
      ...explicit,
      settings: { ...explicit.settings, batch: 2 },
    });
    const ids = balanced.runs.map(({ id }) => id);
    expect(await images(balanced.folder, ids)).toEqual(
      await images(two.folder, ids),
    );
  });

  it("are padded where a batch was asked for", async () => {
    const { runs } = await compute(many(4, { padBatch: true }));
    expect(runs.map(({ batch }) => batch)).toEqual([3, 3, 3, 3]);
  });

  it("are computed with one compilation, two where their sizes differ", async () => {
    for (const [count, compiled] of [
      [3, 1],
      [4, 1],
      [5, 2],
    ] as const) {
      const tensors = memory().numTensors;
      const { outcome, runs } = await compute(many(count));
      expect(runs).toHaveLength(count);
      expect(outcome.compiled).toBe(compiled);
      expect(memory().numTensors).toBe(tensors);
    }
  });

  it("need none where a run before left its step", async () => {
    const steps = new StepCache((await backend).runtime, { idle: 1 });
    expect((await compute(many(4), steps)).outcome.compiled).toBe(1);
    expect((await compute(many(2), steps)).outcome.compiled).toBe(0);
    steps.dispose();
  });

  it("mix targets and seeds, row by row, and give each run the bytes of its seed", async () => {
    const asked = many(2, { seeds: 3 });
    const { runs, folder } = await compute(asked);
    expect(runs.map(({ id, seed, tile }) => [id, seed, tile.seed])).toEqual([
      ["0-1-relu-s1", 1, 0],
      ["0-1-relu-s2", 2, 1],
      ["0-1-relu-s3", 3, 2],
      ["1-1-relu-s1", 1, 0],
      ["1-1-relu-s2", 2, 1],
      ["1-1-relu-s3", 3, 2],
    ]);
    for (const seed of [1, 2, 3]) {
      const alone = await compute({
        ...many(2, { padBatch: true }),
        settings: { ...asked.settings, seed },
      });
      expect(
        await images(folder, [`0-1-relu-s${seed}`, `1-1-relu-s${seed}`]),
      ).toEqual(await images(alone.folder, ["0-1-relu", "1-1-relu"]));
    }
  });
});

describe("planning a gallery", () => {
  const plan = (asked: GalleryRequest) => () =>
    planGallery("g", asked, networks, toyBackend);

  it("labels the rows", () => {
    expect(plan(request([7, 3]))().labels).toEqual(["label 7", "label 3"]);
  });

  it.each([
    ["a class the network does not have", request([10]), "has no class 10"],
    [
      "more runs than a gallery holds",
      {
        ...request(Array.from({ length: 9 }, (_, i) => i)),
        seeds: 10_000,
      },
      "are 180000 runs",
    ],
    ["a class twice", request([1, 2, 1]), "class 1 is asked for twice"],
    [
      "a precision the backend lacks",
      request([1], { precision: "bfloat16" }),
      "bfloat16 is not available on a fake",
    ],
  ])("refuses %s", (_, asked, said) => {
    expect(plan(asked)).toThrow(Fault);
    expect(plan(asked)).toThrow(said);
  });

  it("refuses a network that is not open", () => {
    const asked = request([1]);
    const columns = [{ network: "none", method: { kind: "relu" } as const }];
    expect(plan({ ...asked, columns })).toThrow(
      expect.objectContaining({ code: "unknown-network" }),
    );
  });
});
