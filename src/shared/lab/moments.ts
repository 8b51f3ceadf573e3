import { z } from "zod";
import { slopeSchema } from "../domain";
import { defineSpec } from "./spec";

/** Mean and variance of a leaky rectifier's output on Gaussian input: closed form beside sampling. */
export const moments = defineSpec({
  id: "moments",
  version: 1,
  network: "none",
  heavy: false,
  settings: z.strictObject({
    slopes: z
      .array(slopeSchema)
      .min(1)
      .max(64)
      .default([0, 0.01, 0.1, 0.2, 0.3, 0.5, 0.8, 1]),
    /** Standard deviation of the input. */
    sigma: z.number().gt(0).max(1e6).default(1),
    samples: z.int().min(2).max(100_000_000).default(1_000_000),
    seed: z.int().min(0).max(0xffffffff).default(1),
  }),
  row: z.strictObject({
    slope: slopeSchema,
    mean: z.number(),
    variance: z.number(),
    sampledMean: z.number(),
    sampledVariance: z.number(),
  }),
  summary: z.strictObject({}),
});
