/** Targets: which output value a run moves, and which way. */
import type { GalleryRecord, Target } from "./domain";

/** The target of an output value; `minimise` lowers it instead. */
export function logitTarget(index: number, minimise = false): Target {
  return minimise
    ? { kind: "logit", index, minimise: true }
    : { kind: "logit", index };
}

/** The objective is so many times the logit. */
export function signOf({ minimise }: Target): 1 | -1 {
  return minimise ? -1 : 1;
}

/** The objective of a target on one image's logits; NaN where there is no such logit. */
export function objectiveOf(target: Target, logits: ArrayLike<number>): number {
  return signOf(target) * (logits[target.index] ?? NaN);
}

export function sameTarget(a: Target, b: Target): boolean {
  return a.index === b.index && signOf(a) === signOf(b);
}

/** A target as text, the same for equal targets only, fit for a file's name: "5", "minus5". */
export function nameTarget({ index, minimise }: Target): string {
  return minimise ? `minus${index}` : String(index);
}

/** A target for people: its label, with a minus sign in front where it is minimised. */
export function titleTarget(label: string, { minimise }: Target): string {
  return minimise ? `−${label}` : label;
}

/** Titles of a gallery's rows, from its labels. */
export function titlesOf({
  labels,
  request: { targets },
}: Pick<GalleryRecord, "labels" | "request">): string[] {
  return targets.map((target, row) =>
    titleTarget(labels[row] ?? String(target.index), target),
  );
}
