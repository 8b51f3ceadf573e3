import { memory } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { ascend, type NativeRuntime, type World } from "../../../src/engine";
import type { Happening } from "../../../src/engine/experiments/experiment";
import { sweep } from "../../../src/engine/experiments/sweep";
import { openBackend } from "../../../src/main/host/backend";
import type { AscentSettings, Method } from "../../../src/shared/domain";
import { sweep as spec, type SweepRow } from "../../../src/shared/lab/sweep";
import {
  mixedNetwork,
  network,
  relu,
  weight,
} from "../../support/small-networks";
import { node } from "../../../src/engine/network/op";
import { dense } from "../../../src/engine/network/ops/dense";
import { flatten } from "../../../src/engine/network/ops/reshape";
import { bareWorld } from "../../support/run-experiment";

let native: NativeRuntime | null = null;
beforeAll(async () => {
  native = (await openBackend()).runtime;
});
afterEach(() => {
  expect(memory().numTensors).toBe(0);
});

const ascent: AscentSettings = {
  steps: 500,
  stepSize: 0.5,
  startNoise: 0.2,
  seed: 1,
  regularization: { blur: 0.5, rotate: 20, rotateProbability: 0.5 },
  batch: 4,
  precision: "float32",
  keep: 0,
};

function world(changes: Partial<World> = {}): World {
  return {
    ...bareWorld,
    network: mixedNetwork(),
    defaults: { ...ascent, backwardSlope: 0.1 },
    runtime: native,
    ...changes,
  };
}

function settings(changes: object = {}) {
  return spec.settings.parse({
    slopes: [0, 0.2],
    targets: [0, 3],
    steps: [2, 5],
    seeds: [1, 7],
    regularize: ["off", "on"],
    ...changes,
  });
}

interface Computed {
  readonly rows: Map<string, SweepRow>;
  readonly work: number;
  readonly total: number;
}

async function compute(
  asked: ReturnType<typeof settings>,
  on: World,
  options: {
    readonly signal?: AbortSignal;
    readonly known?: ReadonlySet<string>;
    readonly each?: (happening: Happening<SweepRow>) => void;
  } = {},
): Promise<Computed> {
  const { signal = new AbortController().signal, known } = options;
  const cells = sweep.plan(asked, on).filter(({ key }) => !known?.has(key));
  const rows = new Map<string, SweepRow>();
  let work = 0;
  for await (const happening of sweep.compute(cells, asked, on, { signal })) {
    if (happening.kind === "work") work += happening.work;
    if (happening.kind === "row") {
      expect(rows.has(happening.key)).toBe(false);
      rows.set(happening.key, spec.row.parse(happening.row));
    }
    options.each?.(happening);
  }
  return { rows, work, total: cells.reduce((sum, c) => sum + c.work, 0) };
}

function methodOf({ method, slope }: SweepRow): Method {
  return method === "relu" ? { kind: "relu" } : { kind: method, slope };
}

/** The gallery's score of one row. */
async function galleryScore(row: SweepRow, on: World): Promise<number> {
  const { network } = on;
  if (!network) throw new Error("no network");
  const still = { blur: 0, rotate: 0, rotateProbability: 0 };
  const updates = ascend(
    {
      network,
      targets: [{ kind: "logit", index: row.target }],
      methods: [methodOf(row)],
      settings: {
        ...ascent,
        steps: row.steps,
        seed: row.seed,
        regularization: row.regularized ? ascent.regularization : still,
      },
      runtime: on.runtime,
    },
    { signal: new AbortController().signal },
  );
  let score = NaN;
  for await (const [update] of updates) score = update?.score ?? NaN;
  return score;
}

