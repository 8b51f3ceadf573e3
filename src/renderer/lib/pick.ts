/**
 * A pick: a target as one number, for lists, keys and what is remembered. A class that is maximised is its index, one
 * that is minimised -1 - index, so that both fit into one list.
 */
import type { Target } from "../../shared/domain";
import { logitTarget } from "../../shared/target";

export function pickOf({ index, minimise }: Target): number {
  return minimise ? -1 - index : index;
}

export function targetOfPick(pick: number): Target {
  return pick < 0 ? logitTarget(-1 - pick, true) : logitTarget(pick);
}

/** The class of a pick. */
export function indexOfPick(pick: number): number {
  return pick < 0 ? -1 - pick : pick;
}

/** The same class the other way round. */
export function oppositePick(pick: number): number {
  return -1 - pick;
}
