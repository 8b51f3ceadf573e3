import { icons } from "../../lib/icons";
import type { Workspace } from "../../lib/workspace";
import Library from "./Library.svelte";

export const library: Workspace = {
  id: "library",
  title: "Library",
  icon: icons.library,
  component: Library,
};
