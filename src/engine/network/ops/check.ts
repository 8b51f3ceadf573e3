/** What operations say when inputs, attributes or weights do not fit. */
import { Fault } from "../../../shared/fault";
import type { Node, Shape, Weight } from "../op";

/** The network is sound but asks for something Proxima cannot do. */
export function refuse(node: Node, found: string, supported: string): never {
  throw new Fault(
    "unsupported-network",
    `Node "${node.name}" (${node.op.kind}): ${found}`,
    supported,
  );
}

/** The file contradicts itself. */
export function damaged(node: Node, found: string): never {
  throw new Fault(
    "damaged-file",
    `Node "${node.name}" (${node.op.kind}): ${found}`,
    "Export the network again.",
  );
}

export function spell(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** The one input's shape. */
export function single(inputs: readonly Shape[], node: Node): Shape {
  const [shape, ...others] = inputs;
  if (!shape || others.length > 0)
    damaged(node, `it has ${inputs.length} inputs and takes one.`);
  return shape;
}

/** The one input's shape, which must be a map. */
export function singleMap(
  inputs: readonly Shape[],
  node: Node,
): readonly [number, number, number] {
  const shape = single(inputs, node);
  const [height, width, channels] = shape;
  if (
    shape.length !== 3 ||
    height === undefined ||
    width === undefined ||
    channels === undefined
  )
    refuse(
      node,
      `its input has the shape ${spell(shape)}.`,
      "It works on maps [height, width, channel].",
    );
  return [height, width, channels];
}

/** The number of channels or features of a shape: its last dimension. */
export function channelsOf(shape: Shape, node: Node): number {
  const channels = shape[shape.length - 1];
  if (channels === undefined) damaged(node, "its input has no dimensions.");
  return channels;
}

/** An axis of a shape as a number from 0 on; negative ones count from the end. */
export function wholeAxis(node: Node, axis: number, shape: Shape): number {
  const whole = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(whole) || whole < 0 || whole >= shape.length)
    damaged(node, `its input ${spell(shape)} has no axis ${axis}.`);
  return whole;
}

export function count(shape: Shape): number {
  return shape.reduce((product, d) => product * d, 1);
}

/** A weight of the node with these dimensions; null in `dimensions` takes any size. */
export function weightOf(
  node: Node,
  name: string,
  dimensions: readonly (number | null)[],
): Weight {
  const weight = node.weights[name];
  if (!weight) damaged(node, `the weight "${name}" is missing.`);
  const fits =
    weight.shape.length === dimensions.length &&
    dimensions.every((d, i) => d === null || d === weight.shape[i]);
  if (!fits)
    damaged(
      node,
      `the weight "${name}" has the shape ${spell(weight.shape)}, expected [${dimensions.map((d) => d ?? "any").join(", ")}].`,
    );
  if (weight.data.length !== count(weight.shape))
    damaged(
      node,
      `the weight "${name}" holds ${weight.data.length} values and its shape asks for ${count(weight.shape)}.`,
    );
  return weight;
}

export function optionalWeightOf(
  node: Node,
  name: string,
  dimensions: readonly (number | null)[],
): Weight | undefined {
  return node.weights[name] ? weightOf(node, name, dimensions) : undefined;
}
