/** The class table's pages without a window: which cell stands where, curves, and rows on their way. */
import { describe, expect, it, vi } from "vitest";
import type { EngineTable } from "../../src/shared/contract";
import type { ClassRow } from "../../src/shared/lab/class-table";
import type { Handlers, JobContext } from "../../src/shared/rpc";
import {
  curvesOf,
  peakOf,
  valueAt,
} from "../../src/renderer/workspaces/lab/pages/collapse/curves";
import { classColumns } from "../../src/renderer/workspaces/lab/pages/class-table/columns";
import { goOnLabel } from "../../src/renderer/workspaces/lab/pages/class-table/standing";
import {
  isOff,
  linesOf,
  reachedBy,
  pictureSize,
  spellRegularization,
  usualRegularization,
} from "../../src/renderer/workspaces/lab/pages/class-table/table";
import { tailOf } from "../../src/shared/tail";
import { logitTarget } from "../../src/shared/target";
import { networkInfo } from "../support/fake-world";
import { useApps } from "./state/start-app";

const { start } = useApps();

/** Of every step from ten on. */
function tailsOf(trace: readonly number[]): ClassRow["tails"] {
  const taken = trace.flatMap((_, step) => {
    const tail = tailOf(trace, step);
    return tail ? [{ step, ...tail }] : [];
  });
  return {
    steps: taken.map(({ step }) => step),
    means: taken.map(({ mean }) => mean),
    stds: taken.map(({ std }) => std),
  };
}

function row(
  target: number,
  method: ClassRow["method"],
  trace: readonly number[],
  part: Partial<ClassRow> = {},
): ClassRow {
  const last = trace.length - 1;
  return {
    target,
    label: `class ${target}`,
    method,
    slope: method === "relu" ? 0 : 0.1,
    state: "done",
    step: last,
    score: trace[last] ?? 0,
    tail: tailOf(trace),
    top1: true,
    probability: 0.5,
    imageStd: 0.1,
    edge: 0,
    variation: 0.1,
    steps: trace.map((_, i) => i),
    trace: [...trace],
    stds: trace.map(() => 0.1),
    edges: trace.map((_, i) => i / 10),
    variations: trace.map(() => 0.2),
    tails: tailsOf(trace),
    pictures: [1],
    ...part,
  };
}
/** Ten steps around a score, of deviation 0.1. */
const steady = (score: number, steps = 10) => [
  0,
  ...Array.from(
    { length: steps },
    (_, i) => score + (i % 2 === 0 ? 0.1 : -0.1) * Math.sqrt(0.9),
  ),
];
const keyOf = (target: number, kind: string) =>
  JSON.stringify({ batch: 8, method: { kind }, target });
const entry = (one: ClassRow, partial = false) => ({
  key: keyOf(one.target, one.method),
  row: one,
  ...(partial && { partial: true as const }),
});

