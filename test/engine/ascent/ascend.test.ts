import { memory } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  ascend,
  StepCache,
  type NativeRuntime,
  type TileUpdate,
} from "../../../src/engine";
import type { AscentRequest } from "../../../src/engine";
import { startImage } from "../../../src/engine/ascent/start";
import { node } from "../../../src/engine/network/op";
import { dense } from "../../../src/engine/network/ops/dense";
import { flatten } from "../../../src/engine/network/ops/reshape";
import { openBackend } from "../../../src/main/host/backend";
import type { AscentSettings, Target } from "../../../src/shared/domain";
import {
  mixedNetwork,
  network,
  relu,
  weight,
} from "../../support/small-networks";
import { norm } from "../../support/vectors";

let native: NativeRuntime | null = null;
beforeAll(async () => {
  native = (await openBackend()).runtime;
});
afterEach(() => {
  expect(memory().numTensors).toBe(0);
});

const defaults: AscentSettings = {
  steps: 20,
  stepSize: 0.5,
  startNoise: 0.2,
  seed: 3,
  regularization: { blur: 0, rotate: 0, rotateProbability: 0.3 },
  batch: 4,
  precision: "float32",
  keep: 0,
};

function logits(...indices: number[]): Target[] {
  return indices.map((index) => ({ kind: "logit", index }));
}

function request(extra: Partial<AscentRequest> = {}): AscentRequest {
  return {
    network: mixedNetwork(),
    targets: logits(0, 3),
    methods: [
      { kind: "relu" },
      { kind: "leaky", slope: 0.2 },
      { kind: "proxygrad", slope: 0.2 },
    ],
    settings: defaults,
    runtime: native,
    ...extra,
  };
}

interface Kept extends Omit<TileUpdate, "logits" | "image"> {
  readonly logits: Float32Array;
  readonly image: Float32Array;
}

/** Runs to the end and keeps every update, in order, of every tile. */
async function run(
  asked: AscentRequest,
  options: { signal?: AbortSignal; each?: (step: number) => void } = {},
): Promise<Map<string, Kept[]>> {
  const tiles = new Map<string, Kept[]>();
  const signal = options.signal ?? new AbortController().signal;
  for await (const updates of ascend(asked, { signal })) {
    for (const update of updates) {
      const key = `${update.row} ${update.column}`;
      const kept = {
        ...update,
        logits: update.logits().slice(),
        image: update.image().slice(),
      };
      tiles.set(key, [...(tiles.get(key) ?? []), kept]);
    }
    options.each?.(updates[0]?.step ?? 0);
  }
  return tiles;
}

