import { Fault } from "../../../shared/fault";
import type { Network } from "../../network/network";
import type { Node } from "../../network/op";
import {
  add,
  conv2d,
  convTranspose2d,
  depthwiseConv2d,
} from "../../network/ops/index";

const convolutions: readonly string[] = [
  conv2d.kind,
  depthwiseConv2d.kind,
  convTranspose2d.kind,
];

/**
 * The convolution after which gradients are measured: the first of the first residual block, or of a network without
 * such blocks the second one (the only one, where there is no second).
 * A residual block ends in the first sum of two branches that part at one value and do not both go without a
 * convolution; of the branches, the one with more convolutions counts, so that a shortcut's is not taken.
 * Throws a Fault `unsupported-network` where there is no convolution.
 */
export function firstConvolution({ nodes, name }: Network): string {
  const ancestors = new Map<string, ReadonlySet<string>>();
  for (const node of nodes) {
    const before = new Set(node.inputs);
    for (const input of node.inputs)
      for (const far of ancestors.get(input) ?? []) before.add(far);
    ancestors.set(node.name, before);
    if (node.op.kind !== add.kind) continue;
    const found = firstOfBlock(node, nodes, ancestors);
    if (found) return found;
  }
  const all = nodes.filter(isConvolution);
  const chosen = all[1] ?? all[0];
  if (!chosen)
    throw new Fault(
      "unsupported-network",
      `"${name}" has no convolution, after which the gradient would be measured.`,
      "Open a convolutional network, or measure the random ResNet-18.",
    );
  return chosen.name;
}

function firstOfBlock(
  sum: Node,
  nodes: readonly Node[],
  ancestors: ReadonlyMap<string, ReadonlySet<string>>,
): string | null {
  // what leads to an input, itself included
  const leading = sum.inputs.map(
    (input) => new Set([input, ...(ancestors.get(input) ?? [])]),
  );
  const branches = leading.map((own) =>
    nodes.filter(
      (node) =>
        isConvolution(node) &&
        own.has(node.name) &&
        !leading.every((branch) => branch.has(node.name)),
    ),
  );
  const longest = branches.reduce((a, b) => (b.length > a.length ? b : a), []);
  return longest[0]?.name ?? null;
}

function isConvolution({ op }: Node): boolean {
  return convolutions.includes(op.kind);
}
