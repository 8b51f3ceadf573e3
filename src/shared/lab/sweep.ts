import { z } from "zod";
import {
  limits,
  precisionSchema,
  regularizationSchema,
  slopeSchema,
  tailSchema,
  type Regularization,
  type Target,
} from "../domain";
import { isPlain } from "../stored";
import { fewestSteps } from "../tail";
import { defineSpec } from "./spec";
import { labTargetsSchema, rowTarget, targetFields } from "./targets";

export const sweepMethodSchema = z.enum(["relu", "proxygrad", "leaky"]);
export type SweepMethod = z.infer<typeof sweepMethodSchema>;

const conditionSchema = z.enum(["off", "on"]);
const seedSchema = z.int().min(0).max(0xffffffff);

/** What stays the same along a curve. */
const curveSchema = z.strictObject({
  steps: z.int().min(1).max(limits.steps),
  /** Whether images were blurred and rotated between steps. */
  regularized: z.boolean(),
});

/** A method with its slope; 0 for plain ReLU. */
const pointSchema = z.strictObject({
  method: sweepMethodSchema,
  slope: slopeSchema,
});

const cellSchema = z.strictObject({
  ...curveSchema.shape,
  ...pointSchema.shape,
  /** Of the finite scores so far; null: none yet. */
  mean: z.number().nullable(),
  /** Standard deviation over classes and seeds (n - 1 in the denominator); null for fewer than two scores. */
  spread: z.number().nullable(),
  /** Finite scores there are. */
  n: z.int().min(0),
  /** Classes times seeds. */
  of: z.int().min(1),
  /** How many ended early because the gradient was exactly zero. */
  silent: z.int().min(0),
  /** How many gave no finite number. */
  failed: z.int().min(0),
  /** Mean over the mean of plain ReLU, of the classes and seeds both have; null where ReLU has none or its mean is not above 0. */
  ratio: z.number().nullable(),
  /** Of those, how many score higher than under plain ReLU. */
  above: z.int().min(0),
  scores: z.array(
    z.strictObject({
      ...targetFields,
      seed: seedSchema,
      score: z.number().nullable(),
    }),
  ),
});

const bestSchema = z.strictObject({
  ...curveSchema.shape,
  ...pointSchema.shape,
  score: z.number(),
  ratio: z.number().nullable(),
});

/**
 * Methods x slopes x classes x seeds: the original network's score after a few steps (Linse, Barth, Martinetz 2024,
 * Figure 2). Null is the network's own.
 */
export const sweep = defineSpec({
  id: "sweep",
  version: 3,
  upgrades: {
    // rows of a softmax, the only head there was, are as they were; those of other heads are kept elsewhere
    1: (row) => row,
    // a score under random rotation was that of one noisy step: no row, computed again
    2: (row) => (lacksTail(row) ? null : row),
  },
  network: "needed",
  heavy: true,
  settings: z.strictObject({
    methods: z
      .array(sweepMethodSchema)
      .min(1)
      .max(3)
      .default(["relu", "proxygrad", "leaky"]),
    slopes: z
      .array(slopeSchema)
      .min(1)
      .max(64)
      .default([
        0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1,
      ]),
    /** Null: the paper's eight where the labels hold them, else eight others. */
    targets: labTargetsSchema(limits.targets).nullable().default(null),
    /** Scores are taken after each of these. */
    steps: z.array(curveSchema.shape.steps).min(1).max(8).default([10]),
    stepSize: z.number().gt(0).max(10_000).nullable().default(null),
    startNoise: z.number().min(0).max(10).nullable().default(null),
    seeds: z.array(seedSchema).min(1).max(100).default([1, 2, 3]),
    /** Without regularization, with it, or both beside each other. */
    regularize: z.array(conditionSchema).min(1).max(2).default(["off"]),
    /** What "on" means; null: the network's own, or `weakRegularization` where it has none. */
    regularization: regularizationSchema.nullable().default(null),
    batch: z.int().min(1).max(limits.batch).nullable().default(null),
    precision: precisionSchema.default("float32"),
  }),
  row: z.strictObject({
    ...pointSchema.shape,
    ...targetFields,
    seed: seedSchema,
    ...curveSchema.shape,
    /** The objective in the original network, float32: the logit, its negative where it is minimised; null: no finite number. */
    score: z.number().nullable(),
    /** Under random rotation, from ten steps on: over the last tenth of them. This is what is compared then. */
    tail: tailSchema.optional(),
    /** Whether the target is the original network's first choice; null where there is none (see class table). */
    top1: z.boolean().nullable(),
    /** Whether the gradient was exactly zero before the last step: the score is that of the image there. */
    silent: z.boolean(),
  }),
  summary: z.strictObject({
    /** As they were used. */
    stepSize: z.number(),
    startNoise: z.number(),
    regularization: regularizationSchema,
    batch: z.int(),
    targets: z.array(
      z.strictObject({
        index: z.int().min(0),
        minimise: z.literal(true).optional(),
        /** With a minus sign in front where it is minimised. */
        label: z.string(),
      }),
    ),
    /** Curve by curve, method by method, slopes ascending. */
    cells: z.array(cellSchema),
    /** For each curve whose cells are complete, the highest mean. */
    best: z.array(bestSchema),
    /** The same among ProxyGrad's slopes alone: what Compare's column takes. */
    bestProxygrad: z.array(bestSchema),
  }),
});

