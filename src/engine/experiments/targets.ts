/** What experiments climb, and what it is called. */
import { experimentClasses } from "../../shared/class-sets";
import type { Target } from "../../shared/domain";
import { unitWords } from "../../shared/head";
import { targetOfLab, type LabTarget } from "../../shared/lab/targets";
import { logitTarget, titleTarget } from "../../shared/target";
import { classCount, type Network } from "../network/network";
import type { World } from "./experiment";

/** The targets of some settings; where they name none, the classes that stand for a network. */
export function targetsOf(
  { targets }: { readonly targets: readonly LabTarget[] | null },
  network: Network,
): Target[] {
  return (
    targets?.map(targetOfLab) ??
    experimentClasses(network.labels, classCount(network)).map((index) =>
      logitTarget(index),
    )
  );
}

/** "lion", "−lion"; "output 3" where it has no name. */
export function titleOf(
  target: Target,
  network: Network,
  { head }: Pick<World, "head">,
): string {
  const [one] = unitWords(head);
  return titleTarget(
    network.labels[target.index] ?? `${one} ${target.index}`,
    target,
  );
}
