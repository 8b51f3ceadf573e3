import type { Workspace } from "../lib/workspace";
import { compare } from "./compare";
import { lab } from "./lab";
import { library } from "./library";
import { network } from "./network";

/** The rail, top to bottom. A workspace is a folder here and a line in this table. */
export const workspaces: readonly Workspace[] = [
  compare,
  network,
  lab,
  library,
];