export type SweepSettings = z.output<typeof sweep.settings>;
export type SweepRow = z.infer<typeof sweep.row>;
export type SweepSummary = z.infer<typeof sweep.summary>;
export type SweepCell = z.infer<typeof cellSchema>;
export type SweepBest = z.infer<typeof bestSchema>;

/** What a row is compared by: the mean where it has one. */
export function sweepScore({
  score,
  tail,
}: Pick<SweepRow, "score" | "tail">): number | null {
  return tail?.mean ?? score;
}

/** What the scores of a sweep are, in words. */
export function sweepRule(
  { steps, regularize }: Pick<SweepSettings, "steps" | "regularize">,
  { rotate, rotateProbability }: Regularization,
): string {
  const rotated =
    regularize.includes("on") && rotate > 0 && rotateProbability > 0;
  const means = rotated && steps.some((one) => one >= fewestSteps);
  const singles = rotated && steps.some((one) => one < fewestSteps);
  return [
    "A score is that after exactly so many steps.",
    ...(means
      ? [
          "Under random rotation one step is noisy: there it is the mean over the last tenth of the steps, at least ten; after ten steps that is all of them, the way up included.",
        ]
      : []),
    ...(singles
      ? [
          "Under random rotation fewer than ten steps have no mean: their scores are those of one noisy step.",
        ]
      : []),
    "The spread is that over targets and seeds.",
  ].join(" ");
}

function lacksTail(row: unknown): boolean {
  const { regularized, steps } = isPlain(row) ? row : {};
  return regularized === true && Number(steps) >= fewestSteps;
}

/** For networks that name none: weak, as in the paper's runs with regularization. */
export const weakRegularization = {
  blur: 0.5,
  rotate: 5,
  rotateProbability: 0.3,
} as const;

/** A short sweep that answers "which slope for this network": one curve of ProxyGrad, two seeds. */
export const quickSweep = {
  methods: ["relu", "proxygrad"],
  slopes: [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4],
  steps: [10],
  seeds: [1, 2],
  regularize: ["off"],
} satisfies Partial<SweepSettings>;

/** Methods and slopes along the curves, in the order of the table; plain ReLU has one point. */
export function sweepPoints({
  methods,
  slopes,
  steps,
  regularize,
}: Pick<SweepSettings, "methods" | "slopes" | "steps" | "regularize">) {
  const ascending = [...new Set(slopes)].toSorted((a, b) => a - b);
  return [...new Set(regularize)].flatMap((condition) =>
    [...new Set(steps)].flatMap((steps) =>
      [...new Set(methods)].flatMap((method) =>
        (method === "relu" ? [0] : ascending).map((slope) => ({
          method,
          slope,
          steps,
          regularized: condition === "on",
        })),
      ),
    ),
  );
}

/** What every point is averaged over. */
export function sweepLanes(
  { seeds }: Pick<SweepSettings, "seeds">,
  targets: readonly Target[],
) {
  return [...new Set(seeds)].flatMap((seed) =>
    targets.map((target) => ({ ...rowTarget(target), seed })),
  );
}
