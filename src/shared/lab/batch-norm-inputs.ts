import { z } from "zod";
import {
  batchRow,
  batchSettings,
  subjectSchema,
  type Subject,
} from "./gradient-magnitude";
import { defineSpec } from "./spec";

const layerSchema = z.strictObject({
  node: z.string(),
  /** Over all values of the batch, those of all channels together. */
  deviation: z.number(),
  /** Within channels: the root of the channels' mean variance, which is what batch norm divides by. */
  within: z.number(),
});

/**
 * The standard deviation of what enters the batch norms of a Leaky ReLU network, slope by slope:
 * Linse, Barth, Martinetz 2024, Figure 4.
 */
export const batchNormInputs = defineSpec({
  id: "batch-norm-inputs",
  version: 2,
  network: "optional",
  asksForNetwork: ({ subject }: { subject: Subject }) => subject === "open",
  heavy: true,
  settings: z.strictObject({
    ...batchSettings,
    slopes: batchSettings.slopes.default([0, 0.01, 0.1, 0.2, 0.3, 0.5]),
    /** A random ResNet-18 with batch norm, or the open network. */
    subject: subjectSchema.exclude(["resnet18"]).default("resnet18-batch-norm"),
  }),
  /** One slope on one batch. */
  row: z.strictObject({
    ...batchRow,
    /** Means over the layers. */
    deviation: z.number(),
    within: z.number(),
    /** In the order of the network. */
    layers: z.array(layerSchema),
  }),
  summary: z.strictObject({
    slopes: z.array(
      z.strictObject({
        slope: z.number(),
        network: z.string(),
        repetitions: z.int(),
        /** Means over layers and repetitions. */
        deviation: z.number(),
        within: z.number(),
        /** Standard deviation of `deviation` from repetition to repetition; null for a single one. */
        spread: z.number().nullable(),
        /** Means over the repetitions. */
        layers: z.array(layerSchema),
        images: z.enum(["folder", "noise"]),
      }),
    ),
  }),
});
