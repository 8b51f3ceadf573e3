/** Batch norms and arithmetic with constants, put together as people know them: a layer and its bias, one normalization. */
import { node as makeNode, type Node, type Weight } from "../op";
import { affineOf, type BatchNormAttributes } from "../ops/batch-norm";
import type { LayerNormAttributes } from "../ops/index";
import * as ops from "../ops/index";
import { is, readersOf, type Graph } from "./graph";

/** Their last dimension runs over the output's channels, and their bias is added along it. */
const linear: readonly string[] = [
  ops.conv2d.kind,
  ops.convTranspose2d.kind,
  ops.depthwiseConv2d.kind,
  ops.dense.kind,
];

/** Merges a node into the one before it wherever nothing else reads that; it keeps the later name. */
export function mergeAffine(graph: Graph): Graph {
  const readers = readersOf(graph);
  const nodes = new Map<string, Node>();
  for (const node of graph.nodes) {
    const first = nodes.get(node.inputs[0] ?? "");
    const alone = first && readers.get(first.name) === 1;
    const merged = alone ? mergedInto(first, node, graph.shapes) : null;
    if (first && merged) nodes.delete(first.name);
    nodes.set(node.name, merged ?? node);
  }
  return { ...graph, nodes: [...nodes.values()] };
}

function mergedInto(
  first: Node,
  second: Node,
  shapes: Graph["shapes"],
): Node | null {
  if (!is<BatchNormAttributes>(second, ops.batchNorm)) return null;
  const channels = shapes.get(second.name)?.at(-1) ?? 0;
  const { scale, offset } = affineOf(second, channels);
  const shifts = isPlain(second) && scale.every((s) => s === 1);
  if (linear.includes(first.op.kind) && shifts) {
    const { bias, ...others } = first.weights;
    const sum = offset.map((o, i) => o + (bias?.data[i] ?? 0));
    return {
      ...first,
      name: second.name,
      weights: { ...others, bias: vector(sum) },
    };
  }
  if (is<LayerNormAttributes>(first, ops.layerNorm)) {
    if (first.attributes.dimensions !== 1) return null;
    const { gamma, beta } = first.weights;
    return renamed(first, second, {
      gamma: scale.map((s, i) => s * (gamma?.data[i] ?? 1)),
      beta: offset.map((o, i) => o + (scale[i] ?? 1) * (beta?.data[i] ?? 0)),
    });
  }
  // two normalizations with statistics stay two
  if (
    !is<BatchNormAttributes>(first, ops.batchNorm) ||
    !(isPlain(first) || isPlain(second))
  )
    return null;
  const inner = affineOf(first, channels);
  return makeNode(
    ops.batchNorm,
    second.name,
    first.inputs,
    { epsilon: 0 },
    both({
      gamma: scale.map((s, i) => s * (inner.scale[i] ?? 1)),
      beta: offset.map((o, i) => o + (scale[i] ?? 1) * (inner.offset[i] ?? 0)),
    }),
  );
}

/** Only arithmetic with constants, no statistics. */
function isPlain({ weights }: Node): boolean {
  return !weights["mean"] && !weights["variance"];
}

interface Both {
  readonly gamma: Float64Array;
  readonly beta: Float64Array;
}

function renamed(first: Node, second: Node, weights: Both): Node {
  return { ...first, name: second.name, weights: both(weights) };
}

/** What does nothing is left out. */
function both({ gamma, beta }: Both): Record<string, Weight> {
  return {
    ...(gamma.some((g) => g !== 1) && { gamma: vector(gamma) }),
    ...(beta.some((b) => b !== 0) && { beta: vector(beta) }),
  };
}

function vector(values: Float64Array): Weight {
  return { shape: [values.length], data: Float32Array.from(values) };
}