describe("the table's lines", () => {
  it("have a place for every class and method, and find keys of pictures that have no row yet", () => {
    const lines = linesOf(
      [logitTarget(7), logitTarget(2)],
      ["a", "b", "c"],
      [
        entry(row(2, "relu", steady(5))),
        entry(row(2, "leaky", steady(7))),
        entry(row(2, "proxygrad", steady(6))),
      ],
      [keyOf(7, "leaky"), `${keyOf(7, "relu")}@10`, "no key", "{}"],
    );
    expect(lines.map(({ target, label }) => [target.index, label])).toEqual([
      [7, "7"],
      [2, "c"],
    ]);
    expect(lines[0]?.cells).toEqual([
      { method: "relu", key: null, row: null, whole: false },
      { method: "leaky", key: keyOf(7, "leaky"), row: null, whole: false },
      { method: "proxygrad", key: null, row: null, whole: false },
    ]);
    expect(lines[1]?.cells.map(({ whole }) => whole)).toEqual([
      true,
      true,
      true,
    ]);
    expect(lines.map(({ best }) => best)).toEqual([null, "leaky"]);
  });

  it("keep a class and the same one minimised apart", () => {
    const key = JSON.stringify({
      batch: 8,
      method: { kind: "leaky" },
      minimise: true,
      target: 2,
    });
    const lines = linesOf(
      [logitTarget(2), logitTarget(2, true)],
      ["a", "b", "c"],
      [
        entry(row(2, "relu", [1, 5])),
        {
          key: "other",
          row: row(2, "relu", [1, -3], { minimise: true, top1: null }),
        },
      ],
      [key],
    );
    expect(lines.map(({ name, label }) => [name, label])).toEqual([
      ["2", "c"],
      ["minus2", "−c"],
    ]);
    expect(lines.map(({ cells }) => cells[0]?.row?.score)).toEqual([5, -3]);
    expect(lines.map(({ cells }) => cells[1]?.key)).toEqual([null, key]);
  });

  it("name the best only of images at the same step, or that cannot move", () => {
    const best = (...rows: ClassRow[]) =>
      linesOf(
        [logitTarget(2)],
        [],
        rows.map((one) => entry(one)),
        [],
      )[0]?.best;
    const running = { state: "running" } as const;
    expect(
      best(
        row(2, "relu", steady(5), running),
        row(2, "leaky", steady(9, 11), running),
        row(2, "proxygrad", steady(6), running),
      ),
    ).toBeNull();
    expect(
      best(
        row(2, "relu", [1], {
          state: "silent",
          tails: { steps: [10, 11], means: [1, 1], stds: [0, 0] },
        }),
        row(2, "leaky", steady(9), running),
        row(2, "proxygrad", steady(10), running),
      ),
    ).toBe("proxygrad");
    expect(
      best(row(2, "relu", steady(1)), row(2, "leaky", steady(2))),
    ).toBeNull();
  });

  it("name no best within the uncertainty, and none where it is not known", () => {
    const best = (relu: number, leaky: number, proxygrad: number, steps = 10) =>
      linesOf(
        [logitTarget(2)],
        [],
        [
          entry(row(2, "relu", steady(relu, steps))),
          entry(row(2, "leaky", steady(leaky, steps))),
          entry(row(2, "proxygrad", steady(proxygrad, steps))),
        ],
        [],
      )[0]?.best;
    // deviations of 0.1 each: the difference is uncertain by 0.141
    expect(best(5, 5, 5.15)).toBe("proxygrad");
    expect(best(5, 5, 5.13)).toBeNull();
    expect(best(4, 5, 5.13)).toBeNull();
    expect(best(5, 6, 9, 9)).toBeNull();
  });

  it("tell what was reached, and what the button says", () => {
    const whole = entry(row(1, "relu", [1, 2, 3]));
    const begun = entry(row(1, "leaky", [1, 2, 3, 4]), true);
    const later = entry(row(1, "proxygrad", [1, 2, 3, 4, 5]), true);
    expect(reachedBy([whole])).toBeNull();
    expect(reachedBy([whole, begun, later])).toEqual({ low: 3, high: 4 });
    expect(goOnLabel({ finished: 0, rows: [] })).toBe("Run");
    expect(goOnLabel({ finished: 0, rows: [begun] })).toBe("Go on");
    expect(goOnLabel({ finished: 1, rows: [whole, begun] })).toBe(
      "Compute the rest",
    );
  });

  it("spell the regularization, and have a weak one for networks without", () => {
    const none = { blur: 0, rotate: 5, rotateProbability: 0 };
    expect(isOff(none)).toBe(true);
    expect(spellRegularization(none)).toBe("off");
    expect(spellRegularization(usualRegularization(none))).toBe(
      "blur 0.5 px, rotation ±5°",
    );
    const own = { blur: 0, rotate: 8, rotateProbability: 1 };
    expect(usualRegularization(own)).toBe(own);
    expect(spellRegularization(own)).toBe("rotation ±8°");
  });
});

describe("the numbers for files", () => {
  const relu = row(2, "relu", steady(5));
  const texts = (one: ClassRow) => {
    const columns = classColumns("class", "softmax", new Map([["2", relu]]));
    return Object.fromEntries(
      columns.map(({ title, value }) => [title, value(one)]),
    );
  };

  it("are means with deviations, and differences with what is uncertain of them", () => {
    const { mean = NaN, std = NaN } = tailOf(steady(5.1)) ?? {};
    const told = texts(row(2, "leaky", steady(5.1)));
    expect(told).toMatchObject({
      score: mean,
      "± score": std,
      "over steps": 10,
      "includes 0": true,
    });
    expect(told["− ReLU"]).toBeCloseTo(0.1, 12);
    expect(told["± difference"]).toBeCloseTo(Math.hypot(0.1, 0.1), 12);
    expect(texts(row(2, "proxygrad", steady(6)))["includes 0"]).toBe(false);
    expect(texts(relu)).toMatchObject({
      "− ReLU": null,
      "± difference": null,
      "includes 0": null,
    });
  });

  it("are single steps where a row of an earlier version has no mean", () => {
    const older = row(2, "leaky", steady(5.1), {
      tail: null,
      tails: { steps: [], means: [], stds: [] },
    });
    const last = steady(5.1).at(-1);
    expect(texts(older)).toMatchObject({
      score: last,
      "± score": null,
      "over steps": 1,
      "− ReLU": (last ?? NaN) - relu.score,
      "± difference": null,
      "includes 0": null,
    });
  });
});

