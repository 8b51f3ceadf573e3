/** card.json and labels.json: what a network's files themselves do not say. Unknown keys are let through. */
import { z } from "zod";
import { limits, preprocessingSchema } from "./domain";

const text = z.string().max(limits.text);
const size = z.int().min(1).max(16_384);
/** Out of range numbers are named and replaced where the defaults are made. */
const setting = z.number().optional();

export const cardSchema = z.object({
  id: text.optional(),
  name: text.optional(),
  source: text.optional(),
  licence: text.optional(),
  made: text.optional(),
  input: z.object({ height: size, width: size, channels: size }).optional(),
  /** value = (p - mean) / std with p in 0..255; mean and std in the order that `order` names. */
  preprocessing: z
    .object({ ...preprocessingSchema.shape, resize: text.optional() })
    .optional(),
  ascent: z
    .object({
      stepSize: setting,
      steps: setting,
      blur: setting,
      rotate: setting,
      rotateProbability: setting,
      startNoise: setting,
      backwardSlope: setting,
      seed: setting,
      batch: setting,
    })
    .optional(),
  /** Of the files beside the card, lower-case hex. */
  sha256: z
    .record(
      z.string().max(limits.text),
      z.string().regex(/^[0-9a-fA-F]{64}$/, "a sha256 has 64 hex digits"),
    )
    .optional(),
});

/** Index by index: a label, or an object that holds one beside ids of its own. */
export const labelsSchema = z
  .array(z.union([text, z.object({ label: text })]))
  .max(1_000_000);

export type NetworkCard = z.infer<typeof cardSchema>;
