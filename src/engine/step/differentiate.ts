/** The forward and the reverse pass of a network as graph nodes. */
import { inputName, type Network } from "../network/network";
import type { Emission, Node } from "../network/op";
import { Fault } from "../../shared/fault";
import type { GraphBuilder, Ref } from "./graph";

export interface ForwardOptions {
  readonly graph: GraphBuilder;
  /** A node's weight as a graph value in the precision of this pass. */
  readonly weight: (node: Node, name: string) => Ref;
  readonly forwardSlope: (own: number) => number;
  /** The precision of a node's computation; its inputs are cast to it. */
  readonly precisionOf: (node: Node) => "float32" | "bfloat16";
}

/** A forward pass in the graph: every node's value, and what its reverse needs. */
export interface Forward {
  readonly values: ReadonlyMap<string, Ref>;
  readonly emissions: ReadonlyMap<string, Emission>;
}

export function emitForward(
  network: Network,
  input: Ref,
  { graph, weight, forwardSlope, precisionOf }: ForwardOptions,
): Forward {
  const values = new Map<string, Ref>([[inputName, input]]);
  const emissions = new Map<string, Emission>();
  for (const node of network.nodes) {
    const precision = precisionOf(node);
    const inputs = node.inputs.map((name) =>
      graph.cast(valueOf(values, name), precision),
    );
    const emission = node.op.emit(inputs, node, {
      graph,
      weight,
      forwardSlope,
    });
    emissions.set(node.name, emission);
    values.set(node.name, emission.output);
  }
  return { values, emissions };
}

/**
 * The gradient with respect to the network's input, seeded at some nodes.
 * `seeds`: the objective's derivative with respect to those nodes' values.
 */
export function emitReverse(
  network: Network,
  forward: Forward,
  seeds: ReadonlyMap<string, Ref>,
  {
    graph,
    backwardSlope,
  }: { graph: GraphBuilder; backwardSlope: (own: number) => number },
): Ref {
  const gradients = new Map<string, Ref[]>();
  const add = (name: string, gradient: Ref) => {
    const parts = gradients.get(name);
    if (parts) parts.push(gradient);
    else gradients.set(name, [gradient]);
  };
  for (const [name, seed] of seeds) add(name, seed);
  for (const node of network.nodes.toReversed()) {
    const parts = gradients.get(node.name);
    const emission = forward.emissions.get(node.name);
    if (!parts || !emission) continue;
    const { dtype } = emission.output;
    const dy = graph.sum(parts.map((part) => graph.cast(part, dtype)));
    const adjoints = emission.adjoint(dy, { graph, backwardSlope });
    node.inputs.forEach((name, i) => {
      const gradient = adjoints[i];
      if (gradient) add(name, gradient);
    });
  }
  const parts = gradients.get(inputName);
  if (!parts)
    throw new Fault(
      "unsupported-network",
      "The target does not depend on the input image.",
    );
  return graph.sum(parts.map((part) => graph.cast(part, "float32")));
}

export function valueOf(values: ReadonlyMap<string, Ref>, name: string): Ref {
  const value = values.get(name);
  if (!value) throw new Fault("internal", `The graph has no value "${name}".`);
  return value;
}
