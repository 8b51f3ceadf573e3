import { ascentSettingsSchema, type AscentSettings } from "../../shared/domain";

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
    0.5,
    40,
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
const paperPresets: readonly Preset[] = [
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

const initial: AscentSettings = {
  steps: 500,
  stepSize: 5,
  startNoise: 0.1,
  seed: 1,
  regularization: { blur: 0.5, rotate: 5, rotateProbability: 0.3 },
  batch: 8,
  precision: "float32",
  keep: 16,
};

/** What the Run panel edits; always valid, a refused entry changes nothing. */
export class RunSettings {
  values = $state.raw<AscentSettings>(initial);
  /** The network's own, which changes are marked against. */
  defaults = $state.raw<AscentSettings>(initial);

  readonly presets = $derived<readonly Preset[]>([
    {
      id: "defaults",
      label: "This network’s defaults",
      apply: (s) => ({ ...this.defaults, seed: s.seed }),
    },
    ...paperPresets,
  ]);
  /** The preset the values are, if any. */
  readonly preset = $derived.by(() => {
    const base = { ...this.defaults, seed: this.values.seed };
    return (
      this.presets.find((p) => equalSettings(p.apply(base), this.values)) ??
      null
    );
  });
  readonly changed = $derived(
    !equalSettings({ ...this.defaults, seed: this.values.seed }, this.values),
  );

  get(field: Field): number {
    return readField(this.values, field);
  }

  isChanged(field: Field): boolean {
    return this.get(field) !== readField(this.defaults, field);
  }

  /** Sets a field; returns what is wrong with the value, or null. */
  set(field: Field, value: number): string | null {
    const problem = problemOf(field, value);
    if (problem) return problem;
    this.values = writeField(this.values, field, value);
    return null;
  }

  setAll(values: AscentSettings): void {
    this.values = ascentSettingsSchema.parse(values);
  }

  setPrecision(precision: AscentSettings["precision"]): void {
    this.values = { ...this.values, precision };
  }

  apply(preset: Preset): void {
    this.values = preset.apply(this.values);
  }

  /** A fresh seed from `random` in [0, 1); small enough to read out. */
  roll(random: () => number): void {
    this.values = { ...this.values, seed: Math.floor(random() * 1e6) };
  }

  reset(field: Field): void {
    this.values = writeField(
      this.values,
      field,
      readField(this.defaults, field),
    );
  }
}

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

function readField(s: AscentSettings, field: Field): number {
  switch (field) {
    case "blur":
    case "rotate":
    case "rotateProbability":
      return s.regularization[field];
    default:
      return s[field];
  }
}

function writeField(
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
