import { z } from "zod";
import { slopeSchema } from "../domain";
import { parseJson } from "../json";
import { defineSpec, type SettingsOf } from "./spec";

export const toyNames = ["T1", "T2", "T3", "T4"] as const;
export const toyNameSchema = z.enum(toyNames);
export type ToyName = z.infer<typeof toyNameSchema>;

const slopesSchema = z.strictObject({
  forward: slopeSchema,
  backward: slopeSchema,
});
export type SlopePair = z.infer<typeof slopesSchema>;

/** Centre 24, the four edge neighbours -1: white is the best image for every forward slope, and p* is 1/6. */
export const toyKernel = [0, -1, 0, -1, 24, -1, 0, -1, 0] as const;

/** What each toy is shown with: ReLU, a Leaky ReLU network, ProxyGrad on this and on the far side of p*. */
export const toyRuns: Readonly<Record<ToyName, readonly SlopePair[]>> = {
  T1: pairs([0, 0], [0, 0.1], [0, 0.3]),
  T2: pairs([0, 0], [0.1, 0.1], [0.1, 0.3]),
  T3: pairs([0, 0], [0.1, 0.1], [0, 0.3], [0, 0.6]),
  T4: pairs([0, 0], [0.1, 0.1], [0, 0.1], [0, 0.2]),
};

/** Backward slopes on both sides of p*, and p* well inside. */
export const toySweeps: Readonly<Record<ToyName, readonly number[]>> = {
  T1: evenly(0.2),
  T2: evenly(0.2),
  T3: evenly(1),
  T4: evenly(0.4),
};

const share = z.number().min(0).max(1);
const shares = z.array(share);

/**
 * Images whose best version everybody knows, all white, climbed from noise by the plain step
 * x <- clip(x + step * gradient, -1, 1), circular at the edges. With y = x for x > 0 and s x else, f is
 * T1, T2: the sum of y(x) (T1 at s = 0); T3: the sum of y(x) + y(-lambda x); T4: the sum of y(kernel * x).
 * Linse, Barth, Martinetz 2024, Table 1 and Figure 1.
 */
export const toy = defineSpec({
  id: "toy",
  version: 1,
  network: "none",
  heavy: false,
  settings: z.strictObject({
    toy: toyNameSchema.default("T4"),
    /** Runs to show, each with a forward and a backward slope. */
    runs: z
      .array(slopesSchema)
      .max(16)
      .default([...toyRuns.T4]),
    /** Backward slopes to try at the forward slope `sweepForward`. */
    sweep: z
      .array(slopeSchema)
      .max(201)
      .default([...toySweeps.T4]),
    sweepForward: slopeSchema.default(0),
    /** T3's second weight is -lambda. */
    lambda: z.number().min(0).max(100).default(0.5),
    /** T4's kernel, square with an odd side, row by row. */
    kernel: z
      .array(z.number().min(-1e6).max(1e6))
      .min(1)
      .max(225)
      .default([...toyKernel]),
    /** Factor on the gradient; null: 0.01 for T1 and T2, 0.02 for T3, 0.01 / (sum of the kernel) for T4. */
    step: z.number().gt(0).max(1e6).nullable().default(null),
    steps: z.int().min(1).max(100_000).default(3000),
    /** Pixels along a side. */
    size: z.int().min(2).max(128).default(32),
    /** Standard deviation of the Gaussian start around grey. */
    start: z.number().min(0).max(10).default(0.3),
    seed: z.int().min(0).max(0xffffffff).default(1),
    /** Keeps a picture of every point of the trace with each run; see {@link toyFilmKey}. */
    film: z.boolean().default(true),
  }),
  row: z.strictObject({
    toy: toyNameSchema,
    forward: slopeSchema,
    backward: slopeSchema,
    /** A run to show, kept with its film; runs of the sweep have none. */
    film: z.boolean(),
    /** p* = N / P: above it every pixel gets lighter at every step, from any start. */
    threshold: z.number(),
    /** Shares of pixels at the end: x > 0.99, x < -0.99. */
    white: share,
    black: share,
    /**
     * Pixels that are not white and do not get there: over the last tenth of the steps they gained, on average, less
     * than a thousandth of the largest step there is (step * P). Pixels that swing to and fro count.
     */
    stuck: share,
    /** Mean of the image. */
    mean: z.number(),
    /** f divided by the number of pixels, and what the white image has (T3: the better of white and black). */
    value: z.number(),
    optimum: z.number(),
    /** The step that was taken. */
    step: z.number(),
    /** Above p*: after at most so many steps everything is white, from this start. */
    guaranteed: z.number().min(0).nullable(),
    /** Whether no image has a larger f than white is proven for this forward slope. */
    proven: z.boolean(),
    /** At so many updates, the first ones densely; the last point is the end. */
    trace: z.strictObject({
      step: z.array(z.int().min(0)),
      white: shares,
      black: shares,
      stuck: shares,
      /** f / optimum. */
      value: z.array(z.number()),
    }),
  }),
  summary: z.strictObject({
    threshold: z.number(),
    /** P and N: sums of the positive weights and of the sizes of the negative ones. */
    positive: z.number(),
    negative: z.number(),
    /** Largest |frequency response| of T4's kernel on this image; null for the others. */
    peak: z.number().nullable(),
  }),
});

/** The factor on the gradient: what was asked for, or the toy's own. */
export function toyStep({
  toy: name,
  kernel,
  step,
}: Pick<SettingsOf<typeof toy>, "toy" | "kernel" | "step">): number {
  if (step !== null) return step;
  if (name === "T3") return 0.02;
  const total = kernel.reduce((sum, w) => sum + w, 0);
  // a kernel that sums to nothing has no climb, and is refused there
  return name === "T4" && total > 0 ? 0.01 / total : 0.01;
}

/** The film of a run: its pictures at the points of the trace, one below the other. */
export function toyFilmKey(key: string): string {
  return `${key} film`;
}

function pairs(...of: readonly (readonly [number, number])[]): SlopePair[] {
  return of.map(([forward, backward]) => ({ forward, backward }));
}

const runSchema = z.object({
  ...slopesSchema.shape,
  film: z.boolean(),
});

/** Which run a cell is, from its key; null for the key of a film. */
export function toyRunOf(key: string): z.infer<typeof runSchema> | null {
  return runSchema.safeParse(parseJson(key)).data ?? null;
}

/** 21 slopes from 0 to `last`, freed of binary dust. */
function evenly(last: number): number[] {
  return Array.from({ length: 21 }, (_, i) =>
    Number((last * (i / 20)).toFixed(4)),
  );
}
