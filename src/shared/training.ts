/**
 * Training from scratch as data: what an experiment is asked for, and what its runs have come to.
 * An experiment is a grid: every pair of slopes with every seed is a run.
 */
import { z } from "zod";
import {
  idSchema,
  limits,
  precisionSchema,
  slopeSchema,
  type Method,
} from "./domain";
import { faultSchema } from "./fault";
import { deviationOf, meanOf } from "./statistics";

const text = z.string().max(limits.text);
const count = z.int().min(0);
const seed = z.int().min(0).max(0xffffffff);

export const trainingLimits = {
  slopes: 16,
  seeds: 32,
  epochs: 10_000,
  size: 512,
  classes: 10_000,
  pictures: 2_000_000,
} as const;

/** Networks that can be trained, by name. */
export const architectureSchema = z.enum([
  "small-cnn",
  "resnet18-half",
  "resnet18",
  "pfnet18",
]);

/** Slopes of the rectifiers in the forward and in the backward pass; (0, 0) is ReLU, (s, s) Leaky, (0, p) ProxyGrad. */
export const trainingSlopesSchema = z.strictObject({
  forward: slopeSchema,
  backward: slopeSchema,
});

/** What a training picture may become before it is shown; drawn anew every epoch. */
export const augmentationSchema = z.strictObject({
  /** "padding": shifted by up to so many pixels, edges repeated. "area": a part of at least so much area, 3:4 to 4:3, scaled up. */
  crop: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("none") }),
    z.strictObject({
      kind: z.literal("padding"),
      pixels: z.int().min(1).max(64),
    }),
    z.strictObject({
      kind: z.literal("area"),
      least: z.number().min(0.05).max(1),
    }),
  ]),
  /** Left and right are exchanged for every other picture. */
  flip: z.boolean(),
  /** Brightness, contrast and saturation are each multiplied by a factor of 1 - colour to 1 + colour; 0 is off. */
  colour: z.number().min(0).max(0.9),
  /** Turned by up to so many degrees either way, evenly, edges repeated; 0 is off, as in plans that do not name it. */
  rotation: z.number().min(0).max(180).default(0),
  /** Standard deviation of normal noise in units of x in [-1, 1], added last and not clipped; 0 is off, as above. */
  noise: z.number().min(0).max(1).default(0),
});

export const trainingPlanSchema = z
  .strictObject({
    network: architectureSchema,
    /** Height and width in pixels; the whole picture is scaled to it. */
    size: z.int().min(16).max(trainingLimits.size),
    slopes: z.array(trainingSlopesSchema).min(1).max(trainingLimits.slopes),
    seeds: z.array(seed).min(1).max(trainingLimits.seeds),
    epochs: z.int().min(1).max(trainingLimits.epochs),
    batch: z.int().min(2).max(limits.batch),
    optimizer: z.enum(["adamw", "lamb"]),
    /** The largest: reached after the warm-up. */
    learningRate: z.number().gt(0).max(10),
    /** Decoupled from the gradient: a step takes learning rate x weight decay off every kernel. */
    weightDecay: z.number().min(0).max(10),
    /** The learning rate rises linearly over so many epochs. */
    warmUpEpochs: z.number().min(0).max(trainingLimits.epochs),
    /** After the warm-up: half a cosine down to 0, or constant. */
    schedule: z.enum(["cosine", "constant"]),
    labelSmoothing: z.number().min(0).max(0.9),
    augmentation: augmentationSchema,
    precision: precisionSchema,
    /** Share of all pictures that is only tested on, once, at a run's end. Not used where a list names the test part. */
    test: z.number().min(0).max(0.9),
    /** Share of what is not tested on that chooses a run's best epoch. */
    validation: z.number().min(0).max(0.9),
    /** Decides the parts; all runs share them. */
    splitSeed: seed,
  })
  .refine((plan) => plan.warmUpEpochs < plan.epochs, {
    message: "the warm-up is shorter than the training",
    path: ["warmUpEpochs"],
  })
  .refine((plan) => new Set(plan.seeds).size === plan.seeds.length, {
    message: "every seed is given once",
    path: ["seeds"],
  })
  .refine(
    ({ slopes }) =>
      new Set(slopes.map((s) => `${s.forward} ${s.backward}`)).size ===
      slopes.length,
    { message: "every pair of slopes is given once", path: ["slopes"] },
  );

