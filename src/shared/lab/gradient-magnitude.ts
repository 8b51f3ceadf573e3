import { z } from "zod";
import { slopeSchema } from "../domain";
import { defineSpec } from "./spec";

/** A ResNet-18 with random weights, without or with batch norm, or the network that is open. */
export const subjectSchema = z.enum([
  "resnet18",
  "resnet18-batch-norm",
  "open",
]);
export type Subject = z.output<typeof subjectSchema>;

/** Settings of experiments that feed a batch of pictures to networks as they are trained. */
export const batchSettings = {
  slopes: z
    .array(slopeSchema)
    .min(1)
    .max(64)
    .default([0.01, 0.1, 0.2, 0.3, 0.5]),
  /** Height and width of the pictures for the random networks; the open one has its own. */
  size: z.int().min(32).max(256).default(128),
  /** Pictures a batch; two at least, since batch norm divides by what they differ. */
  batch: z.int().min(2).max(128).default(16),
  /** Each with other random weights and another batch. */
  repetitions: z.int().min(1).max(1000).default(4),
  seed: z.int().min(0).max(0xffffffff).default(1),
};

/** What was fed. */
export const batchRow = {
  subject: subjectSchema,
  /** Its name, for people. */
  network: z.string(),
  slope: slopeSchema,
  /** Counts from 0. */
  repetition: z.int().min(0),
  images: z.enum(["folder", "noise"]),
};

export const rowMethodSchema = z.enum(["relu", "leaky", "proxygrad"]);

/**
 * How large the derivative of the loss is after the first convolution of the first block, compared with the
 * network as it is (ReLU): Linse, Barth, Martinetz 2024, Table 5.
 */
export const gradientMagnitude = defineSpec({
  id: "gradient-magnitude",
  version: 2,
  network: "optional",
  asksForNetwork: ({ subjects }: { subjects: readonly Subject[] }) =>
    subjects.includes("open"),
  heavy: true,
  settings: z.strictObject({
    ...batchSettings,
    subjects: z
      .array(subjectSchema)
      .min(1)
      .max(3)
      .default(["resnet18", "resnet18-batch-norm"]),
    methods: z
      .array(z.enum(["leaky", "proxygrad"]))
      .min(1)
      .max(2)
      .default(["leaky", "proxygrad"]),
  }),
  /** One method and slope on one batch. */
  row: z.strictObject({
    ...batchRow,
    /** "relu" is the network as it is; its slope is 0. */
    method: rowMethodSchema,
    batchNorm: z.boolean(),
    /** Mean of |d loss / d value| over the batch, height, width and channel at `node`. */
    meanAbs: z.number(),
    /** Mean cross-entropy of the batch. */
    loss: z.number(),
    /** Whose output is differentiated by: the name of a convolution. */
    node: z.string(),
    /** "folders": each picture's class folder; "random": drawn with the seed. */
    labels: z.enum(["folders", "random"]),
  }),
  summary: z.strictObject({
    /** In the order of subject, method, slope; only what at least one repetition is there for. */
    cells: z.array(
      z.strictObject({
        subject: subjectSchema,
        network: z.string(),
        batchNorm: z.boolean(),
        method: z.enum(["leaky", "proxygrad"]),
        slope: slopeSchema,
        /** How many repetitions, of the method and of ReLU, are in the means. */
        repetitions: z.int(),
        meanAbs: z.number(),
        /** ReLU's in the same repetitions. */
        relu: z.number(),
        /** meanAbs / relu; null where the latter is 0. */
        ratio: z.number().nullable(),
        /** Standard deviation of the ratio from repetition to repetition; null for a single one. */
        spread: z.number().nullable(),
        /**
         * What one rectifier (with batch norm: and the norm before it) makes of the gradient's variance, compared with
         * ReLU, if activations were Gaussian: 1 + slope^2, or for Leaky with batch norm the quotient of
         * (1 + s^2) / (2 Var s) at s and at 0.
         */
        factor: z.number(),
        node: z.string(),
        images: z.enum(["folder", "noise"]),
        labels: z.enum(["folders", "random"]),
      }),
    ),
    /** How many such rectifiers in a chain would explain the ratios best: factor^(depth / 2), least squares of logarithms. */
    chains: z.array(
      z.strictObject({
        subject: subjectSchema,
        method: z.enum(["leaky", "proxygrad"]),
        depth: z.number(),
      }),
    ),
  }),
});
