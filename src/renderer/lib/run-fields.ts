import type { AscentSettings } from "../../shared/domain";

/** The form's fields, flat: regularization is beside the others there. */
export type Field =
  | "steps"
  | "stepSize"
  | "startNoise"
  | "seed"
  | "blur"
  | "rotate"
  | "rotateProbability"
  | "batch"
  | "keep";

export interface FieldSpec {
  readonly field: Field;
  readonly label: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly whole: boolean;
  /** What it does, in one sentence. */
  readonly help: string;
}

export const fieldSpecs: readonly FieldSpec[] = [
  spec("steps", "Steps", "", 1, 100_000, 10, true, "Updates of every image."),
  spec(
    "stepSize",
    "Step size",
    "L2",
    0.1,
    400,
    0.5,
    false,
    "L2 length of one update of an image, pixel values being in −1 to 1.",
  ),
  spec(
    "startNoise",
    "Start noise",
    "std",
    0,
    1,
    0.01,
    false,
    "Standard deviation of the random start around middle grey.",
  ),
  spec(
    "seed",
    "Seed",
    "",
    0,
    0xffffffff,
    1,
    true,
    "Decides the start image and the random rotations of all tiles.",
  ),
  spec(
    "blur",
    "Blur",
    "px",
    0,
    20,
    0.1,
    false,
    "Gaussian blur after every update; 0 is off.",
  ),
  spec(
    "rotate",
    "Rotation",
    "°",
    0,
    180,
    1,
    false,
    "Largest random rotation, either way; 0 is off.",
  ),
  spec(
    "rotateProbability",
    "How often",
    "",
    0,
    1,
    0.05,
    false,
    "Probability that a step rotates.",
  ),
  spec(
    "batch",
    "Batch",
    "images",
    1,
    256,
    1,
    true,
    "Images in one native call. A smaller batch needs less memory.",
  ),
  spec(
    "keep",
    "Keep every",
    "steps",
    0,
    100_000,
    1,
    true,
    "Steps kept for the scrubber; 0 keeps only the last.",
  ),
];

export interface Preset {
  readonly id: string;
  readonly label: string;
  apply(settings: AscentSettings): AscentSettings;
}

const plain = { blur: 0, rotate: 0, rotateProbability: 0 } as const;

/** The paper's figures are at 10 and 500 steps; blur and rotation are the defaults proposed for it. */
export const paperPresets: readonly Preset[] = [
  {
    id: "paper-10",
    label: "Paper: 10 steps, no regularization",
    apply: (s) => ({ ...s, steps: 10, keep: 1, regularization: plain }),
  },
  {
    id: "paper-500",
    label: "Paper: 500 steps",
    apply: (s) => ({ ...s, steps: 500, keep: 20, regularization: plain }),
  },
  {
    id: "regularized",
    label: "Blur and rotation",
    apply: (s) => ({
      ...s,
      regularization: { blur: 0.5, rotate: 5, rotateProbability: 0.3 },
    }),
  },
];

/** About twenty kept steps: enough to scrub through, little on disk. */
export function keepFor(steps: number): number {
  return Math.max(1, Math.round(steps / 20));
}

export function problemOf(field: Field, value: number): string | null {
  const s = fieldSpecs.find((f) => f.field === field);
  if (!s) return null;
  if (!Number.isFinite(value)) return "A number is needed.";
  if (s.whole && !Number.isInteger(value)) return "A whole number is needed.";
  if (value < s.min || value > s.max)
    return `Between ${s.min} and ${s.max.toLocaleString("en")}.`;
  return null;
}

export function equalSettings(a: AscentSettings, b: AscentSettings): boolean {
  return (
    a.precision === b.precision &&
    fieldSpecs.every((f) => readField(a, f.field) === readField(b, f.field))
  );
}

/** Fields that differ, as words: "seed, step size". */
export function differences(a: AscentSettings, b: AscentSettings): string[] {
  const names = fieldSpecs
    .filter((f) => readField(a, f.field) !== readField(b, f.field))
    .map((f) => f.label.toLowerCase());
  return a.precision === b.precision ? names : [...names, "precision"];
}

export function readField(s: AscentSettings, field: Field): number {
  switch (field) {
    case "blur":
    case "rotate":
    case "rotateProbability":
      return s.regularization[field];
    default:
      return s[field];
  }
}

export function writeField(
  s: AscentSettings,
  field: Field,
  value: number,
): AscentSettings {
  switch (field) {
    case "blur":
    case "rotate":
    case "rotateProbability":
      return { ...s, regularization: { ...s.regularization, [field]: value } };
    default:
      return { ...s, [field]: value };
  }
}

function spec(
  field: Field,
  label: string,
  unit: string,
  min: number,
  max: number,
  step: number,
  whole: boolean,
  help: string,
): FieldSpec {
  return { field, label, unit, min, max, step, whole, help };
}
