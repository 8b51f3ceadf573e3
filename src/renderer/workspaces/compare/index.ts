import { icons } from "../../lib/icons";
import type { Workspace } from "../../lib/workspace";
import Compare from "./Compare.svelte";

export const compare: Workspace = {
  id: "compare",
  title: "Compare",
  icon: icons.compare,
  component: Compare,
};
