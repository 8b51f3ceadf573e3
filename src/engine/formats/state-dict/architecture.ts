/** The architecture's name that a file beside the weights gives, held against what the weights would be built as. */
import type { AssumptionValues } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { exportAdvice } from "./advice";
import type { Beside } from "./assumptions";
import type { Family } from "./family";

/**
 * What the name says of choices that weights leave open.
 * Throws a Fault `unsupported-network` for the name of a network that the family does not build.
 */
export function impliedBy(
  beside: Beside | null,
  { title, architectures }: Family,
): AssumptionValues {
  const name = beside?.architecture;
  if (beside == null || name == null || !architectures) return {};
  // timm's "resnet50.a1_in1k": what follows the dot names the training
  const [bare = ""] = name.split(".");
  const found = architectures.find(([pattern]) => pattern.test(bare));
  if (found?.[1]) return found[1];
  throw new Fault(
    "unsupported-network",
    `${beside.source} says that the network is ${name.slice(0, 100)}: its keys are those of ${title}, which is another network.`,
    exportAdvice,
  );
}
