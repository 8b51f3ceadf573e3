/** The experiments of the Lab, by id. A new one is a folder here and its row. */
import type { ExperimentId } from "../../shared/lab";
import type { Experiment } from "./experiment";
import { gradientMagnitude } from "./gradient-magnitude";
import { moments } from "./moments";
import { toy } from "./toy";

export const experiments: Readonly<Record<ExperimentId, Experiment>> = {
  "gradient-magnitude": gradientMagnitude,
  moments,
  toy,
};