describe("ascend", () => {
  it("climbs, yields every step of a tile once, and ends every tile once", async () => {
    const tiles = await run(request());
    expect(tiles.size).toBe(6);
    for (const updates of tiles.values()) {
      expect(updates.map((u) => u.step)).toEqual(
        Array.from({ length: 21 }, (_, i) => i),
      );
      expect(updates.map((u) => u.state)).toEqual([
        ...Array<string>(20).fill("running"),
        "done",
      ]);
      const [first, last] = [updates[0], updates[20]];
      expect(last?.score).toBeGreaterThan((first?.score ?? 0) + 0.5);
      expect(last?.gradientNorm).toBeNull();
    }
  });

  it("starts all targets and methods from the one start of the seed", async () => {
    const tiles = await run(request());
    const start = startImage([17, 15, 3], 0.2, 3);
    for (const [update] of tiles.values()) expect(update?.image).toEqual(start);
  });

  it("scores the image it shows, in the original network: a run of no steps from there agrees", async () => {
    const tiles = await run(request());
    const { scoreImages } = await import("../../../src/engine");
    for (const updates of tiles.values())
      for (const update of [updates[7], updates[20]]) {
        if (!update) throw new Error("no update");
        const [again] = scoreImages(
          { network: mixedNetwork(), runtime: native },
          [update.image],
        );
        const index = update.row === 0 ? 0 : 3;
        expect(update.score).toBeCloseTo(again?.[index] ?? NaN, 4);
        expect(update.logits[index]).toBe(update.score);
      }
  });

  it("moves by the step size and stays in [-1, 1]", async () => {
    const tiles = await run(
      request({
        settings: { ...defaults, startNoise: 0.01, steps: 3, stepSize: 0.1 },
      }),
    );
    for (const updates of tiles.values())
      for (let k = 0; k < 3; k++) {
        const [a, b] = [updates[k]?.image, updates[k + 1]?.image];
        const moved = a?.map((v, i) => (b?.[i] ?? 0) - v) ?? [];
        expect(norm(moved)).toBeCloseTo(0.1, 5);
      }
    const wild = await run(
      request({ settings: { ...defaults, stepSize: 1000 } }),
    );
    for (const updates of wild.values())
      for (const { image } of updates)
        expect(image.every((v) => v >= -1 && v <= 1)).toBe(true);
  });

  it("gives the same bytes for the same seed and batch, whoever else is in it", async () => {
    const settings = {
      ...defaults,
      regularization: { blur: 0.5, rotate: 10, rotateProbability: 0.5 },
    };
    const all = await run(request({ settings, targets: logits(0, 3, 1) }));
    const again = await run(request({ settings, targets: logits(0, 3, 1) }));
    const alone = await run(
      request({
        settings,
        targets: logits(3),
        methods: [{ kind: "proxygrad", slope: 0.2 }],
      }),
    );
    expect(again).toEqual(all);
    expect(alone.get("0 0")?.at(-1)?.image).toEqual(
      all.get("1 2")?.at(-1)?.image,
    );
    const other = await run(request({ settings: { ...settings, seed: 4 } }));
    expect(other.get("0 0")?.at(-1)?.image).not.toEqual(
      all.get("0 0")?.at(-1)?.image,
    );
  });

  it("ends within a step of a cancel and keeps the picture and its score", async () => {
    const controller = new AbortController();
    const tiles = await run(
      request({ settings: { ...defaults, steps: 1000 } }),
      {
        signal: controller.signal,
        each: (step) => step === 5 && controller.abort(),
      },
    );
    for (const updates of tiles.values()) {
      const last = updates.at(-1);
      expect(last?.state).toBe("cancelled");
      expect([5, 6]).toContain(last?.step);
      expect(last?.score).toBeCloseTo(
        last?.logits[last.row === 0 ? 0 : 3] ?? NaN,
        6,
      );
      expect(last?.image.some((v) => v !== 0)).toBe(true);
    }
  });

  it("honours a cancel that came before: the start, cancelled", async () => {
    const tiles = await run(request(), { signal: AbortSignal.abort() });
    for (const updates of tiles.values())
      expect(updates.map((u) => [u.step, u.state])).toEqual([[0, "cancelled"]]);
  });

  it("gives back everything when the caller stops listening", async () => {
    for await (const updates of ascend(request(), {
      signal: new AbortController().signal,
    }))
      if ((updates[0]?.step ?? 0) === 2) break;
    expect(memory().numTensors).toBe(0);
  });

  it("goes on from images of before as if it had never stopped, to the last bit", async () => {
    const settings = {
      ...defaults,
      regularization: { blur: 0.5, rotate: 10, rotateProbability: 0.5 },
    };
    const whole = await run(request({ settings }));
    const rest = await run(
      request({
        settings,
        resume: {
          step: 7,
          image: (row, column) =>
            // one tile had ended
            row === 1 && column === 2
              ? null
              : (whole.get(`${row} ${column}`)?.[7]?.image ?? null),
        },
      }),
    );
    expect([...rest.keys()].sort()).toEqual([
      "0 0",
      "0 1",
      "0 2",
      "1 0",
      "1 1",
    ]);
    const plainOf = (updates: readonly Kept[]) =>
      updates.map(({ step, score, gradientNorm, state, image }) => ({
        step,
        score,
        gradientNorm,
        state,
        image,
      }));
    for (const [key, updates] of rest)
      expect(plainOf(updates)).toEqual(plainOf(whole.get(key)?.slice(7) ?? []));
  });

  it("ends at once what has all its steps already", async () => {
    const image = startImage([17, 15, 3], 0.2, 9);
    const tiles = await run(
      request({ resume: { step: 20, image: () => image } }),
    );
    for (const updates of tiles.values()) {
      expect(updates.map((u) => [u.step, u.state])).toEqual([[20, "done"]]);
      expect(updates[0]?.image).toEqual(image);
    }
  });

  it("takes its step from the caller's cache for one ascent after another", async () => {
    const asked = request({ targets: logits(3) });
    const steps = new StepCache(native, { idle: 1 });
    try {
      for (const seed of [3, 4]) {
        const settings = { ...defaults, seed };
        const shared = await run({ ...asked, settings, steps });
        const own = await run({ ...asked, settings });
        for (const [key, updates] of own)
          expect(shared.get(key)?.at(-1)?.image).toEqual(updates.at(-1)?.image);
      }
      expect(steps.compiled).toBe(1);
    } finally {
      steps.dispose();
    }
  });

  it("mixes seeds in a batch: each run has its own start and angles, to the last bit", async () => {
    const regularization = { blur: 0.6, rotate: 20, rotateProbability: 0.5 };
    const settings = { ...defaults, batch: 3, regularization };
    const seeds = [3, 8, 5];
    const all = logits(0, 3, 0);
    const mixed = await run(request({ targets: all, seeds, settings }));
    for (const [row, seed] of seeds.entries()) {
      const alone = await run(
        request({ targets: all, settings: { ...settings, seed } }),
      );
      for (const column of [0, 1, 2])
        expect(mixed.get(`${row} ${column}`)?.map((u) => u.image)).toEqual(
          alone.get(`${row} ${column}`)?.map((u) => u.image),
        );
    }
    const [first, other] = [mixed.get("0 0"), mixed.get("2 0")];
    expect(first?.at(-1)?.image).not.toEqual(other?.at(-1)?.image);
  });

  it("refuses a class that is not there, and more targets than the batch", async () => {
    await expect(run(request({ targets: logits(5) }))).rejects.toMatchObject({
      code: "invalid-request",
    });
    await expect(
      run(request({ targets: logits(0, 1, 2, 3, 4) })),
    ).rejects.toMatchObject({ code: "invalid-request" });
  });
});

