import type { Network } from "./network";
import { inferShapes, inputName } from "./network";
import { node as makeNode, type Node, type Shape, type Weight } from "./op";
import { affineOf, type BatchNormAttributes } from "./ops/batch-norm";
import type { Conv2dAttributes } from "./ops/conv2d";
import * as ops from "./ops/index";
import type { ZeroPadAttributes } from "./ops/zero-pad";

/**
 * The same function in fewer operations, for computing: batch norm goes into the convolution or dense
 * before it, zero padding into the convolution after it, and what changes nothing goes away.
 * A merged node has the name of the last of its parts, so every name left means the value it meant before.
 * Weights are combined in float64. The rectifiers stay as they are. For reports keep the original.
 */
export function fold(network: Network): Network {
  const slim = withoutIdentities(network);
  const padded = merge(slim, mergePadding);
  const nodes = merge(padded, mergeBatchNorm);
  const output = nodes.output;
  return {
    ...network,
    output,
    nodes: nodes.nodes,
    shapes: inferShapes(network.input, nodes.nodes),
  };
}

type Graph = Pick<Network, "nodes" | "output" | "shapes">;

/** Takes out nodes that hand their one input on. The output's name moves to what it stood for. */
function withoutIdentities(network: Network): Graph {
  const standsFor = new Map<string, string>();
  const follow = (name: string) => standsFor.get(name) ?? name;
  const nodes: Node[] = [];
  for (const node of network.nodes) {
    const inputs = node.inputs.map(follow);
    const [only] = inputs;
    if (only !== undefined && only !== inputName && isIdentity(network, node))
      standsFor.set(node.name, only);
    else nodes.push({ ...node, inputs });
  }
  return { nodes, output: follow(network.output), shapes: network.shapes };
}

function isIdentity(network: Network, node: Node): boolean {
  if (node.inputs.length !== 1) return false;
  const shapeOf = (name: string | undefined): Shape | undefined =>
    name === undefined ? undefined : network.shapes.get(name);
  const unchanged =
    shapeOf(node.name)?.join() === shapeOf(node.inputs[0])?.join();
  if (!unchanged) return false;
  const handsOn: readonly string[] = [
    ops.add.kind,
    ops.multiply.kind,
    ops.concat.kind,
    ops.reshape.kind,
    ops.flatten.kind,
    ops.zeroPad.kind,
  ];
  return handsOn.includes(node.op.kind);
}

/** Replaces a node and the one before it by one node wherever `join` can and nothing else reads the first. */
function merge(
  graph: Graph,
  join: (first: Node, second: Node, shapes: Graph["shapes"]) => Node | null,
): Graph {
  const readers = new Map<string, number>([[graph.output, 1]]);
  for (const node of graph.nodes)
    for (const name of node.inputs)
      readers.set(name, (readers.get(name) ?? 0) + 1);
  const nodes = new Map<string, Node>();
  for (const node of graph.nodes) {
    const first = nodes.get(node.inputs[0] ?? "");
    const joined =
      first && readers.get(first.name) === 1 && node.inputs.length === 1
        ? join(first, node, graph.shapes)
        : null;
    if (first && joined) nodes.delete(first.name);
    nodes.set(node.name, joined ?? node);
  }
  return { ...graph, nodes: [...nodes.values()] };
}

/** Kernels whose last dimensions run over the output channels. */
const linear: readonly string[] = [
  ops.conv2d.kind,
  ops.depthwiseConv2d.kind,
  ops.dense.kind,
];

/** scale (W x + b) + offset = (scale W) x + (scale b + offset) */
function mergeBatchNorm(
  first: Node,
  second: Node,
  shapes: Graph["shapes"],
): Node | null {
  const { kernel, bias } = first.weights;
  if (!linear.includes(first.op.kind) || !kernel || !isBatchNorm(second))
    return null;
  const shape = shapes.get(second.name) ?? [];
  const channels = shape[shape.length - 1] ?? 0;
  const { scale, offset } = affineOf(second, channels);
  const scaled: Weight = {
    shape: kernel.shape,
    data: kernel.data.map((w, i) => w * (scale[i % channels] ?? 1)),
  };
  const moved: Weight = {
    shape: [channels],
    data: Float32Array.from(
      offset,
      (o, i) => o + (scale[i] ?? 1) * (bias?.data[i] ?? 0),
    ),
  };
  return makeNode(first.op, second.name, first.inputs, first.attributes, {
    kernel: scaled,
    bias: moved,
  });
}

function isBatchNorm(node: Node): node is Node<BatchNormAttributes> {
  return node.op.kind === ops.batchNorm.kind;
}
function isZeroPad(node: Node): node is Node<ZeroPadAttributes> {
  return node.op.kind === ops.zeroPad.kind;
}
/** Plain or depthwise: both keep their padding in the attributes. */
function isConvolution(node: Node): node is Node<Conv2dAttributes> {
  return (
    node.op.kind === ops.conv2d.kind ||
    node.op.kind === ops.depthwiseConv2d.kind
  );
}

function mergePadding(first: Node, second: Node): Node | null {
  if (!isZeroPad(first) || !isConvolution(second)) return null;
  const { padding } = second.attributes;
  // SAME would look at the size after the padding; nobody writes that.
  if (padding === "same") return null;
  const [rows, columns] = first.attributes.padding;
  const [down, across] = padding === "valid" ? noPadding : padding;
  const sum: ops.Pads = [
    [rows[0] + down[0], rows[1] + down[1]],
    [columns[0] + across[0], columns[1] + across[1]],
  ];
  return {
    ...second,
    inputs: first.inputs,
    attributes: { ...second.attributes, padding: sum },
  };
}

const noPadding: ops.Pads = [
  [0, 0],
  [0, 0],
];
