import type { Node } from "./op";
import * as ops from "./ops/index";
import { mergeAffine } from "./simplify/affine";
import { spelledOut } from "./simplify/activations";
import { reached, type Graph } from "./simplify/graph";
import { normalization } from "./simplify/norms";

/**
 * The same function in the operations it was meant in. Files spell activations and normalizations out (ReLU6 as a
 * minimum and a maximum, GELU by erf or tanh, layer norm in nine steps, a bias as an addition); here they become one
 * node again, of the name of the last step, so that reports count them, gradient rules find their rectifiers,
 * and a step takes less time. What is not recognised stays as it is.
 */
export function simplify(graph: Graph): Graph {
  const nodes = new Map<string, Node>();
  const standsFor = new Map<string, string>();
  const follow = (name: string) => standsFor.get(name) ?? name;
  const known = { nodes, shapes: graph.shapes, effort: { left: mostEffort } };
  const twins = new Map<string, string>();
  for (const original of graph.nodes) {
    const node = { ...original, inputs: original.inputs.map(follow) };
    const key = keyOf(node);
    const twin = key === null ? undefined : twins.get(key);
    if (twin !== undefined) {
      standsFor.set(node.name, follow(twin));
      continue;
    }
    if (key !== null) twins.set(key, node.name);
    const meant = spelledOut(node, known) ?? normalization(node, known) ?? node;
    if (typeof meant !== "string") nodes.set(node.name, meant);
    // an output of its own keeps its name
    else if (node.name === graph.output) nodes.set(node.name, node);
    else standsFor.set(node.name, meant);
  }
  const output = follow(graph.output);
  const slim = { ...graph, output, nodes: [...nodes.values()] };
  return mergeAffine({ ...slim, nodes: reached(slim) });
}

/** Ways to read a node that are tried; far more than any network has, and soon done. */
const mostEffort = 100_000;

/** Steps of spelled-out operations; where two have the same inputs they are one. Activations are left as many as they are. */
const plain: ReadonlySet<string> = new Set(
  [
    ops.add,
    ops.subtract,
    ops.multiply,
    ops.divide,
    ops.maximum,
    ops.minimum,
    ops.square,
    ops.sqrt,
    ops.rsqrt,
    ops.negate,
    ops.reciprocal,
    ops.exp,
    ops.log,
    ops.erf,
    ops.reduce,
  ].map((op) => op.kind),
);

function keyOf({ op, inputs, attributes }: Node): string | null {
  if (!plain.has(op.kind)) return null;
  return JSON.stringify([op.kind, inputs, attributes]);
}