/** logit 0 = sum of relu(W x), logit 1 = its negative. */
function sumNetwork(size: number, rows: readonly (readonly number[])[]) {
  const inputs = size * size;
  const kernel = Float32Array.from(
    { length: inputs * rows.length },
    (_, i) => rows[i % rows.length]?.[Math.floor(i / rows.length)] ?? 0,
  );
  const ends = Float32Array.from({ length: rows.length * 2 }, (_, i) =>
    i % 2 ? -1 : 1,
  );
  return network(
    [size, size, 1],
    [
      node(flatten, "flat", ["input"], {}),
      node(
        dense,
        "weights",
        ["flat"],
        {},
        { kernel: { shape: [inputs, rows.length], data: kernel } },
      ),
      relu("relu", "weights"),
      node(
        dense,
        "logits",
        ["relu"],
        {},
        { kernel: weight([rows.length, 2], ends) },
      ),
    ],
  );
}

describe("silent and broken runs", () => {
  // every unit is off for an image near grey: minus one is added to each
  const off = sumNetwork(3, [[1, 0, 0, 0, 0, 0, 0, 0, 0]]);
  const dead = {
    ...off,
    nodes: off.nodes.map((n) =>
      n.name === "weights"
        ? { ...n, weights: { ...n.weights, bias: weight([1], [-2]) } }
        : n,
    ),
  };

  it("a zero gradient ends the run as silent, with score and picture; ProxyGrad goes on", async () => {
    const tiles = await run(
      request({
        network: dead,
        targets: logits(0),
        methods: [{ kind: "relu" }, { kind: "proxygrad", slope: 0.1 }],
      }),
    );
    const silent = tiles.get("0 0") ?? [];
    expect(
      silent.map((u) => [u.step, u.state, u.score, u.gradientNorm]),
    ).toEqual([[0, "silent", 0, 0]]);
    expect(silent[0]?.image).toEqual(startImage([3, 3, 1], 0.2, 3));
    expect(tiles.get("0 1")?.at(-1)?.state).toBe("done");
    expect(tiles.get("0 1")?.[0]?.gradientNorm).toBeCloseTo(0.1, 5);
  });

  it("NaN stops the run with a fault and leaves the others alone", async () => {
    // 24 * 3e38 is infinite in float32, 24 * 1 is not
    const steep = sumNetwork(3, [[24, 0, 0, 0, 0, 0, 0, 0, 0]]);
    const broken = {
      ...steep,
      nodes: steep.nodes.map((n) =>
        n.name === "logits"
          ? { ...n, weights: { kernel: weight([1, 2], [1, 3e38]) } }
          : n,
      ),
    };
    const tiles = await run(
      request({
        network: broken,
        targets: logits(0, 1),
        methods: [{ kind: "slopes", forward: 1, backward: 1 }],
      }),
    );
    expect(tiles.get("0 0")?.at(-1)?.state).toBe("done");
    const last = tiles.get("1 0")?.at(-1);
    expect(last?.state).toBe("failed");
    expect(last?.fault?.code).toBe("not-finite");
  });
});

