import { z } from "zod";
import {
  batchRow,
  batchSettings,
  subjectSchema,
  type Subject,
} from "./gradient-magnitude";
import { defineSpec } from "./spec";

/**
 * The standard deviation of what enters the batch norms of a Leaky ReLU network, slope by slope:
 * Linse, Barth, Martinetz 2024, Figure 4.
 */
export const batchNormInputs = defineSpec({
  id: "batch-norm-inputs",
  version: 1,
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
    /** Mean over the layers. */
    deviation: z.number(),
    /** In the order of the network. */
    layers: z.array(
      z.strictObject({ node: z.string(), deviation: z.number() }),
    ),
  }),
  summary: z.strictObject({
    slopes: z.array(
      z.strictObject({
        slope: z.number(),
        network: z.string(),
        repetitions: z.int(),
        /** Mean over layers and repetitions. */
        deviation: z.number(),
        /** Standard deviation from repetition to repetition; null for a single one. */
        spread: z.number().nullable(),
        /** Means over the repetitions. */
        layers: z.array(
          z.strictObject({ node: z.string(), deviation: z.number() }),
        ),
        images: z.enum(["folder", "noise"]),
      }),
    ),
  }),
});
