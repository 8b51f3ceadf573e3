/** The toys of Table 1: below p* they get stuck, above it they arrive; every number against what is known. */
import { describe, expect, it } from "vitest";
import { startImage } from "../../../src/engine";
import { toy } from "../../../src/engine/experiments/toy";
import { pointsOf } from "../../../src/engine/experiments/toy/climb";
import type { LabRow, LabSettings } from "../../../src/shared/lab";
import {
  toyFilmKey,
  toyKernel,
  toyRunOf,
  toyRuns,
} from "../../../src/shared/lab/toy";
import { bareWorld, runExperiment } from "../../support/run-experiment";

type Settings = LabSettings<"toy">;

/** The rows of one or several runs, without sweep and film. */
async function climb(said: Partial<Settings>): Promise<LabRow<"toy">[]> {
  const { rows } = await runExperiment(toy, {
    sweep: [],
    film: false,
    ...said,
  });
  return rows;
}
async function one(
  forward: number,
  backward: number,
  said: Partial<Settings>,
): Promise<LabRow<"toy">> {
  const [row] = await climb({ runs: [{ forward, backward }], ...said });
  if (!row) throw new Error("no row");
  return row;
}

const start = [...startImage([32, 32, 1], 0.3, 1)];
const share = (of: readonly number[], is: (v: number) => boolean) =>
  of.filter(is).length / of.length;
const lightStart = share(start, (v) => v > 0);

describe("T1 and T2, the sum of y(x)", () => {
  it("at slope 0 leaves what is not light where it is, for ever", async () => {
    const row = await one(0, 0, { toy: "T1" });
    const end = start.map((v) => (v > 0 ? 1 : v));
    expect(row).toMatchObject({ threshold: 0, white: lightStart, black: 0 });
    expect(row.stuck).toBe(1 - lightStart);
    expect(row.value).toBeCloseTo(lightStart, 12);
    expect(row.mean).toBeCloseTo(
      end.reduce((a, b) => a + b, 0) / end.length,
      9,
    );
    expect(row.guaranteed).toBeNull();
    // the table's column for ReLU: 48.2 % and .361, for another start
    expect(Math.abs(row.white - 0.482)).toBeLessThan(0.05);
    expect(Math.abs(row.mean - 0.361)).toBeLessThan(0.05);
  });

  it.each([
    [0.1, 0.1, 0.475],
    [0, 0.3, 0.651],
  ])(
    "at slopes %d and %d is a race that every pixel ends",
    async (forward, backward, mean) => {
      const rows = { toy: "T2", step: 0.01 } as const;
      const early = await one(forward, backward, { ...rows, steps: 100 });
      const pixels = start.map((v) => raced(v, backward, 100));
      expect(early.mean).toBeCloseTo(average(pixels), 9);
      expect(early.value).toBeCloseTo(average(pixels.map((v) => (v > 0 ? v : forward * v))), 9); // prettier-ignore
      expect(early.white).toBe(share(pixels, (v) => v > 0.99));
      expect(early.stuck).toBe(0);
      expect(Math.abs(early.mean - mean)).toBeLessThan(0.05);
      const late = await one(forward, backward, { ...rows, steps: 1000 });
      const end = start.map((v) => raced(v, backward, 1000));
      expect(late.white).toBe(share(end, (v) => v > 0.99));
      expect(late.white).toBeGreaterThan(0.99);
    },
  );
});

