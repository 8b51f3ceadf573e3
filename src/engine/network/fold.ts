import type { Network } from "./network";
import { inferShapes, inputName } from "./network";
import { affineAlongChannels } from "./affine";
import { isIdentity } from "./identity";
import { node as makeNode, type Node, type Weight } from "./op";
import type { Conv2dAttributes } from "./ops/conv2d";
import * as ops from "./ops/index";
import type { ZeroPadAttributes } from "./ops/zero-pad";

/**
 * The same function in fewer operations, for computing: batch norm, and constants that scale or shift channels,
 * go into the convolution or dense layer before them, zero padding into the convolution after it, and what
 * changes nothing goes away. A merged node has the name of the last of its parts, so every name left means the
 * value it meant before. Weights are combined in float64. The rectifiers stay as they are. For reports keep the
 * original.
 */
export function fold(network: Network): Network {
  const padded = merge(withoutIdentities(network), mergePadding);
  const { nodes, output } = withoutUnreadConstants(merge(padded, mergeAffine));
  return {
    ...network,
    output,
    nodes,
    shapes: inferShapes(network.input, nodes),
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
    const kept = only === inputName && node.name === network.output;
    if (only !== undefined && !kept && isIdentity(node, network.shapes))
      standsFor.set(node.name, only);
    else nodes.push({ ...node, inputs });
  }
  return { nodes, output: follow(network.output), shapes: network.shapes };
}

/** Replaces a node and one that it reads by one node wherever `join` can and nothing else reads the first. */
function merge(
  graph: Graph,
  join: (
    node: Node,
    nodes: ReadonlyMap<string, Node>,
    shapes: Graph["shapes"],
  ) => { first: Node; joined: Node } | null,
): Graph {
  const readers = readersOf(graph);
  const nodes = new Map<string, Node>();
  for (const node of graph.nodes) {
    const found = join(node, nodes, graph.shapes);
    const merges = found !== null && readers.get(found.first.name) === 1;
    if (merges) nodes.delete(found.first.name);
    nodes.set(node.name, merges ? found.joined : node);
  }
  return { ...graph, nodes: [...nodes.values()] };
}

/** How many nodes read a value; whoever asks for the output counts as one. */
function readersOf({ nodes, output }: Graph): Map<string, number> {
  const readers = new Map<string, number>([[output, 1]]);
  for (const node of nodes)
    for (const name of node.inputs)
      readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}

function withoutUnreadConstants(graph: Graph): Graph {
  const readers = readersOf(graph);
  return {
    ...graph,
    nodes: graph.nodes.filter(
      ({ name, op }) => op.kind !== ops.constant.kind || readers.has(name),
    ),
  };
}

/** Kernels whose last dimensions run over the output channels. */
const linear: readonly string[] = [
  ops.conv2d.kind,
  ops.depthwiseConv2d.kind,
  ops.dense.kind,
];

/** scale (W x + b) + offset = (scale W) x + (scale b + offset) */
function mergeAffine(
  node: Node,
  nodes: ReadonlyMap<string, Node>,
  shapes: Graph["shapes"],
): { first: Node; joined: Node } | null {
  const affine = affineAlongChannels(node, nodes, shapes);
  const first = affine && nodes.get(affine.input);
  const kernel = first?.weights["kernel"];
  if (!first || !kernel || !linear.includes(first.op.kind)) return null;
  const { scale, offset } = affine;
  const channels = scale.length;
  const { bias } = first.weights;
  const scaled: Weight = scale.every((s) => s === 1)
    ? kernel
    : {
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
  return {
    first,
    joined: makeNode(first.op, node.name, first.inputs, first.attributes, {
      kernel: scaled,
      bias: moved,
    }),
  };
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

function mergePadding(
  second: Node,
  nodes: ReadonlyMap<string, Node>,
): { first: Node; joined: Node } | null {
  const first = nodes.get(second.inputs[0] ?? "");
  if (!first || !isZeroPad(first) || !isConvolution(second)) return null;
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
    first,
    joined: {
      ...second,
      inputs: first.inputs,
      attributes: { ...second.attributes, padding: sum },
    },
  };
}

const noPadding: ops.Pads = [
  [0, 0],
  [0, 0],
];