/** White-image toys (Linse et al. 2024, Table 1) with the optimum x = 1 everywhere. */
describe("toys with a known optimum", () => {
  const size = 12;
  const pixels = size * size;
  const at = (row: number, column: number) =>
    ((row + size) % size) * size + ((column + size) % size);
  const identity = Array.from({ length: pixels }, (_, i) =>
    Array.from({ length: pixels }, (_, j) => Number(i === j)),
  );
  const settings = {
    ...defaults,
    startNoise: 0.3,
    batch: 1,
    steps: 400,
    stepSize: 0.3,
  };
  const white = (image: Float32Array | undefined) =>
    (image?.filter((v) => v > 0.99).length ?? 0) / pixels;
  const end = async (
    net: AscentRequest["network"],
    method: AscentRequest["methods"][number],
    steps = 400,
  ) => {
    const tiles = await run(
      request({
        network: net,
        targets: logits(0),
        methods: [method],
        settings: { ...settings, steps },
      }),
    );
    return tiles.get("0 0")?.at(-1);
  };
  const start = startImage([size, size, 1], 0.3, 3);
  const positive = start.filter((v) => v > 0).length / pixels;

  it("T1: under ReLU the pixels that start at or below 0 never move, the others turn white", async () => {
    const last = await end(sumNetwork(size, identity), { kind: "relu" });
    start.forEach((v, i) => expect(last?.image[i]).toBe(v > 0 ? 1 : v));
    expect(white(last?.image)).toBeCloseTo(positive, 6);
  });

  it("T2: a backward slope turns every pixel white", async () => {
    for (const method of [
      { kind: "leaky", slope: 0.1 },
      { kind: "proxygrad", slope: 0.3 },
    ] as const)
      expect(
        white((await end(sumNetwork(size, identity), method, 3000))?.image),
      ).toBe(1);
  });

  it("T3: black is a local maximum that ProxyGrad leaves exactly above p* = lambda", async () => {
    const both = [
      ...identity,
      ...identity.map((row) => row.map((v) => -0.5 * v)),
    ];
    const net = sumNetwork(size, both);
    const stuck = await end(net, { kind: "proxygrad", slope: 0.3 });
    expect(white(stuck?.image)).toBeCloseTo(positive, 6);
    expect(stuck?.image.filter((v) => v < -0.99).length).toBe(
      Math.round((1 - positive) * pixels),
    );
    expect(
      white((await end(net, { kind: "proxygrad", slope: 0.6 }, 2000))?.image),
    ).toBe(1);
    expect(
      white((await end(net, { kind: "leaky", slope: 0.1 }))?.image),
    ).toBeLessThan(0.7);
  });

  it("T4: the kernel 24, -1, circular: stuck below p* = 1/6, white above", async () => {
    const rows = Array.from({ length: pixels }, (_, i) => {
      const row = new Array<number>(pixels).fill(0);
      const [y, x] = [Math.floor(i / size), i % size];
      row[i] = 24;
      for (const j of [at(y - 1, x), at(y + 1, x), at(y, x - 1), at(y, x + 1)])
        row[j] = -1;
      return row;
    });
    const net = sumNetwork(size, rows);
    const optimum = 20 * pixels;
    const above = await end(net, { kind: "proxygrad", slope: 0.2 }, 3000);
    expect(white(above?.image)).toBe(1);
    expect(above?.score).toBeCloseTo(optimum, 2);
    const below = await end(net, { kind: "proxygrad", slope: 0.1 }, 3000);
    expect(white(below?.image)).toBeLessThan(0.9);
    const none = await end(net, { kind: "relu" }, 3000);
    expect((none?.score ?? 0) / optimum).toBeLessThan(0.75);
  });
});