describe("a sweep's rows", () => {
  it("are the gallery's scores to the last bit: methods, steps, seeds, with and without regularization", async () => {
    const on = world();
    const { rows, work, total } = await compute(settings(), on);
    // 2 conditions x 2 steps x (1 + 2 + 2 points) x 2 classes x 2 seeds
    expect(rows.size).toBe(80);
    expect(work).toBe(total);
    expect(total).toBe(20 * (2 + 2 + 5 + 5));
    // every third: all methods, steps, classes, seeds and both conditions among them
    const some = [...rows.values()].filter((_, i) => i % 3 === 0);
    for (const row of some) expect(row.score).toBe(await galleryScore(row, on));
  }, 60_000);

  it("are one ascent where methods are the same to the network", async () => {
    const asked = settings({ regularize: ["off"], steps: [5] });
    const plain = await compute(asked, world());
    const scoresOf = (rows: Iterable<SweepRow>, method: string) =>
      [...rows]
        .filter((row) => row.method === method && row.slope === 0)
        .map(({ score }) => score);
    const expected = scoresOf(plain.rows.values(), "relu");
    expect(scoresOf(plain.rows.values(), "proxygrad")).toEqual(expected);
    expect(scoresOf(plain.rows.values(), "leaky")).toEqual(expected);
    // a network with slopes of its own: 0 is another network then
    const own = mixedNetwork();
    const leaky = {
      ...own,
      nodes: own.nodes.map((n) =>
        n.op.rectifier ? relu(n.name, n.inputs[0] ?? "", 0.3) : n,
      ),
    };
    const other = await compute(asked, world({ network: leaky }));
    expect(scoresOf(other.rows.values(), "leaky")).not.toEqual(
      scoresOf(other.rows.values(), "relu"),
    );
    expect(scoresOf(other.rows.values(), "proxygrad")).not.toEqual(
      scoresOf(other.rows.values(), "relu"),
    );
  });

  it("are asked for once: another slope, class or seed is all that is computed", async () => {
    const on = world();
    const asked = settings({ regularize: ["off"], steps: [2] });
    const known = new Set((await compute(asked, on)).rows.keys());
    const more = async (changes: object) => [
      ...(
        await compute(
          settings({ regularize: ["off"], steps: [2], ...changes }),
          on,
          { known },
        )
      ).rows.values(),
    ];
    const slope = await more({ slopes: [0, 0.2, 0.4] });
    expect(slope).toHaveLength(8);
    expect(slope.every((row) => row.slope === 0.4)).toBe(true);
    const seed = await more({ seeds: [7, 1, 9] });
    expect(seed).toHaveLength(10);
    expect(seed.every((row) => row.seed === 9)).toBe(true);
    const target = await more({ targets: [3, 0, 1] });
    expect(target).toHaveLength(10);
    expect(target.every((row) => row.target === 1)).toBe(true);
    expect(await more({})).toHaveLength(0);
    // written out, the network's own settings are the same question
    expect(
      await more({ stepSize: 0.5, startNoise: 0.2, batch: 4 }),
    ).toHaveLength(0);
    expect(await more({ stepSize: 0.4 })).toHaveLength(20);
  });

  it("that are there are kept by a cancel, which is seen within a step", async () => {
    const controller = new AbortController();
    const asked = settings({ regularize: ["off"], steps: [1, 100_000] });
    const { rows } = await compute(asked, world(), {
      signal: controller.signal,
      each: ({ kind }) => {
        if (kind === "row") controller.abort();
      },
    });
    expect([...rows.values()].map((row) => row.steps)).toEqual(
      // the first batch's four lanes, each for ReLU and slope 0 of both methods
      Array<number>(12).fill(1),
    );
  });

  it("say where the gradient is exactly zero, with the score of the image there", async () => {
    const dead = network(
      [3, 3, 1],
      [
        node(flatten, "flat", ["input"], {}),
        node(
          dense,
          "weights",
          ["flat"],
          {},
          {
            kernel: weight([9, 1], [1, 0, 0, 0, 0, 0, 0, 0, 0]),
            bias: weight([1], [-2]),
          },
        ),
        relu("relu", "weights"),
        node(
          dense,
          "logits",
          ["relu"],
          {},
          { kernel: weight([1, 2], [1, -1]), bias: weight([2], [0.5, 0]) },
        ),
      ],
    );
    const on = world({ network: dead });
    const asked = settings({
      methods: ["relu", "proxygrad"],
      slopes: [0.1],
      targets: [0],
      seeds: [1],
      steps: [5],
      regularize: ["off"],
    });
    const { rows, work } = await compute(asked, on);
    expect(work).toBe(10);
    const [silent, moved] = [...rows.values()];
    expect(silent).toEqual({
      method: "relu",
      slope: 0,
      target: 0,
      seed: 1,
      steps: 5,
      regularized: false,
      score: 0.5,
      top1: true,
      silent: true,
    });
    expect(moved?.silent).toBe(false);
    const summary = sweep.summarize(asked, rows, on);
    expect(summary.cells.map((cell) => cell.silent)).toEqual([1, 0]);
  });

  it("are not asked for without end", () => {
    const seeds = Array.from({ length: 100 }, (_, i) => i);
    const slopes = Array.from({ length: 64 }, (_, i) => i / 64);
    const targets = [0, 1, 2, 3];
    expect(() =>
      sweep.plan(settings({ seeds, slopes, targets }), world()),
    ).toThrow("206400 scores");
  });

  it("need classes that the network has", () => {
    expect(() => sweep.plan(settings({ targets: [5] }), world())).toThrow(
      "no class 5",
    );
  });
});

describe("what the settings leave open", () => {
  it("is the network's own, and its classes are spread where none are known", () => {
    const on = world();
    const asked = spec.settings.parse({});
    const summary = sweep.summarize(asked, new Map(), on);
    expect(summary).toMatchObject({
      stepSize: 0.5,
      startNoise: 0.2,
      batch: 4,
      regularization: ascent.regularization,
    });
    // five classes, at most eight
    expect(summary.targets.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    // (1 + 13 + 13 points) x 5 classes x 3 seeds
    expect(sweep.plan(asked, on)).toHaveLength(27 * 15);
    expect(summary.best).toEqual([]);
  });

  it("is a weak regularization where the network names none", () => {
    const bare = world({
      defaults: {
        ...ascent,
        backwardSlope: 0.1,
        regularization: { blur: 0, rotate: 0, rotateProbability: 0.3 },
      },
    });
    expect(
      sweep.summarize(spec.settings.parse({}), new Map(), bare).regularization,
    ).toEqual({ blur: 0.5, rotate: 5, rotateProbability: 0.3 });
  });
});
