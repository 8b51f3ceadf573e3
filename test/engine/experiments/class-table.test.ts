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
  summarizeClassTable,
  tracedSteps,
  type ClassRow,
} from "../../../src/shared/lab/class-table";
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

describe("the summary", () => {
  const row = (
    target: number,
    method: ClassRow["method"],
    score: number,
    state: ClassRow["state"] = "done",
  ) => ({ target, method, score, state }) as ClassRow; // all it looks at

  it("takes the classes that every method has finished", () => {
    const rows = [
      row(1, "relu", 10),
      row(1, "leaky", 5),
      row(1, "proxygrad", 14),
      row(2, "relu", 30),
      row(2, "leaky", 31),
      row(2, "proxygrad", 30, "silent"),
      row(3, "relu", 1000),
      row(3, "leaky", 1000, "running"),
      row(3, "proxygrad", 1000),
    ];
    expect(
      summarizeClassTable({ relu: 0, leaky: 0.1, proxygrad: 0.2 }, rows),
    ).toEqual({
      classes: 2,
      methods: [
        { method: "relu", slope: 0, mean: 20, wins: 0, ratio: 1 },
        { method: "leaky", slope: 0.1, mean: 18, wins: 1, ratio: 0.9 },
        { method: "proxygrad", slope: 0.2, mean: 22, wins: 1, ratio: 1.1 },
      ],
    });
  });

  it("says nothing of nothing, and gives no ratio to a mean that is not above 0", () => {
    const slopes = { relu: 0, leaky: 0.1, proxygrad: 0.1 };
    for (const { mean, ratio, wins } of summarizeClassTable(slopes, []).methods)
      expect([mean, ratio, wins]).toEqual([null, null, 0]);
    const { methods } = summarizeClassTable(slopes, [
      row(1, "relu", -2),
      row(1, "leaky", -2),
      row(1, "proxygrad", 3),
    ]);
    expect(methods.map(({ ratio }) => ratio)).toEqual([null, null, null]);
    expect(methods.map(({ mean }) => mean)).toEqual([-2, -2, 3]);
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

  it("after a stop gives every row and picture to the bit, and all methods go on together", async () => {
    const store = checkpoints();
    const here = world(mixedNetwork(), store);
    const cells = cellsOf(settings, here);
    const stop = new AbortController();
    let moved = 0;
    const before = await collect(
      classTable.compute(cells, settings, here, { signal: stop.signal }),
      (happening) => {
        // in the middle of a step: one method has moved, two have not
        if (happening.kind === "work" && (moved += happening.work) >= 50)
          stop.abort();
        return false;
      },
    );
    expect(rowsOf(before)).toEqual([]);
    const partial = before.flatMap((one) =>
      one.kind === "partial" && one.keep ? [one.row] : [],
    );
    expect(partial).toHaveLength(6);
    expect(new Set(partial.map(({ step }) => step))).toEqual(new Set([9 + 1]));
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
    expect(told).toEqual([{ kind: "work", work: 6 * 10, before: true }]);
  });

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

  it("begins anew where a checkpoint does not fit", async () => {
    const store = checkpoints();
    const here = world(mixedNetwork(), store);
    const cells = cellsOf(settings, here);
    for (const { key } of cells)
      store.kept.set(key, {
        step: 12,
        arrays: { image: new Float32Array(3), trace: new Float32Array(1) },
      });
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
