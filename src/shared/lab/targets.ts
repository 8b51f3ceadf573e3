/** The classes an experiment climbs, in its settings and rows. */
import { z } from "zod";
import type { Target } from "../domain";
import { logitTarget, nameTarget } from "../target";

const index = z.int().min(0).max(1_000_000);

/** An index, or what is minimised: { index: 5, minimise: true }. */
const labTargetSchema = z.union([
  index,
  z.strictObject({ index, minimise: z.literal(true) }),
]);
export type LabTarget = z.infer<typeof labTargetSchema>;

/** A list of them, each once. */
export function labTargetsSchema(most: number) {
  return z
    .array(labTargetSchema)
    .min(1)
    .max(most)
    .refine(
      (targets) => new Set(targets.map(nameLabTarget)).size === targets.length,
      "a target stands twice",
    );
}

/** The fields of a row that say what was climbed. */
export const targetFields = {
  target: z.int().min(0),
  /** Where the class's logit was lowered; the score is the negative logit. */
  minimise: z.literal(true).optional(),
};
export interface RowTarget {
  readonly target: number;
  readonly minimise?: true | undefined;
}

export function targetOfLab(target: LabTarget): Target {
  return typeof target === "number" ? logitTarget(target) : logitTarget(target.index, true); // prettier-ignore
}

export function labTarget({ index, minimise }: Target): LabTarget {
  return minimise ? { index, minimise } : index;
}

/** The fields of a row for a target. */
export function rowTarget({ index, minimise }: Target): RowTarget {
  return minimise ? { target: index, minimise } : { target: index };
}

export function targetOfRow({ target, minimise }: RowTarget): Target {
  return logitTarget(target, minimise === true);
}

/** The same text for rows of the same target only. */
export function nameRowTarget(row: RowTarget): string {
  return nameTarget(targetOfRow(row));
}

function nameLabTarget(target: LabTarget): string {
  return nameTarget(targetOfLab(target));
}
