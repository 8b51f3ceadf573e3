/** Rows against an ascent of the same settings, what is traced and measured, and going on after a stop and a crash. */
import { beforeAll, describe, expect, it } from "vitest";
import { ascend, type TileUpdate } from "../../../src/engine";
import { topClasses, softmax } from "../../../src/engine/classes";
import {
  ascentOf,
  cellsOf,
  type Climb,
} from "../../../src/engine/experiments/class-table/cells";
import { climb } from "../../../src/engine/experiments/class-table/climb";
import { groupsOf } from "../../../src/engine/experiments/class-table/groups";
import { classTable } from "../../../src/engine/experiments/class-table";
import { measureImage } from "../../../src/engine/experiments/class-table/measures";
import type {
  Cell,
  Checkpoint,
  Happening,
  World,
} from "../../../src/engine/experiments/experiment";
import type { Network } from "../../../src/engine/network/network";
import { randomStream } from "../../../src/engine/random";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { openNamed, type OpenedNetwork } from "../../../src/main/host/networks";
import {
  classTable as spec,
  picturedSteps,
  tracedSteps,
  type ClassRow,
} from "../../../src/shared/lab/class-table";
import {
  clearlyBest,
  classScore,
  compareClassRows,
  scoreAtStep,
  summarizeClassTable,
} from "../../../src/shared/lab/class-scores";
import { tailOf } from "../../../src/shared/tail";
import { logitTarget } from "../../../src/shared/target";
import { mixedNetwork } from "../../support/small-networks";
import { bundledNetwork } from "../../support/networks";

type Row = Happening<ClassRow>;

const never = new AbortController().signal;

let backend: Backend;
let bundled: OpenedNetwork;
beforeAll(async () => {
  backend = await openBackend();
  bundled = await openNamed(bundledNetwork, {
    signal: never,
  });
});

/** Checkpoints in memory, as a folder keeps them. */
function checkpoints() {
  const kept = new Map<string, Checkpoint>();
  return {
    kept,
    load: (key: string) => Promise.resolve(kept.get(key) ?? null),
    save(key: string, checkpoint: Checkpoint) {
      kept.set(key, checkpoint);
      return Promise.resolve();
    },
    remove(key: string) {
      kept.delete(key);
      return Promise.resolve();
    },
  };
}

function world(network: Network, store = checkpoints()): World {
  return {
    network,
    head: "softmax",
    defaults: bundled.info.defaults,
    runtime: backend.runtime,
    images: null,
    checkpoints: store,
  };
}

/** Everything that happens, with copies of the pictures. `until` says when to stop asking: a crash. */
async function collect(
  happenings: AsyncGenerator<Row, void, void>,
  until: (happening: Row) => boolean = () => false,
): Promise<Row[]> {
  const all: Row[] = [];
  for await (const happening of happenings) {
    all.push(
      happening.kind === "picture"
        ? { ...happening, image: happening.image.slice() }
        : happening,
    );
    if (until(happening)) break;
  }
  return all;
}

const rowsOf = (all: readonly Row[]) =>
  all.flatMap((one) => (one.kind === "row" ? [one.row] : []));
/** Pictures that are kept, the later of a key. */
const picturesOf = (all: readonly Row[]) =>
  new Map(
    all.flatMap((one) =>
      one.kind === "picture" && one.final ? [[one.key, one.image]] : [],
    ),
  );
const workOf = (all: readonly Row[]) =>
  all.reduce((sum, one) => sum + (one.kind === "work" ? one.work : 0), 0);

/** A start that moves much, so that one wrong bit shows. */
const regularized = {
  stepSize: 0.5,
  startNoise: 0.2,
  regularization: { blur: 0.5, rotate: 10, rotateProbability: 0.5 },
} as const;

