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
  /** Whether batch norm works with the batch's own statistics. Default: no. */
  readonly training?: boolean;
}

/** A forward pass in the graph: every node's value, and what its reverse needs. */
export interface Forward {
  readonly values: ReadonlyMap<string, Ref>;
  readonly emissions: ReadonlyMap<string, Emission>;
}

export function emitForward(
  network: Network,
  input: Ref,
  {
    graph,
    weight,
    forwardSlope,
    precisionOf,
    training = false,
  }: ForwardOptions,
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
      training,
    });
    emissions.set(node.name, emission);
    values.set(node.name, emission.output);
  }
  return { values, emissions };
}

export interface ReverseOptions {
  readonly graph: GraphBuilder;
  /** The backward slope the gradient rule gives a rectifier whose own slope is `own`. */
  readonly backwardSlope: (own: number) => number;
  /** Whether gradients of weights are wanted; without, operations that cannot be trained are let pass. Default: yes. */
  readonly weights?: boolean;
}

/** A reverse pass: gradients of the seeded objective. What is not fetched of it is not computed. */
export interface Gradients {
  /** With respect to a node's value, in the precision of that value; null where nothing flows. */
  of(name: string): Ref | null;
  /** With respect to the weights an operation calls trainable, in the precision of the pass, by node and name. */
  readonly weights: ReadonlyMap<string, Readonly<Record<string, Ref>>>;
}

/**
 * The gradient with respect to the network's input, seeded at some nodes.
 * `seeds`: the objective's derivative with respect to those nodes' values.
 */
export function emitReverse(
  network: Network,
  forward: Forward,
  seeds: ReadonlyMap<string, Ref>,
  options: ReverseOptions,
): Ref {
  const parts = walkBack(network, forward, seeds, options).get(inputName);
  if (!parts)
    throw new Fault(
      "unsupported-network",
      "The target does not depend on the input image.",
    );
  const { graph } = options;
  return graph.sum(parts.map((part) => graph.cast(part, "float32")));
}

/** The gradients with respect to every node's value and every trainable weight, seeded as in {@link emitReverse}. */
export function emitGradients(
  network: Network,
  forward: Forward,
  seeds: ReadonlyMap<string, Ref>,
  options: ReverseOptions,
): Gradients {
  const { graph } = options;
  const weights = new Map<string, Readonly<Record<string, Ref>>>();
  const found = new Map<string, Ref>();
  const parts = walkBack(
    network,
    forward,
    seeds,
    options,
    (node, emission, dy) => {
      found.set(node.name, dy);
      if (options.weights === false) return;
      const gradients = emission.weightAdjoint?.(dy, options);
      if (gradients) weights.set(node.name, gradients);
    },
  );
  const input = parts.get(inputName);
  if (input)
    found.set(
      inputName,
      graph.sum(input.map((part) => graph.cast(part, "float32"))),
    );
  return { of: (name) => found.get(name) ?? null, weights };
}

/** The parts that each value's gradient is the sum of. `visit`: told of each node with its whole gradient. */
function walkBack(
  network: Network,
  forward: Forward,
  seeds: ReadonlyMap<string, Ref>,
  { graph, backwardSlope }: ReverseOptions,
  visit?: (node: Node, emission: Emission, dy: Ref) => void,
): ReadonlyMap<string, readonly Ref[]> {
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
    visit?.(node, emission, dy);
    const adjoints = emission.adjoint(dy, { graph, backwardSlope });
    node.inputs.forEach((name, i) => {
      const gradient = adjoints[i];
      if (gradient) add(name, gradient);
    });
  }
  return gradients;
}

export function valueOf(values: ReadonlyMap<string, Ref>, name: string): Ref {
  const value = values.get(name);
  if (!value) throw new Fault("internal", `The graph has no value "${name}".`);
  return value;
}