/**
 * Waiting has not begun; running is computed now, and never on disk; paused has a checkpoint to go on from;
 * stopped was ended early and keeps its best.
 */
export const trainingRunStateSchema = z.enum([
  "waiting",
  "running",
  "paused",
  "done",
  "stopped",
  "failed",
]);

/** Mean cross-entropy in nats, and the share of pictures whose best class is right. */
export const measuredSchema = z.strictObject({
  loss: z.number(),
  accuracy: z.number().min(0).max(1),
});

/** What one epoch came to. */
export const curvePointSchema = z.strictObject({
  /** Counts from 1. */
  epoch: z.int().min(1),
  /** Over the epoch's batches as they were trained on: smoothed labels, augmented pictures. */
  train: measuredSchema,
  /** Null where there is no validation part. */
  validation: measuredSchema.nullable(),
  /** Of the epoch's last step. */
  learningRate: z.number().min(0),
  /** While training, validation left out. */
  imagesPerSecond: z.number().min(0),
});

/** The record of a run (`run.json`). */
export const trainingRunSchema = z.strictObject({
  format: z.literal("proxima-training-run"),
  version: z.literal(1),
  id: idSchema,
  slopes: trainingSlopesSchema,
  seed,
  state: trainingRunStateSchema,
  /** Epoch by epoch, so far. */
  curve: z.array(curvePointSchema).max(trainingLimits.epochs),
  /**
   * The epoch whose network is kept: the highest validation accuracy, of equal ones the least loss; the last where
   * nothing is validated. 0: stopped within the first.
   */
  best: z
    .strictObject({
      epoch: count,
      validation: measuredSchema.nullable(),
    })
    .nullable(),
  /** The best network on the test part; null before the end, or where there is none. */
  test: measuredSchema.nullable(),
  /** Seconds of training so far, over all starts. */
  seconds: z.number().min(0),
  /** Why it failed. */
  fault: faultSchema.nullable(),
});

export const trainingDataSchema = z.strictObject({
  /** The folder's name, for people. */
  name: text,
  /** Class by index, and its pictures in all parts together. */
  classes: z
    .array(z.strictObject({ label: text, pictures: count }))
    .max(trainingLimits.classes),
  parts: z.strictObject({ train: count, validation: count, test: count }),
  /** Pictures that cannot be read and were left out: how many, and a sentence for the first few. */
  leftOut: count,
  why: z.array(text).max(20),
});

/** An experiment as the window and the command line see it. */
export const trainingSchema = z.strictObject({
  id: idSchema,
  createdAt: z.string().max(40),
  plan: trainingPlanSchema,
  data: trainingDataSchema,
  /** In the order they are computed: every pair of slopes with the first seed, then with the next. */
  runs: z.array(trainingRunSchema),
  /** Whether a job is at it, or waits for its turn. */
  running: z.boolean(),
});

export const trainingSummarySchema = z.strictObject({
  id: idSchema,
  createdAt: z.string(),
  /** The data's name. */
  data: text,
  network: architectureSchema,
  classes: count,
  runs: count,
  /** Runs that are done or stopped. */
  finished: count,
  running: z.boolean(),
  bytes: count,
});

/** A look at a folder before an experiment is made of it; nothing is decoded. */
export const trainingLookSchema = z.strictObject({
  name: text,
  classes: z
    .array(z.strictObject({ label: text, pictures: count }))
    .max(trainingLimits.classes),
});

export const trainingProgressSchema = z.strictObject({
  id: idSchema,
  /** The run that is computed, and its place among all runs, from 0. */
  run: idSchema,
  runIndex: count,
  runCount: count,
  phase: z.enum(["preparing", "training", "validating", "testing"]),
  /** The epoch that is computed, from 1; steps done in this phase, and to do. */
  epoch: count,
  epochs: count,
  step: count,
  steps: count,
  /** Of the last step. */
  loss: z.number().nullable(),
  /** Lately. */
  imagesPerSecond: z.number().nullable(),
  /** Until all runs are done; null before it can be told. */
  secondsLeft: z.number().min(0).nullable(),
  /** Records that changed since the last progress, whole. */
  changed: z.array(trainingRunSchema),
});

