/** A graph that is being rewritten, node by node in topological order. */
import type { Network } from "../network";
import type { Node, Op, Shape, Weight } from "../op";
import { affineOf, type BatchNormAttributes } from "../ops/batch-norm";
import * as ops from "../ops/index";

export type Graph = Pick<Network, "input" | "nodes" | "output" | "shapes">;

/** What is known of the nodes so far. Shapes are those of the original graph: rewriting never changes one. */
export interface Known {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly shapes: Graph["shapes"];
  /** Counts down with every way to read a node that is tried: a stranger's graph may be endless. */
  readonly effort: { left: number };
}

/** Whether the node has this operation, and so its attributes. */
export function is<A extends object>(
  node: Node | undefined,
  op: Op<A>,
): node is Node<A> {
  return node?.op.kind === op.kind;
}

export function shapeIn(
  { shapes }: Pick<Known, "shapes">,
  name: string,
): Shape {
  return shapes.get(name) ?? [];
}

/** The nodes the output depends on, in order. */
export function reached({
  nodes,
  output,
}: Pick<Graph, "nodes" | "output">): Node[] {
  const wanted = new Set([output]);
  const found: Node[] = [];
  for (const node of nodes.toReversed())
    if (wanted.has(node.name)) {
      found.push(node);
      for (const name of node.inputs) wanted.add(name);
    }
  return found.reverse();
}

/** How many nodes read each value; the output has one reader more. */
export function readersOf({ nodes, output }: Pick<Graph, "nodes" | "output">) {
  const readers = new Map([[output, 1]]);
  for (const { inputs } of nodes)
    for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}

/** scale x + offset, the same for all values. */
export interface Line {
  readonly scale: number;
  readonly offset: number;
}

const lines = new WeakMap<Node, Line | null>();

/** The line of a batch norm that treats all channels alike; null for any other node. */
export function lineOf(node: Node, { shapes }: Known): Line | null {
  const known = lines.get(node);
  if (known !== undefined) return known;
  const line = is<BatchNormAttributes>(node, ops.batchNorm)
    ? evenLine(node, shapes.get(node.name)?.at(-1) ?? 1)
    : null;
  lines.set(node, line);
  return line;
}

function evenLine(
  node: Node<BatchNormAttributes>,
  channels: number,
): Line | null {
  const uneven = Object.values(node.weights).some(
    (weight) => uniform(weight) === null,
  );
  if (uneven) return null;
  const { scale, offset } = affineOf(node, Math.min(1, channels));
  return { scale: scale[0] ?? 1, offset: offset[0] ?? 0 };
}

/** The one value of a weight; null where there are several. */
export function uniform({ data }: Weight): number | null {
  const [first] = data;
  if (first === undefined) return null;
  for (let i = 1; i < data.length; i++) if (data[i] !== first) return null;
  return first;
}
