/**
 * Where the numbers that training changes lie: a few flat vectors, which the optimizer goes through in one pass each
 * instead of one a weight, and which cross into and out of the native call as a handful of tensors.
 */
import { Fault } from "../../shared/fault";
import type { Network } from "../network/network";
import type { Node, Weight } from "../network/op";

/** A weight's place in a vector. */
export interface Slot {
  /** "node/weight" */
  readonly key: string;
  readonly node: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  /** Number of values. */
  readonly size: number;
}

/** A flat vector of float32; between the slots lie a few zeros. */
export interface Vector {
  readonly name: "kernels" | "shifts" | "statistics";
  readonly slots: readonly Slot[];
  readonly length: number;
}

export interface Parameters {
  /** What weight decay acts on: kernels of convolutions and dense layers. */
  readonly kernels: Vector;
  /** Biases, and batch norm's gamma and beta. */
  readonly shifts: Vector;
  /** Batch norm's running mean and variance. */
  readonly statistics: Vector;
}

/** TensorFlow shares the memory of slices that begin at 64 bytes, in bfloat16 32 values. */
const alignment = 32;

/** Throws a Fault `unsupported-network` where there is nothing to train. */
export function layOut({ nodes, name }: Network): Parameters {
  const found = nodes.flatMap((node) =>
    Object.keys(node.weights).flatMap((weight) => {
      const vector = vectorOf(node, weight);
      return vector ? [{ vector, node, weight }] : [];
    }),
  );
  const vector = (wanted: Vector["name"]): Vector => {
    const slots: Slot[] = [];
    let offset = 0;
    for (const { vector, node, weight } of found) {
      const { shape, data } = node.weights[weight] ?? { shape: [], data: [] };
      if (vector !== wanted) continue;
      const key = `${node.name}/${weight}`;
      const size = data.length;
      slots.push({ key, node: node.name, name: weight, shape, offset, size });
      offset += Math.ceil(size / alignment) * alignment;
    }
    return { name: wanted, slots, length: offset };
  };
  const parameters = {
    kernels: vector("kernels"),
    shifts: vector("shifts"),
    statistics: vector("statistics"),
  };
  if (parameters.kernels.slots.length === 0)
    throw new Fault(
      "unsupported-network",
      `"${name}" has no convolution and no dense layer to train.`,
      "Train one of the architectures that come with Proxima.",
    );
  return parameters;
}

/** Which vector a node's weight belongs to; null where it stays as it is. */
function vectorOf(node: Node, weight: string): Vector["name"] | null {
  const { trainable = [], running = [] } = node.op;
  if (running.includes(weight)) return "statistics";
  if (!trainable.includes(weight)) return null;
  return (node.weights[weight]?.shape.length ?? 0) > 1 ? "kernels" : "shifts";
}

/** The values of weights by key, in one vector; throws a Fault `invalid-request` where one is missing or differs. */
export function gather(
  { slots, length }: Vector,
  weights: Readonly<Record<string, Weight>>,
): Float32Array {
  const values = new Float32Array(length);
  for (const { key, shape, offset } of slots) {
    const weight = weights[key];
    if (weight?.shape.join() !== shape.join())
      throw new Fault(
        "invalid-request",
        weight
          ? `The state has [${weight.shape.join()}] values of "${key}", and the network [${shape.join()}].`
          : `The state has no values of "${key}".`,
        "Go on with a state of the same network.",
      );
    values.set(weight.data, offset);
  }
  return values;
}

/** The other way: copies by key. */
export function scatter(
  { slots }: Vector,
  values: Float32Array,
): Record<string, Weight> {
  return Object.fromEntries(
    slots.map(({ key, shape, offset, size }) => [
      key,
      { shape, data: values.slice(offset, offset + size) },
    ]),
  );
}

/** All weights of a network by key; the values are shared. */
export function weightsOf({ nodes }: Network): Record<string, Weight> {
  return Object.fromEntries(
    nodes.flatMap((node) =>
      Object.entries(node.weights).map(([name, weight]) => [
        `${node.name}/${name}`,
        weight,
      ]),
    ),
  );
}