export const trainingOutcomeSchema = z.strictObject({
  /** "paused": cancelled, each run with a checkpoint to go on from. */
  state: z.enum(["done", "paused"]),
  finished: count,
  failed: count,
});

export type Architecture = z.infer<typeof architectureSchema>;
export type TrainingSlopes = z.infer<typeof trainingSlopesSchema>;
export type Augmentation = z.infer<typeof augmentationSchema>;
export type TrainingPlan = z.infer<typeof trainingPlanSchema>;
export type Measured = z.infer<typeof measuredSchema>;
export type CurvePoint = z.infer<typeof curvePointSchema>;
export type TrainingRunState = z.infer<typeof trainingRunStateSchema>;
export type TrainingRun = z.infer<typeof trainingRunSchema>;
export type TrainingData = z.infer<typeof trainingDataSchema>;
export type Training = z.infer<typeof trainingSchema>;
export type TrainingSummary = z.infer<typeof trainingSummarySchema>;
export type TrainingLook = z.infer<typeof trainingLookSchema>;
export type TrainingProgress = z.infer<typeof trainingProgressSchema>;
export type TrainingOutcome = z.infer<typeof trainingOutcomeSchema>;

export const architectureTitles: Readonly<Record<Architecture, string>> = {
  "small-cnn": "Small CNN",
  "resnet18-half": "ResNet-18 (half width)",
  resnet18: "ResNet-18",
  pfnet18: "PFNet-18",
};

/** What is trained where nobody says otherwise: ReLU beside ProxyGrad 0.2. */
export const defaultTrainingPlan: TrainingPlan = {
  network: "resnet18-half",
  size: 128,
  slopes: [
    { forward: 0, backward: 0 },
    { forward: 0, backward: 0.2 },
  ],
  seeds: [1],
  epochs: 30,
  batch: 64,
  optimizer: "adamw",
  learningRate: 0.003,
  weightDecay: 0.05,
  warmUpEpochs: 2,
  schedule: "cosine",
  labelSmoothing: 0.1,
  augmentation: {
    crop: { kind: "area", least: 0.4 },
    flip: true,
    colour: 0.3,
    rotation: 0,
    noise: 0,
  },
  precision: "float32",
  test: 0.2,
  validation: 0.1,
  splitSeed: 1,
};

/** Whether a run is not computed again. */
export function isEnded({ state }: Pick<TrainingRun, "state">): boolean {
  return state === "done" || state === "stopped" || state === "failed";
}

/** The slopes as a gradient rule: ReLU, Leaky ReLU, ProxyGrad or both. */
export function methodOfSlopes({ forward, backward }: TrainingSlopes): Method {
  if (forward === backward)
    return forward === 0 ? { kind: "relu" } : { kind: "leaky", slope: forward };
  return forward === 0
    ? { kind: "proxygrad", slope: backward }
    : { kind: "slopes", forward, backward };
}

/** Mean and sample standard deviation (n - 1) over the seeds; null below one and below two values. */
export interface Spread {
  readonly count: number;
  readonly mean: number | null;
  readonly deviation: number | null;
}

/** One pair of slopes over its seeds. Accuracies are of each run's best network, in 0..1. */
export interface TrainingRow {
  readonly slopes: TrainingSlopes;
  readonly seeds: number;
  readonly validation: Spread;
  readonly test: Spread;
}

/** The table of an experiment: a row a pair of slopes, in the plan's order, over the runs that have ended. */
export function trainingTable(
  plan: Pick<TrainingPlan, "slopes" | "seeds">,
  runs: readonly TrainingRun[],
): TrainingRow[] {
  return plan.slopes.map((slopes) => {
    const ended = runs.filter(
      (run) =>
        run.slopes.forward === slopes.forward &&
        run.slopes.backward === slopes.backward &&
        (run.state === "done" || run.state === "stopped"),
    );
    return {
      slopes,
      seeds: plan.seeds.length,
      validation: spreadOf(ended.map((r) => r.best?.validation?.accuracy)),
      test: spreadOf(ended.map((r) => r.test?.accuracy)),
    };
  });
}

function spreadOf(given: readonly (number | undefined)[]): Spread {
  const values = given.filter((value) => value !== undefined);
  return {
    count: values.length,
    mean: meanOf(values),
    deviation: deviationOf(values),
  };
}