function average(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** A pixel of T2 after some steps of 0.01: the gradient is 1 above 0 and p else. */
function raced(from: number, p: number, steps: number): number {
  let x = from;
  for (let i = 0; i < steps; i++) x = Math.min(1, x + 0.01 * (x > 0 ? 1 : p));
  return x;
}

describe("T3, two weights", () => {
  const of = (forward: number, backward: number) =>
    one(forward, backward, { toy: "T3" });

  it.each([
    [0, 0],
    [0, 0.3],
    [0, 0.49],
    [0.1, 0.1],
  ])("gets stuck below p* = lambda: slopes %d and %d", async (s, p) => {
    const row = await of(s, p);
    expect(row.threshold).toBe(0.5);
    expect(row.white).toBe(lightStart);
    expect(row.stuck).toBe(1 - lightStart);
    expect(row.guaranteed).toBeNull();
    if (p > 0.3) return;
    // every other pixel is black: f is white's 1 - lambda s and black's lambda - s
    expect(row.black).toBe(1 - lightStart);
    expect(row.optimum).toBe(1 - 0.5 * s);
    expect(row.value).toBeCloseTo(
      lightStart * (1 - 0.5 * s) + (1 - lightStart) * (0.5 - s),
      12,
    );
    // .741 of 1, .665 of .95
    expect(Math.abs(row.value - (s === 0 ? 0.741 : 0.665))).toBeLessThan(0.02);
  });

  it.each([0.6, 0.9])("is all white above it: %d", async (p) => {
    const row = await of(0, p);
    expect(row).toMatchObject({ white: 1, black: 0, stuck: 0, value: 1 });
  });

  it("has not arrived yet a little above it, and is not stuck", async () => {
    const row = await of(0, 0.51);
    expect(row.white).toBeGreaterThan(0.9);
    expect(row.white).toBeLessThan(1);
    expect(row.stuck).toBe(0);
    expect(row.guaranteed).toBeGreaterThan(3000);
  });

  it("has the white image as its best one up to lambda 1", async () => {
    for (const [lambda, optimum, proven] of [
      [0.75, 1 - 0.075, true],
      [2, 1.9, false],
    ] as const) {
      const row = await one(0.1, 0.1, { toy: "T3", lambda, steps: 1 });
      expect(row.threshold).toBe(lambda);
      expect(row.optimum).toBeCloseTo(optimum, 12);
      expect(row.proven).toBe(proven);
    }
  });
});

describe("T4, a convolution", () => {
  it.each([1, 2])(
    "gets stuck below p* = 1/6 and is all white above it, from seed %d",
    async (seed) => {
      const rows = await climb({
        seed,
        runs: [0, 0.1, 0.16, 0.2, 0.5].map((backward) => ({
          forward: 0,
          backward,
        })),
      });
      const [relu, low, near, ...above] = rows;
      for (const row of rows)
        expect(row).toMatchObject({ threshold: 1 / 6, optimum: 20, step: 0.0005, proven: true }); // prettier-ignore
      // 49/48 and .597, .608; 63 % (measured at s = p = .1); 73 % and .80
      expect(Math.abs((relu?.white ?? 0) - 0.49)).toBeLessThan(0.03);
      expect(Math.abs((relu?.black ?? 0) - 0.48)).toBeLessThan(0.03);
      expect(Math.abs((relu?.value ?? 0) / 20 - 0.6)).toBeLessThan(0.02);
      expect(Math.abs((low?.white ?? 0) - 0.63)).toBeLessThan(0.03);
      expect(Math.abs((near?.white ?? 0) - 0.73)).toBeLessThan(0.03);
      expect(Math.abs((near?.value ?? 0) / 20 - 0.8)).toBeLessThan(0.02);
      for (const row of [relu, low, near])
        expect(row?.stuck).toBeGreaterThan(0.2);
      expect(above).toHaveLength(2);
      for (const row of above) {
        expect(row).toMatchObject({ white: 1, black: 0, stuck: 0 });
        expect(row.value).toBeCloseTo(20, 9);
      }
    },
  );

  it("asks for p alone: a Leaky network gets stuck and arrives at the same slopes", async () => {
    const [below, above] = await climb({
      runs: [
        { forward: 0.1, backward: 0.1 },
        { forward: 0.2, backward: 0.2 },
      ],
    });
    expect(Math.abs((below?.white ?? 0) - 0.63)).toBeLessThan(0.03);
    expect(Math.abs((below?.value ?? 0) / 20 - 0.708)).toBeLessThan(0.02);
    expect(below?.stuck).toBeGreaterThan(0.2);
    expect(above).toMatchObject({ white: 1, stuck: 0 });
  });

  it("lets no pixel get darker above p*, and all are white when it is guaranteed", async () => {
    const images: number[][] = [];
    const { rows } = await runExperiment(
      toy,
      {
        runs: [{ forward: 0, backward: 0.25 }],
        sweep: [],
        film: false,
        steps: 2500,
        // from far on the other side
        start: 2,
      },
      {
        seen: (happening) => {
          if (happening.kind === "picture") images.push([...happening.image]);
        },
      },
    );
    for (const [i, image] of images.entries())
      if (i > 0)
        expect(image.every((v, j) => v >= (images[i - 1]?.[j] ?? NaN))).toBe(true); // prettier-ignore
    const [row] = rows;
    // from -1 to 1 at the least gradient, 0.25 * 24 - 4 = 2
    expect(row?.guaranteed).toBe(2000);
    const { step, white } = row?.trace ?? { step: [], white: [] };
    const sure = step.findIndex((at) => at >= 2000);
    expect(white.slice(sure).every((of) => of === 1)).toBe(true);
    expect(white[0]).toBeLessThan(0.5);
  });

  it("says for which kernels white is proven to be best", async () => {
    const at = async (kernel: readonly number[], s: number, size = 32) =>
      (await one(s, s, { kernel: [...kernel], steps: 1, size })).proven;
    expect(await at(toyKernel, 0)).toBe(true);
    // |k^| is 12 at the checkerboard, S is 4: 144 (1 - s) <= 32 from s = 7/9 on
    const sharp = [0, -1, 0, -1, 8, -1, 0, -1, 0];
    expect(await at(sharp, 0)).toBe(false);
    expect(await at(sharp, 0.77)).toBe(false);
    expect(await at(sharp, 0.78)).toBe(true);
    const { summarize } = toy;
    const peakOf = (size: number) =>
      summarize(toy.spec.settings.parse({ size }), new Map(), bareWorld).peak;
    expect(peakOf(32)).toBeCloseTo(28, 9);
    // an odd side has no checkerboard: 24 - 4 cos(2 pi 2/5)
    expect(peakOf(5)).toBeCloseTo(24 - 4 * Math.cos((4 * Math.PI) / 5), 9);
  });

  it("has threshold 0 for a kernel without negative weights", async () => {
    const blur = [0, 1, 0, 1, 4, 1, 0, 1, 0];
    const row = await one(0, 0.05, { kernel: blur });
    expect(row).toMatchObject({ threshold: 0, white: 1, stuck: 0 });
  });

  it.each<[Partial<Settings>, RegExp]>([
    [{ kernel: [-1, -2, 0, 0, 0, 0, 0, 0, 0] }, /no positive weight/],
    [{ kernel: [1, -2, 0, 0, 0, 0, 0, 0, 0] }, /sum to -1/],
    [{ kernel: [1, 2, 3, 4] }, /not square with an odd side/],
    [{ kernel: [1, 2, 3] }, /not square with an odd side/],
    [{ kernel: Array.from({ length: 9 }, () => 1), size: 2 }, /larger than/],
  ])("refuses %j", (said, message) => {
    const settings = toy.spec.settings.parse(said);
    expect(() => toy.plan(settings, bareWorld)).toThrow(message);
  });
});

describe("a run", () => {
  it("is traced from the start to the end, and its film holds every point", async () => {
    const said = {
      runs: [{ forward: 0, backward: 0.1 }],
      sweep: [0.1],
      size: 8,
      steps: 400,
    };
    const { rows, pictures, happenings, work } = await runExperiment(toy, said);
    // the run with its film, and the same slope in the sweep
    expect(rows.map(({ film }) => film)).toEqual([true, false]);
    const [row, swept] = rows;
    expect({ ...row, film: false }).toEqual(swept);
    expect(work).toBe(800);
    expect(happenings.lastIndexOf("picture")).toBeLessThan(
      happenings.lastIndexOf("row"),
    );
    const { step, white, black, stuck, value } = row?.trace ?? {};
    expect(step).toEqual(pointsOf(400));
    for (const list of [white, black, stuck, value])
      expect(list).toHaveLength(step?.length ?? -1);
    expect(white?.at(-1)).toBe(row?.white);
    expect(black?.at(-1)).toBe(row?.black);
    expect(stuck?.at(-1)).toBe(row?.stuck);
    expect((value?.at(-1) ?? NaN) * 20).toBeCloseTo(row?.value ?? NaN, 12);
    const keys = toy
      .plan(toy.spec.settings.parse(said), bareWorld)
      .map(({ key }) => key);
    expect(keys.map(toyRunOf)).toEqual([
      { forward: 0, backward: 0.1, film: true },
      { forward: 0, backward: 0.1, film: false },
    ]);
    const [key = ""] = keys;
    expect(toyRunOf(toyFilmKey(key))).toBeNull();
    const film = pictures.get(toyFilmKey(key));
    expect(film?.shape).toEqual([8 * (step?.length ?? 0), 8, 1]);
    expect(film?.image.slice(0, 64)).toEqual([
      ...startImage([8, 8, 1], 0.3, 1),
    ]);
    expect(film?.image.slice(-64)).toEqual(pictures.get(key)?.image);
    expect([...pictures.keys()]).toEqual([key, toyFilmKey(key), keys[1]]);
  });

  it("is a row that can be read back where every image is worth nothing", async () => {
    const { rows } = await runExperiment(toy, {
      ...{ toy: "T3", lambda: 1, size: 8, steps: 20, sweep: [] },
      runs: [{ forward: 1, backward: 1 }],
    });
    const [row] = rows;
    expect(toy.spec.row.parse(JSON.parse(JSON.stringify(row)))).toEqual(row);
    expect(row).toMatchObject({ value: 0, optimum: 0 });
    expect(new Set(row?.trace.value)).toEqual(new Set([1]));
  });

  it("repeats itself for a seed, and only then", async () => {
    const said = { size: 8, steps: 50, runs: [{ forward: 0, backward: 0 }] };
    const [first] = await climb(said);
    expect(await climb(said)).toEqual([first]);
    expect(await climb({ ...said, seed: 2 })).not.toEqual([first]);
  });

  it("ends within a step of a stop, without a row", async () => {
    const abort = new AbortController();
    const { rows, work } = await runExperiment(
      toy,
      { steps: 5000, size: 8, sweep: [0.1, 0.2] },
      {
        signal: abort.signal,
        seen: ({ kind }) => {
          if (kind === "row") abort.abort();
        },
      },
    );
    expect(rows).toHaveLength(1);
    expect(work).toBe(5000);
  });

  it("is told by what decides it alone", () => {
    const keys = (said: Partial<Settings>) =>
      toy
        .plan(toy.spec.settings.parse({ sweep: [], ...said }), bareWorld)
        .map(({ key }) => key);
    expect(keys({})).toHaveLength(toyRuns.T4.length);
    expect(keys({ lambda: 0.7 })).toEqual(keys({}));
    expect(keys({ step: 0.0005 })).toEqual(keys({}));
    expect(keys({ step: 0.001 })).not.toEqual(keys({}));
    expect(keys({ toy: "T3", kernel: [1] })).toEqual(keys({ toy: "T3" }));
    expect(keys({ toy: "T3", lambda: 0.7 })).not.toEqual(keys({ toy: "T3" }));
    // the same slope twice is one cell
    const twice = { forward: 0, backward: 0.1 };
    expect(keys({ runs: [twice, twice], sweep: [0.1], film: false })).toHaveLength(1); // prettier-ignore
  });
});
