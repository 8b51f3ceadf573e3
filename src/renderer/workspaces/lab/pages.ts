import type { Component } from "svelte";
import type { Head } from "../../../shared/domain";
import { unitWords } from "../../../shared/head";
import type { ExperimentId } from "../../../shared/lab";
import { capital } from "../../lib/words";
import type { AppState } from "../../state/app.svelte";
import Backward from "./pages/backward/Backward.svelte";
import BatchNormInputs from "./pages/batch-norm-inputs/BatchNormInputs.svelte";
import ClassTable from "./pages/class-table/ClassTable.svelte";
import Collapse from "./pages/collapse/Collapse.svelte";
import GradientMagnitude from "./pages/gradient-magnitude/GradientMagnitude.svelte";
import Moments from "./pages/moments/Moments.svelte";
import Sweep from "./pages/sweep/Sweep.svelte";
import Toys from "./pages/toys/Toys.svelte";
import Training from "./pages/training/Training.svelte";

export interface LabPageEntry {
  /** What is remembered; stays when the title changes. */
  readonly id: string;
  readonly title: string;
  /** The title where the open network's output means something else. */
  readonly titleFor?: (head: Head) => string;
  /** The table, figure or section of the paper. */
  readonly of: string;
  /** The experiment whose run shows in the list; null for a page with a state of its own. */
  readonly experiment: ExperimentId | null;
  /** Whether it runs, for a page with a state of its own. */
  readonly running?: (app: AppState) => boolean;
  readonly component: Component<{ title: string }>;
}

/** The Lab's list, top to bottom. A page is a folder in `pages/` and a row here. */
export const labPages: readonly LabPageEntry[] = [
  {
    id: "toys",
    title: "White-image toys",
    of: "Table 1",
    experiment: "toy",
    component: Toys,
  },
  {
    id: "sweep",
    title: "Slope sweep",
    of: "Fig. 2",
    experiment: "sweep",
    component: Sweep,
  },
  {
    id: "class-table",
    title: "Class table",
    titleFor: (head) => `${capital(unitWords(head)[0])} table`,
    of: "Table 3",
    experiment: "class-table",
    component: ClassTable,
  },
  {
    id: "collapse",
    title: "Collapse",
    of: "Fig. 3",
    experiment: "class-table",
    component: Collapse,
  },
  {
    id: "gradient-magnitude",
    title: "Gradient magnitude",
    of: "Table 5",
    experiment: "gradient-magnitude",
    component: GradientMagnitude,
  },
  {
    id: "batch-norm-inputs",
    title: "Batch-norm inputs",
    of: "Fig. 4",
    experiment: "batch-norm-inputs",
    component: BatchNormInputs,
  },
  {
    id: "moments",
    title: "Moments",
    of: "Sec. 11.3",
    experiment: "moments",
    component: Moments,
  },
  {
    id: "backward",
    title: "Backward by hand",
    of: "Table 2",
    experiment: "backward",
    component: Backward,
  },
  {
    id: "training",
    title: "Training",
    of: "Table 4",
    experiment: null,
    running: ({ training }) => training.running !== null,
    component: Training,
  },
];
