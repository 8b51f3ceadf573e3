import { z } from "zod";
import {
  ascentSettingsSchema,
  limits,
  precisionSchema,
  regularizationSchema,
  slopeSchema,
  tailSchema,
} from "../domain";
import { isPlain } from "../stored";
import { defineSpec } from "./spec";
import { labTargetsSchema, targetFields } from "./targets";

const ascent = ascentSettingsSchema.shape;
/** Null: the network's own setting, as its card names it or the app completes it. */
function own<T extends z.ZodType>(schema: T) {
  return schema.nullable().default(null);
}

export const tableMethodSchema = z.enum(["relu", "leaky", "proxygrad"]);
export type TableMethod = z.infer<typeof tableMethodSchema>;
export const tableMethods = tableMethodSchema.options;

const count = z.int().min(0);
const share = z.number().min(0).max(1);

/**
 * A class climbed under one method. What is traced belongs to the image after `steps[i]` updates, and every score is
 * the original network's.
 */
const rowSchema = z.strictObject({
  ...targetFields,
  label: z.string(),
  method: tableMethodSchema,
  /** The method's slope; 0 for plain ReLU. */
  slope: slopeSchema,
  /**
   * `running`: not whole, it goes on from `step`. `silent`: at `step` the gradient was exactly zero, and nothing moves
   * any more.
   */
  state: z.enum(["running", "done", "silent"]),
  /** Updates done; what follows belongs to the image after so many. */
  step: count,
  score: z.number(),
  /** Mean and deviation of the last tenth of those updates (see `tailOf`); null below ten, and in older rows. */
  tail: tailSchema.nullable(),
  /** Null where the head has no first choice, and for a class that is minimised. */
  top1: z.boolean().nullable(),
  /** Of the class; null where the head has none. */
  probability: share.nullable(),
  /** Standard deviation of all values of the image, x in [-1, 1]. */
  imageStd: z.number().min(0),
  /** Share of values at the edge of the box, |x| > 0.99. */
  edge: share,
  /** Mean absolute difference of neighbouring values, across and down, in units of x. */
  variation: z.number().min(0),
  steps: z.array(count),
  trace: z.array(z.number()),
  stds: z.array(z.number()),
  edges: z.array(z.number()),
  variations: z.array(z.number()),
  /**
   * `tail` at the traced steps from ten on, so that rows are compared at the same step. Of a silent row up to the last
   * step that was asked for: its score holds. Empty in older rows.
   */
  tails: z.strictObject({
    steps: z.array(count),
    means: z.array(z.number()),
    stds: z.array(z.number().min(0)),
  }),
  /** Steps before the last whose pictures are kept, under `pictureKey`; the last one's is the row's own. */
  pictures: z.array(count),
});

export type ClassRow = z.infer<typeof rowSchema>;

const methodSummarySchema = z.strictObject({
  method: tableMethodSchema,
  slope: slopeSchema,
  /** Mean score over the classes that every method has finished; null where there are none. */
  mean: z.number().nullable(),
  /** Of that mean, from the deviations of its scores: the root of their squares' sum over their number; null where scores are of single steps. */
  std: z.number().min(0).nullable(),
  /** The mean over ReLU's; null where that is not above 0. */
  ratio: z.number().nullable(),
  /** Of those classes, how many are clearly best under this method: above each other one by more than the uncertainty. */
  wins: count,
  /** How many are above ReLU, and below it, by more than the uncertainty; 0 for ReLU itself. */
  above: count,
  below: count,
});

const summarySchema = z.strictObject({
  /** Classes that every method has finished. */
  classes: count,
  /** Of those, how many have no method that is clearly best. */
  undecided: count,
  methods: z.array(methodSummarySchema),
});
export type ClassTableSummary = z.infer<typeof summarySchema>;

/**
 * The score of each class after a long ascent under three methods, and what becomes of image and score on the way
 * (Linse, Barth, Martinetz 2024, Table 3 and Figure 3).
 */
export const classTable = defineSpec({
  id: "class-table",
  version: 3,
  upgrades: {
    // rows of a softmax, the only head there was, are as they were; those of other heads are kept elsewhere
    1: (row) => row,
    // few scores were kept
    2: (row) => ({
      ...(isPlain(row) ? row : {}),
      tail: null,
      tails: { steps: [], means: [], stds: [] },
    }),
  },
  network: "needed",
  heavy: true,
  settings: z.strictObject({
    /** Indices of classes; null: the paper's eight where the labels hold them, else eight others. */
    targets: own(labTargetsSchema(1000)),
    leaky: slopeSchema.default(0.1),
    proxygrad: slopeSchema.default(0.1),
    steps: z.int().min(1).max(limits.steps).default(2500),
    seed: ascent.seed.default(1),
    stepSize: own(ascent.stepSize),
    startNoise: own(ascent.startNoise),
    regularization: own(regularizationSchema),
    batch: own(ascent.batch),
    precision: own(precisionSchema),
  }),
  row: rowSchema,
  summary: summarySchema,
});

/** Steps whose pictures are kept besides the last one's. */
export function picturedSteps(steps: number): readonly number[] {
  return [1, 10, 50, 250, 1000, 5000, 25_000].filter((step) => step < steps);
}

/**
 * At which steps a run of so many is traced, 250 at most: start, end, those with pictures, and between them half at
 * equal distances and half at equal ratios, so that both axes of steps are well covered.
 */
export function tracedSteps(steps: number): readonly number[] {
  const even = 142;
  const ratios = 99;
  const traced = new Set(picturedSteps(steps));
  for (let i = 0; i <= even; i++) traced.add(Math.round((steps * i) / even));
  for (let i = 0; i <= ratios; i++)
    traced.add(Math.round(steps ** (i / ratios)));
  return [...traced].toSorted((a, b) => a - b);
}

/** Under which key the picture after so many steps is kept with the cell's row. */
export function pictureKey(key: string, step: number): string {
  return `${key}@${step}`;
}