describe("curves", () => {
  const title = (method: string) => method;
  const rows = [
    row(1, "relu", [0, 2, 4]),
    row(2, "relu", [10, 20, 30, 40]),
    row(1, "leaky", [0, 1, 2]),
    row(2, "leaky", [0, 1, 2]),
    row(1, "proxygrad", [0, 4, 8]),
    row(2, "proxygrad", [5], { state: "silent" }),
    row(3, "relu", [1000, 1000]),
  ];

  it("are the mean of what every class has reached, with each class behind it", () => {
    const series = curvesOf(rows, { measure: "trace", target: null, title });
    const named = series.filter(({ named }) => named !== false);
    expect(named.map(({ name, points }) => [name, points])).toEqual([
      [
        "relu",
        [
          { x: 0, y: 5 },
          { x: 1, y: 11 },
          { x: 2, y: 17 },
        ],
      ],
      [
        "leaky",
        [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
          { x: 2, y: 2 },
        ],
      ],
      // the silent one stays where it is
      [
        "proxygrad",
        [
          { x: 0, y: 2.5 },
          { x: 1, y: 4.5 },
          { x: 2, y: 6.5 },
        ],
      ],
    ]);
    const thin = series.filter(({ line }) => line === "thin");
    expect(thin.map(({ name }) => name)).toEqual([
      "relu, 1",
      "relu, 2",
      "leaky, 1",
      "leaky, 2",
      "proxygrad, 1",
      "proxygrad, 2",
    ]);
    expect(thin[1]?.points.at(-1)).toEqual({ x: 3, y: 40 });
    expect(new Set(series.map(({ name }) => name)).size).toBe(series.length);
  });

  it("are of one class where one is asked for, of every measure", () => {
    const series = curvesOf(rows, { measure: "edges", target: "3", title });
    expect(series.map(({ points }) => points)).toEqual([
      [
        { x: 0, y: 0 },
        { x: 1, y: 0.1 },
      ],
      [],
      [],
    ]);
  });

  it("give values at steps, and the highest place", () => {
    const fallen = row(1, "relu", [0, 9, 4, 9]);
    expect(peakOf(fallen)).toEqual({ step: 1, score: 9 });
    expect(valueAt(fallen, "trace", 2)).toBe(4);
    expect(valueAt(fallen, "trace", 5)).toBeNull();
    expect(peakOf(row(1, "relu", [], { steps: [] }))).toBeNull();
  });
});

describe("rows on their way", () => {
  it("are shown, do not count as computed, and give way to whole ones", async () => {
    const partial = { ...entry(row(1, "relu", [1, 2]), true) };
    const kept = entry(row(1, "leaky", [1, 2, 3]));
    let context: JobContext<EngineTable["lab.run"]> | undefined;
    let end: (
      answer: Awaited<ReturnType<Handlers<EngineTable>["lab.run"]>>,
    ) => void = () => undefined;
    let summaries = 0;
    const { app } = await start({
      networks: [networkInfo()],
      lab: {
        "lab.stored": () =>
          Promise.resolve({
            rows: [partial, kept],
            missing: 2,
            summary: { classes: summaries++, methods: [] },
          }),
        "lab.run": (_request, given) => {
          context = given;
          return new Promise((resolve) => (end = resolve));
        },
        "lab.picture": ({ key }) =>
          Promise.resolve({
            reply: { shape: [1, 1, 1] as [number, number, number] },
            bytes: new Uint8Array([key.includes("@10") ? 7 : 1, 0]),
          }),
      },
    });
    const run = app.lab.of("class-table");
    run.follow();
    await vi.waitFor(() => {
      expect(run.missing).toBe(2);
    });
    expect([run.rows.length, run.finished, run.cells]).toEqual([2, 1, 3]);
    // a picture on the way belongs to its cell
    const seen: number[] = [];
    run.watch(`${partial.key}@10`, ({ picture }) => {
      seen.push(picture.values[0] ?? NaN);
    });
    await vi.waitFor(() => {
      expect(seen).toEqual([7]);
    });

    const ended = run.start();
    await vi.waitFor(() => {
      expect(context).toBeDefined();
    });
    const tell = (rows: object[]) =>
      context?.progress({
        ...{ done: 1, total: 9, elapsedMs: 1, leftMs: null },
        rows: rows as never, // rows as the host tells them
      });
    tell([entry(row(1, "relu", [1, 2, 3, 4]), true)]);
    await vi.waitFor(() => {
      expect(run.rows[0]?.row.step).toBe(3);
    });
    expect([run.finished, run.missing]).toEqual([1, 2]);
    // a look at what is stored meanwhile does not bring the older one back
    const before = summaries;
    await run.look();
    expect(summaries).toBe(before + 1);
    expect(run.rows.map((one) => [one.row.step, one.partial])).toEqual([
      [3, true],
      [2, undefined],
    ]);
    tell([entry(row(1, "relu", [1, 2, 3, 4, 5]))]);
    await vi.waitFor(() => {
      expect([run.finished, run.missing, run.cells]).toEqual([2, 1, 3]);
    });
    await run.look();
    expect([run.rows[0]?.row.step, run.finished, run.missing]).toEqual([
      4, 2, 1,
    ]);
    end({
      rows: [entry(row(1, "relu", [1, 2, 3, 4, 5])), kept],
      missing: 1,
      summary: {},
      state: "cancelled",
    });
    await ended;
    expect([run.finished, run.missing, run.state]).toEqual([2, 1, "idle"]);
  });
});

describe("a picture of the table", () => {
  it("keeps its shape within the side it is given", () => {
    expect(pictureSize({ height: 224, width: 224 }, 128)).toEqual({ width: 128, height: 128 }); // prettier-ignore
    expect(pictureSize({ height: 50, width: 100 }, 120)).toEqual({ width: 120, height: 60 }); // prettier-ignore
    expect(pictureSize(undefined, 120)).toEqual({ width: 120, height: 120 });
  });
});
