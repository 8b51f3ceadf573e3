import type { Component } from "svelte";
import type { ExperimentId } from "../../../shared/lab";
import Backward from "./pages/backward/Backward.svelte";
import Moments from "./pages/moments/Moments.svelte";
import Sweep from "./pages/sweep/Sweep.svelte";
import Toys from "./pages/toys/Toys.svelte";

export interface LabPageEntry {
  /** What is remembered; stays when the title changes. */
  readonly id: string;
  readonly title: string;
  /** The table, figure or section of the paper. */
  readonly of: string;
  /** The experiment whose run shows in the list; null for a page with a state of its own. */
  readonly experiment: ExperimentId | null;
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
    id: "moments",
    title: "Moments",
    of: "11.3",
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
];
