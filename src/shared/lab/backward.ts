import { z } from "zod";
import { slopeSchema } from "../domain";
import { defineSpec } from "./spec";

/** Rows of equally many numbers. */
export const matrixSchema = z
  .array(z.array(z.number().min(-1e6).max(1e6)).min(1).max(12))
  .min(1)
  .max(12)
  .refine((rows) => rows.every((row) => row.length === rows[0]?.length), {
    error: "the rows of a matrix have equally many numbers",
  });
export type Matrix = z.infer<typeof matrixSchema>;

export const handMethods = ["relu", "leaky", "proxygrad"] as const;

/**
 * The gradient rule on a matrix one can follow by hand: a rectifier's output for x, and what each of the three
 * methods makes of a gradient g that comes back to it. Linse, Barth, Martinetz 2024, Table 2.
 */
export const backward = defineSpec({
  id: "backward",
  version: 1,
  network: "none",
  heavy: false,
  backend: true,
  settings: z.strictObject({
    /** The rectifier's input. */
    x: matrixSchema.default([
      [1.5, -0.5],
      [-2, 3],
    ]),
    /** The gradient that comes back to its output, of the same shape. */
    g: matrixSchema.default([
      [2, -1],
      [4, 0.5],
    ]),
    /** Of the Leaky network and of ProxyGrad's backward pass. */
    slope: slopeSchema.default(0.3),
  }),
  row: z.strictObject({
    method: z.enum(handMethods),
    slope: slopeSchema,
    /** The rectifier's output, and the gradient it hands on; as float32, in which everything is computed. */
    forward: z.array(z.array(z.number())),
    backward: z.array(z.array(z.number())),
  }),
  summary: z.strictObject({}),
});
