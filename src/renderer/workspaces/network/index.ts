import { icons } from "../../lib/icons";
import type { Workspace } from "../../lib/workspace";
import NetworkPage from "./NetworkPage.svelte";

export const network: Workspace = {
  id: "network",
  title: "Network",
  icon: icons.network,
  component: NetworkPage,
};
