import {
  ascentSettingsSchema,
  limits,
  type AscentSettings,
} from "../../shared/domain";
import {
  equalSettings,
  paperPresets,
  problemOf,
  readField,
  writeField,
  type Field,
  type Preset,
} from "../lib/run-fields";

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
  /** Runs of each class and method, from the settings' seed on. */
  seeds = $state(1);
  /** The network's own, which changes are marked against. */
  defaults = $state.raw<AscentSettings>(initial);

  readonly presets = $derived<readonly Preset[]>([
    {
      id: "defaults",
      label: "This network’s defaults",
      apply: (s: AscentSettings) => ({ ...this.defaults, seed: s.seed }),
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

  /** Sets the number of seeds; returns what is wrong with it, or null. */
  setSeeds(count: number): string | null {
    if (!Number.isInteger(count)) return "A whole number is needed.";
    if (count < 1 || count > limits.seeds)
      return `Between 1 and ${limits.seeds}.`;
    this.seeds = count;
    return null;
  }

  setAll(values: AscentSettings): void {
    this.values = ascentSettingsSchema.parse(values);
  }

  /** Other defaults; settings that nobody has changed follow them. */
  rebase(defaults: AscentSettings): void {
    const { seed, precision } = this.values;
    const untouched = equalSettings(
      { ...this.defaults, seed, precision },
      this.values,
    );
    this.defaults = defaults;
    if (untouched) this.setAll({ ...defaults, seed, precision });
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
