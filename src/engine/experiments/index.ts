/** The experiments of the Lab, by id. A new one is a folder here and its row. */
import type { ExperimentId } from "../../shared/lab";
import type { Experiment } from "./experiment";
import { gradientMagnitude } from "./gradient-magnitude";
import { moments } from "./moments";

export const experiments: Readonly<Record<ExperimentId, Experiment>> = {
  "gradient-magnitude": gradientMagnitude,
  moments,
};