describe("steps that are traced and pictured", () => {
  it.each([1, 2, 9, 10, 100, 250, 251, 2500, 100_000])(
    "of %i steps are at most 250, ascending, with start and end",
    (steps) => {
      const traced = tracedSteps(steps);
      expect(traced.length).toBeLessThanOrEqual(250);
      expect(traced[0]).toBe(0);
      expect(traced.at(-1)).toBe(steps);
      expect(traced).toContain(1);
      expect(traced).toEqual(expect.arrayContaining([...picturedSteps(steps)]));
      for (let i = 1; i < traced.length; i++)
        expect(traced[i]).toBeGreaterThan(traced[i - 1] ?? Infinity);
    },
  );

  it("are all of them in a short run, and dense both early and late in a long one", () => {
    expect(tracedSteps(60)).toEqual(Array.from({ length: 61 }, (_, i) => i));
    const traced = tracedSteps(2500);
    const gaps = traced.slice(1).map((step, i) => step - (traced[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(18);
    expect(traced.slice(0, 11)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(picturedSteps(2500)).toEqual([1, 10, 50, 250, 1000]);
    expect(picturedSteps(10)).toEqual([1]);
  });
});

describe("measures of an image", () => {
  it("are those of the definition", () => {
    // 2 x 2 x 2: rows of [left, right], channels last
    const image = Float32Array.of(1, -1, 0.5, -1, 0, 0, -0.995, 0.2);
    const mean = (1 - 1 + 0.5 - 1 + 0 + 0 - 0.995 + 0.2) / 8;
    const std = Math.sqrt(
      [...image].reduce((sum, x) => sum + (x - mean) ** 2, 0) / 8,
    );
    const across = 0.5 + 0 + 0.995 + 0.2;
    const down = 1 + 1 + 1.495 + 1.2;
    const { std: found, edge, variation } = measureImage(image, [2, 2, 2]);
    expect(found).toBeCloseTo(std, 6);
    expect(edge).toBe(0.5);
    expect(variation).toBeCloseTo((across + down) / 8, 6);
  });

  it("tell noise from a slope", () => {
    const random = randomStream(5);
    const noise = Float32Array.from(
      { length: 64 * 64 * 3 },
      () => 0.1 * random.normal(),
    );
    const measured = measureImage(noise, [64, 64, 3]);
    expect(measured.std).toBeCloseTo(0.1, 2);
    expect(measured.variation).toBeCloseTo((2 * 0.1) / Math.sqrt(Math.PI), 2);
    const slope = Float32Array.from(
      { length: 64 * 64 },
      (_, i) => (i % 64) / 64,
    );
    expect(measureImage(slope, [64, 64, 1]).variation).toBeCloseTo(1 / 128, 4);
    expect(measureImage(Float32Array.of(1), [1, 1, 1])).toEqual({
      std: 0,
      edge: 1,
      variation: 0,
    });
  });
});

describe("scores that are compared", () => {
  const tail = (mean: number, std: number) => ({ mean, std, steps: 10 });
  const row = (
    target: number,
    method: ClassRow["method"],
    mean: number,
    part: Partial<ClassRow> = {},
  ) =>
    ({
      ...{ target, method, state: "done", step: 20, score: mean + 50 },
      ...{ steps: [0, 20], trace: [0, mean + 50], tail: tail(mean, 3) },
      tails: { steps: [20], means: [mean], stds: [3] },
      ...part,
    }) as ClassRow; // all that is looked at

  it("are means, of the classes that every method has finished", () => {
    const rows = [
      row(1, "relu", 10),
      row(1, "leaky", 5),
      row(1, "proxygrad", 15),
      row(2, "relu", 30),
      row(2, "leaky", 31),
      row(2, "proxygrad", 29),
      row(3, "relu", 1000),
      row(3, "leaky", 1000, { state: "running" }),
      row(3, "proxygrad", 1000),
    ];
    const std = Math.hypot(3, 3) / 2;
    expect(
      summarizeClassTable({ relu: 0, leaky: 0.1, proxygrad: 0.2 }, rows),
    ).toEqual({
      classes: 2,
      undecided: 1,
      methods: [
        {
          ...{ method: "relu", slope: 0, mean: 20, std, ratio: 1 },
          ...{ wins: 0, above: 0, below: 0 },
        },
        {
          ...{ method: "leaky", slope: 0.1, mean: 18, std, ratio: 0.9 },
          ...{ wins: 0, above: 0, below: 1 },
        },
        {
          ...{ method: "proxygrad", slope: 0.2, mean: 22, std, ratio: 1.1 },
          ...{ wins: 1, above: 1, below: 0 },
        },
      ],
    });
  });

  it("say nothing of nothing, and give no ratio to a mean that is not above 0", () => {
    const slopes = { relu: 0, leaky: 0.1, proxygrad: 0.1 };
    const { classes, undecided, methods } = summarizeClassTable(slopes, []);
    expect([classes, undecided]).toEqual([0, 0]);
    for (const { mean, std, ratio, wins } of methods)
      expect([mean, std, ratio, wins]).toEqual([null, null, null, 0]);
    const below = summarizeClassTable(slopes, [
      row(1, "relu", -2),
      row(1, "leaky", -2),
      row(1, "proxygrad", 3),
    ]).methods;
    expect(below.map(({ ratio }) => ratio)).toEqual([null, null, null]);
    expect(below.map(({ mean }) => mean)).toEqual([-2, -2, 3]);
  });

  it("are all of single steps where one of them has no mean, and no best is told", () => {
    const older = { tail: null, tails: { steps: [], means: [], stds: [] } };
    const rows = [
      row(1, "relu", 10),
      row(1, "leaky", 20, older),
      row(1, "proxygrad", 100),
    ];
    const { methods, undecided } = summarizeClassTable(
      { relu: 0, leaky: 0.1, proxygrad: 0.1 },
      rows,
    );
    expect(methods.map(({ mean, std }) => [mean, std])).toEqual([
      [60, null],
      [70, null],
      [150, null],
    ]);
    expect(undecided).toBe(1);
    expect(clearlyBest(rows)).toBeNull();
    const [relu, leaky, proxygrad] = rows;
    if (!relu || !leaky || !proxygrad) throw new Error("no rows");
    expect(compareClassRows(leaky, relu)).toEqual({
      ...{ step: 20, score: 70, base: 60, value: 10 },
      ...{ std: null, unclear: false },
    });
    expect(compareClassRows(proxygrad, relu)).toEqual({
      ...{ step: 20, score: 100, base: 10, value: 90 },
      ...{ std: Math.hypot(3, 3), unclear: false },
    });
  });

  it("are taken at the last step that both have", () => {
    const done = row(1, "relu", 30, {
      ...{ step: 40, steps: [0, 12, 20, 40], trace: [0, 7, 8, 9] },
      tails: { steps: [12, 20, 40], means: [4, 5, 30], stds: [1, 2, 3] },
    });
    // step 25 is traced of neither: the last of both is 20
    const stopped = row(1, "leaky", 9, {
      ...{ state: "running", step: 25, steps: [0, 12, 20], trace: [0, 7, 8] },
      tails: { steps: [12, 20], means: [6, 8], stds: [1, 1] },
    });
    expect(compareClassRows(stopped, done)).toEqual({
      ...{ step: 20, score: 8, base: 5, value: 3 },
      ...{ std: Math.hypot(1, 2), unclear: false },
    });
    expect(scoreAtStep(done, 25)).toBeNull();
    // a silent one stays as it is
    const silent = row(1, "proxygrad", NaN, {
      ...{ state: "silent", step: 3, score: 2, steps: [0, 3], trace: [0, 2] },
      ...{ tail: null },
      tails: { steps: [12, 20, 40], means: [1.5, 2, 2], stds: [0.5, 0, 0] },
    });
    expect(classScore(silent)).toEqual({
      ...{ step: 40, value: 2, std: 0, steps: 10 },
    });
    expect(compareClassRows(silent, done)?.value).toBe(2 - 30);
    expect(compareClassRows(silent, stopped)).toMatchObject({
      ...{ step: 20, score: 2, base: 8 },
    });
    const begun = row(1, "leaky", NaN, {
      ...{ state: "running", step: 5, score: 4, steps: [0, 5], trace: [0, 4] },
      ...{ tail: null, tails: { steps: [], means: [], stds: [] } },
    });
    expect(compareClassRows(begun, silent)).toEqual({
      ...{ step: 5, score: 4, base: 2, value: 2 },
      ...{ std: null, unclear: false },
    });
  });
});

describe("rows of an earlier version", () => {
  it("are taken over without means", () => {
    const old = {
      ...{ target: 3, label: "c", method: "relu", slope: 0, state: "done" },
      ...{ step: 2500, score: 24.5, top1: true, probability: 0.9 },
      ...{ imageStd: 0.2, edge: 0, variation: 0.1, steps: [0, 2500] },
      ...{ trace: [1, 24.5], stds: [0.1, 0.2], edges: [0, 0] },
      ...{ variations: [0.1, 0.1], pictures: [1] },
    };
    expect(spec.row.safeParse(old).success).toBe(false);
    const taken = [1, 2].reduce<unknown>(
      (row, version) => spec.upgrades[version as 1 | 2](row),
      old,
    );
    expect(spec.row.parse(taken)).toEqual({
      ...old,
      ...{ tail: null, tails: { steps: [], means: [], stds: [] } },
    });
    expect(spec.version).toBe(3);
  });
});

describe("the plan", () => {
  it("takes eight classes and the card's settings where nothing is said", () => {
    const settings = spec.settings.parse({});
    const cells = cellsOf(settings, world(bundled.network));
    expect(cells).toHaveLength(24);
    const labels = cells.map(({ ask }) => ask.label);
    expect(new Set(labels).size).toBe(8);
    for (const [i, { ask, work }] of cells.entries()) {
      expect(work).toBe(2500);
      expect(ask.label).toBe(bundled.network.labels[ask.target.index]);
      expect([ask.name, ask.slope]).toEqual(
        [
          ["relu", 0],
          ["leaky", 0.1],
          ["proxygrad", 0.1],
        ][i % 3],
      );
    }
    const { defaults } = bundled.info;
    expect(ascentOf(settings, world(bundled.network))).toEqual({
      steps: 2500,
      seed: 1,
      keep: 0,
      stepSize: defaults.stepSize,
      startNoise: defaults.startNoise,
      regularization: defaults.regularization,
      batch: defaults.batch,
      precision: defaults.precision,
    });
  });

  it("gives a key to everything that decides a row, and no other", () => {
    const keys = (given: object) =>
      cellsOf(
        spec.settings.parse({ targets: [4, 2], ...given }),
        world(bundled.network),
      ).map(({ key }) => key);
    const base = keys({});
    expect(new Set(base).size).toBe(6);
    const { stepSize } = bundled.info.defaults;
    expect(keys({ stepSize })).toEqual(base);
    expect(keys({ targets: [2, 4] })).toEqual([
      ...base.slice(3),
      ...base.slice(0, 3),
    ]);
    for (const other of [
      { steps: 10 },
      { seed: 2 },
      { stepSize: stepSize + 1 },
      { startNoise: 0.3 },
      { regularization: { blur: 0, rotate: 0, rotateProbability: 0 } },
      { batch: 3 },
      { precision: "bfloat16" },
    ])
      expect(keys(other).filter((key) => base.includes(key))).toEqual([]);
    // the other methods' cells are as they were
    expect(
      keys({ leaky: 0.3 }).filter((key) => base.includes(key)),
    ).toHaveLength(4);
  });

  it("refuses a class that is not there, and none at all", () => {
    const plan = (targets: number[]) =>
      cellsOf(spec.settings.parse({ targets }), world(bundled.network));
    expect(() => plan([3, 101])).toThrow("no class 101");
    expect(spec.settings.safeParse({ targets: [] }).success).toBe(false);
    expect(spec.settings.safeParse({ targets: [3, 3] }).success).toBe(false);
  });
});

describe("groups", () => {
  const cell = (target: number, name: Climb["name"]): Cell<Climb> => ({
    key: `${target} ${name}`,
    work: 5,
    ask: {
      target: logitTarget(target),
      label: "",
      name,
      method: { kind: "relu" },
      slope: 0,
    },
  });
  it("hold what can move together, and no more than the batch", () => {
    const cells = [1, 2, 3, 4, 5].flatMap((target) =>
      (["relu", "leaky", "proxygrad"] as const).map((name) =>
        cell(target, name),
      ),
    );
    const missing = cells.filter(({ key }) => key !== "2 relu");
    const groups = groupsOf(
      missing,
      ({ key }) => (key.startsWith("4") ? 7 : 0),
      2,
    );
    expect(
      groups.map(({ step, cells: rows }) => [
        step,
        rows.map((row) => row.map(({ key }) => key).join("+")),
      ]),
    ).toEqual([
      [0, ["1 relu+1 leaky+1 proxygrad", "3 relu+3 leaky+3 proxygrad"]],
      [0, ["5 relu+5 leaky+5 proxygrad"]],
      [0, ["2 leaky+2 proxygrad"]],
      [7, ["4 relu+4 leaky+4 proxygrad"]],
    ]);
  });
});

describe("rows", () => {
  it("on the bundled network are an ascent's of the same settings", async () => {
    const here = world(bundled.network);
    const settings = spec.settings.parse({
      targets: [5, 12],
      steps: 12,
      batch: 2,
      proxygrad: 0.2,
    });
    const cells = cellsOf(settings, here);
    const happened = await collect(
      classTable.compute(cells, settings, here, { signal: never }),
    );
    const rows = rowsOf(happened);
    expect(rows).toHaveLength(6);
    for (const row of rows) spec.row.parse(row);
    expect(workOf(happened)).toBe(6 * 12);

    const updates = new Map<string, (TileUpdate & Copies)[]>();
    for await (const all of ascend(
      {
        network: bundled.network,
        targets: [5, 12].map((index) => ({ kind: "logit", index })),
        methods: [
          { kind: "relu" },
          { kind: "leaky", slope: 0.1 },
          { kind: "proxygrad", slope: 0.2 },
        ],
        settings: ascentOf(settings, here),
        runtime: backend.runtime,
      },
      { signal: never },
    ))
      for (const update of all) {
        const at = `${[5, 12][update.row]} ${["relu", "leaky", "proxygrad"][update.column]}`;
        const copies = {
          pixels: update.image().slice(),
          values: update.logits().slice(),
        };
        updates.set(at, [
          ...(updates.get(at) ?? []),
          Object.assign(update, copies),
        ]);
      }
    const pictures = picturesOf(happened);
    for (const [i, row] of rows.entries()) {
      const steps = updates.get(`${row.target} ${row.method}`) ?? [];
      const last = steps.at(-1);
      expect(steps).toHaveLength(13);
      if (!last) throw new Error("no update");
      expect(row.state).toBe("done");
      expect(row.step).toBe(12);
      expect(row.score).toBe(last.score);
      expect(row.trace).toEqual(steps.map(({ score }) => score));
      expect(row.steps).toEqual(steps.map(({ step }) => step));
      expect(row.tail).toEqual(tailOf(row.trace));
      expect(row.tail?.steps).toBe(10);
      expect(row.tails.steps).toEqual([10, 11, 12]);
      expect(row.tails.means[0]).toBe(tailOf(row.trace.slice(0, 11))?.mean);
      expect(row.tails.stds.at(-1)).toBe(row.tail?.std);
      expect(row.label).toBe(bundled.network.labels[row.target]);
      expect(row.top1).toBe(
        topClasses(last.values, [], 1, "softmax")[0]?.index === row.target,
      );
      expect(row.probability).toBe(softmax(last.values)[row.target]);
      for (const [at, { pixels }] of steps.entries()) {
        const { std, edge, variation } = measureImage(
          pixels,
          bundled.network.input,
        );
        expect([row.stds[at], row.edges[at], row.variations[at]]).toEqual([
          std,
          edge,
          variation,
        ]);
      }
      expect(row.imageStd).toBe(row.stds.at(-1));
      expect(row.pictures).toEqual([1, 10]);
      const { key = "" } =
        cells.find(
          ({ ask }) =>
            ask.target.index === row.target && ask.name === row.method,
        ) ?? {};
      expect(pictures.get(key)).toEqual(last.pixels);
      expect(pictures.get(`${key}@10`)).toEqual(steps[10]?.pixels);
      expect(row.score, `row ${i}`).toBeGreaterThan((row.trace[0] ?? 0) + 2);
    }
  });
});

interface Copies {
  pixels: Float32Array;
  values: Float32Array;
}

describe("going on", () => {
  const settings = spec.settings.parse({
    ...regularized,
    targets: [0, 3, 1],
    steps: 40,
    batch: 2,
    seed: 7,
  });
  const whole = async () => {
    const here = world(mixedNetwork());
    return collect(
      classTable.compute(cellsOf(settings, here), settings, here, {
        signal: never,
      }),
    );
  };

  // both stops are within the steps that later means are taken over
  it.each([
    { work: 50, reached: 10 },
    { work: 206, reached: 36 },
  ])(
    "after a stop at step $reached gives every row, mean and picture to the bit, and all methods go on together",
    async ({ work: until, reached }) => {
      const store = checkpoints();
      const here = world(mixedNetwork(), store);
      const cells = cellsOf(settings, here);
      const stop = new AbortController();
      let moved = 0;
      const before = await collect(
        classTable.compute(cells, settings, here, { signal: stop.signal }),
        (happening) => {
          // in the middle of a step: one method has moved, two have not
          if (happening.kind === "work" && (moved += happening.work) >= until)
            stop.abort();
          return false;
        },
      );
      expect(rowsOf(before)).toEqual([]);
      const partial = before.flatMap((one) =>
        one.kind === "partial" && one.keep ? [one.row] : [],
      );
      expect(partial).toHaveLength(6);
      expect(new Set(partial.map(({ step }) => step))).toEqual(
        new Set([reached]),
      );
      for (const row of partial) {
        expect(row.state).toBe("running");
        spec.row.parse(row);
      }
      expect(store.kept.size).toBe(6);
      // what is shown of a stopped run is where it stands
      const standing = picturesOf(before);
      for (const [key, { arrays }] of store.kept)
        expect(standing.get(key)).toEqual(arrays["image"]);

      const after = await collect(
        classTable.compute(cells, settings, here, { signal: never }),
      );
      expect(store.kept.size).toBe(0);
      const unbroken = await whole();
      // class 1 had no start yet, so it comes first: by class, as the table has it
      const sorted = (rows: ClassRow[]) =>
        rows.toSorted((a, b) => a.target - b.target);
      expect(sorted(rowsOf(after))).toEqual(sorted(rowsOf(unbroken)));
      expect(new Map([...picturesOf(before), ...picturesOf(after)])).toEqual(
        picturesOf(unbroken),
      );
      expect(workOf(after)).toBe(9 * 40);
      const told = after.filter(
        (one) => one.kind === "work" && one.before && one.work > 0,
      );
      expect(told).toEqual([{ kind: "work", work: 6 * reached, before: true }]);
      for (const { tail, tails } of rowsOf(after)) {
        expect(tail?.steps).toBe(10);
        expect(tails.steps).toEqual(
          Array.from({ length: 31 }, (_, i) => i + 10),
        );
      }
    },
  );

  it("after a crash goes on from the last checkpoint, with methods at different steps", async () => {
    const store = checkpoints();
    const here = { ...world(mixedNetwork(), store), network: mixedNetwork() };
    const cells = cellsOf(settings, here);
    const ascent = ascentOf(settings, here);
    const [group] = groupsOf(cells, () => 0, ascent.batch);
    if (!group) throw new Error("no group");
    const pace = { checkpoint: 0, partial: 0, frame: 0 };
    const crashed = await collect(
      climb(group, ascent, here, { signal: never, pace }),
      (one) =>
        one.kind === "partial" &&
        one.row.method === "leaky" &&
        one.row.step === 17,
    );
    expect(
      [...store.kept.values()].map(({ step: at }) => at).toSorted(),
    ).toEqual([16, 16, 16, 17, 17, 17]);
    const after = await collect(
      classTable.compute(cells, settings, here, { signal: never }),
    );
    const unbroken = await whole();
    const byKey = (all: readonly Row[]) =>
      new Map(
        all.flatMap((one) => (one.kind === "row" ? [[one.key, one.row]] : [])),
      );
    expect(byKey(after)).toEqual(byKey(unbroken));
    expect(new Map([...picturesOf(crashed), ...picturesOf(after)])).toEqual(
      picturesOf(unbroken),
    );
    expect(store.kept.size).toBe(0);
  });

  it.each([
    [
      "has an image of another size",
      { image: new Float32Array(3), trace: new Float32Array(1) },
    ],
    [
      "of an earlier version has no score of every step",
      {
        image: new Float32Array(17 * 15 * 3),
        ...{ trace: new Float32Array(12), stds: new Float32Array(12) },
        ...{ edges: new Float32Array(12), variations: new Float32Array(12) },
      },
    ],
  ])("begins again where a checkpoint %s", async (_, arrays) => {
    const store = checkpoints();
    const here = world(mixedNetwork(), store);
    const cells = cellsOf(settings, here);
    for (const { key } of cells)
      store.kept.set(key, { step: 12, arrays: { ...arrays } });
    const happened = await collect(
      classTable.compute(cells, settings, here, { signal: never }),
    );
    const byKey = (all: readonly Row[]) =>
      new Map(
        all.flatMap((one) => (one.kind === "row" ? [[one.key, one.row]] : [])),
      );
    expect(byKey(happened)).toEqual(byKey(await whole()));
  });
});

describe("silent images", () => {
  it("end where the gradient is zero, with a row, and need no more work", async () => {
    const quiet = mixedNetwork();
    const dead: Network = {
      ...quiet,
      nodes: quiet.nodes.map((node) =>
        node.name === "logits"
          ? {
              ...node,
              weights: {
                ...node.weights,
                kernel: {
                  shape: [8, 5],
                  data: new Float32Array(40),
                },
              },
            }
          : node,
      ),
    };
    const here = world(dead);
    const settings = spec.settings.parse({
      ...regularized,
      targets: [2],
      steps: 30,
      batch: 1,
    });
    const happened = await collect(
      classTable.compute(cellsOf(settings, here), settings, here, {
        signal: never,
      }),
    );
    const rows = rowsOf(happened);
    expect(rows.map(({ state, step }) => [state, step])).toEqual([
      ["silent", 0],
      ["silent", 0],
      ["silent", 0],
    ]);
    for (const { steps, trace, score } of rows) {
      expect(steps).toEqual([0]);
      expect(trace).toEqual([score]);
    }
    expect(workOf(happened)).toBe(90);
  });
});
