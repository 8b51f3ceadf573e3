import {
  ascentSettingsSchema,
  limits,
  type AscentSettings,
} from "../../shared/domain";
import { formatNumber } from "../lib/format";
import {
  equalSettings,
  fieldSpecs,
  paperPresets,
  problemOf,
  readField,
  writeField,
  type Field,
  type Preset,
} from "../lib/run-fields";
import type { Undo } from "./undo.svelte";

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

function nameOf(field: Field): string {
  const label = fieldSpecs.find((spec) => spec.field === field)?.label;
  return (label ?? field).toLowerCase();
}

/** What the Run panel edits; always valid, a refused entry changes nothing. */
export class RunSettings {
  values = $state.raw<AscentSettings>(initial);
  /** Runs of each class and method, from the settings' seed on. */
  seeds = $state(1);
  /** The network's own, which changes are marked against. */
  defaults = $state.raw<AscentSettings>(initial);
  readonly #undo: Undo | null;

  /** What the user changes can be taken back by `undo`; without it nothing is remembered. */
  constructor(undo: Undo | null = null) {
    this.#undo = undo;
  }

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
    this.#put(
      writeField(this.values, field, value),
      this.seeds,
      `Set ${nameOf(field)} to ${formatNumber(value)}`,
      `setting ${field}`,
    );
    return null;
  }

  /** Sets the number of seeds; returns what is wrong with it, or null. */
  setSeeds(count: number): string | null {
    if (!Number.isInteger(count)) return "A whole number is needed.";
    if (count < 1 || count > limits.seeds)
      return `Between 1 and ${limits.seeds}.`;
    this.#put(
      this.values,
      count,
      `Set number of seeds to ${count}`,
      "setting seeds",
    );
    return null;
  }

  /** For what nobody asked for: a network or a gallery is laid out. */
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

  /** Settings from elsewhere that the user chose; `label` says which. */
  take(values: AscentSettings, seeds: number, label: string): void {
    this.#put(ascentSettingsSchema.parse(values), seeds, label);
  }

  setPrecision(precision: AscentSettings["precision"]): void {
    this.#put(
      { ...this.values, precision },
      this.seeds,
      `Set precision to ${precision}`,
    );
  }

  apply(preset: Preset): void {
    this.#put(
      preset.apply(this.values),
      this.seeds,
      `Took the preset ${preset.label}`,
    );
  }

  /** A fresh seed from `random` in [0, 1); small enough to read out. */
  roll(random: () => number): void {
    this.#put(
      { ...this.values, seed: Math.floor(random() * 1e6) },
      this.seeds,
      "Drew another seed",
    );
  }

  reset(field: Field): void {
    this.#put(
      writeField(this.values, field, readField(this.defaults, field)),
      this.seeds,
      `Took ${nameOf(field)} back to the default`,
    );
  }

  #put(
    values: AscentSettings,
    seeds: number,
    label: string,
    gesture?: string,
  ): void {
    const before = { values: this.values, seeds: this.seeds };
    if (seeds === before.seeds && equalSettings(values, before.values)) return;
    this.values = values;
    this.seeds = seeds;
    this.#undo?.changed(
      label,
      before,
      { values, seeds },
      (was) => {
        this.values = was.values;
        this.seeds = was.seeds;
      },
      gesture === undefined ? {} : { gesture },
    );
  }
}
