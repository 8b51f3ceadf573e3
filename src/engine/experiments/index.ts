/** The experiments of the Lab, by id. A new one is a folder here and its row. */
import type { ExperimentId } from "../../shared/lab";
import { backward } from "./backward";
import { classTable } from "./class-table";
import type { Experiment } from "./experiment";
import { batchNormInputs } from "./batch-norm-inputs";
import { gradientMagnitude } from "./gradient-magnitude";
import { moments } from "./moments";
import { sweep } from "./sweep";
import { toy } from "./toy";

export const experiments: Readonly<Record<ExperimentId, Experiment>> = {
  backward,
  "batch-norm-inputs": batchNormInputs,
  "class-table": classTable,
  "gradient-magnitude": gradientMagnitude,
  moments,
  sweep,
  toy,
};
