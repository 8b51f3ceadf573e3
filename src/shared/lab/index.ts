/** The experiments of the Lab. A new one is a file here and its row, a folder in the engine, and a page. */
import { backward } from "./backward";
import { classTable } from "./class-table";
import { batchNormInputs } from "./batch-norm-inputs";
import { gradientMagnitude } from "./gradient-magnitude";
import { moments } from "./moments";
import type { RowOf, SettingsOf, SummaryOf } from "./spec";
import { sweep } from "./sweep";
import { toy } from "./toy";

export {
  defineSpec,
  worksOnNetwork,
  worksWithTensors,
  type ExperimentSpec,
} from "./spec";

export const experimentSpecs = {
  backward,
  "batch-norm-inputs": batchNormInputs,
  "class-table": classTable,
  "gradient-magnitude": gradientMagnitude,
  moments,
  sweep,
  toy,
} as const;

export type ExperimentId = keyof typeof experimentSpecs;
type Specs = typeof experimentSpecs;
export type LabSettings<K extends ExperimentId> = SettingsOf<Specs[K]>;
export type LabRow<K extends ExperimentId> = RowOf<Specs[K]>;
export type LabSummary<K extends ExperimentId> = SummaryOf<Specs[K]>;

export function isExperimentId(id: string): id is ExperimentId {
  return Object.hasOwn(experimentSpecs, id);
}
