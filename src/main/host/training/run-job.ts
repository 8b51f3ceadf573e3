/** What the runs of an experiment share. */
import type { TrainingBatches } from "./batches";
import type { Experiment } from "./experiment-folder";
import type { Trainer } from "./trainer";

export interface RunJob {
  readonly folder: string;
  readonly experiment: Experiment;
  readonly trainer: Trainer;
  readonly data: TrainingBatches;
  /** Pictures by index. */
  readonly validated: readonly number[];
  readonly tested: readonly number[];
}
