/** Whether any gradient reaches the input past operations that let none through. */
import { Fault } from "../../shared/fault";
import { inputName } from "../network/network";
import type { Node } from "../network/op";
import * as ops from "../network/ops/index";

/**
 * Throws a Fault `unsupported-network` where every way from the output to the input leads through a stopped gradient.
 * `nodes`: those the output depends on, in topological order.
 */
export function needGradient(nodes: readonly Node[], output: string): void {
  const stops = nodes.filter(({ op }) => op.kind === ops.stopGradient.kind);
  const [first] = stops;
  if (!first) return;
  const flowing = new Set([output]);
  for (const node of nodes.toReversed())
    if (flowing.has(node.name) && node.op.kind !== ops.stopGradient.kind)
      for (const name of node.inputs) flowing.add(name);
  if (flowing.has(inputName)) return;
  throw new Fault(
    "unsupported-network",
    `No gradient reaches the input: every way to it leads through ${stops.length === 1 ? `"${first.name}", which stops` : `${stops.length} operations such as "${first.name}", which stop`} gradients.`,
    "Save the network without stop_gradient.",
  );
}
