import { icons } from "../../lib/icons";
import type { Workspace } from "../../lib/workspace";
import Lab from "./Lab.svelte";

export const lab: Workspace = {
  id: "lab",
  title: "Lab",
  icon: icons.lab,
  component: Lab,
  running: ({ lab, training }) => lab.running || training.running !== null,
};
