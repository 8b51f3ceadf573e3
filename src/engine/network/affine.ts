/** What scales and shifts every channel by numbers of its own: batch norm, and arithmetic with constants. */
import type { Node, Shape } from "./op";
import { affineOf, type BatchNormAttributes } from "./ops/batch-norm";
import * as ops from "./ops/index";

/** scale x + offset along the last dimension of the value `input`, in float64. */
export interface Affine {
  readonly input: string;
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

/** Null where the node is something else. */
export function affineAlongChannels(
  node: Node,
  nodes: ReadonlyMap<string, Node>,
  shapes: ReadonlyMap<string, Shape>,
): Affine | null {
  const shape = shapes.get(node.name) ?? [];
  const channels = shape[shape.length - 1] ?? 0;
  if (isBatchNorm(node)) {
    const [input = ""] = node.inputs;
    return { input, ...affineOf(node, channels) };
  }
  const [a = "", b = "", ...more] = node.inputs;
  if (node.inputs.length !== 2 || more.length > 0) return null;
  const [left, right] = [a, b].map((name) =>
    channelsOf(nodes.get(name), channels),
  );
  const input = right ? a : b;
  const values = right ?? left;
  // the constant must not be what gives the value its shape
  if (!values || shapes.get(input)?.join() !== shape.join()) return null;
  const fill = (value: number) => new Float64Array(channels).fill(value);
  switch (node.op.kind) {
    case ops.add.kind:
      return { input, scale: fill(1), offset: values };
    case ops.multiply.kind:
      return { input, scale: values, offset: fill(0) };
    case ops.subtract.kind:
      return right
        ? { input, scale: fill(1), offset: values.map((v) => -v) }
        : { input, scale: fill(-1), offset: values };
    case ops.divide.kind:
      return right && values.every((v) => v !== 0)
        ? { input, scale: values.map((v) => 1 / v), offset: fill(0) }
        : null;
    default:
      return null;
  }
}

/** The values of a constant that has one a channel, or one for all. */
function channelsOf(
  node: Node | undefined,
  channels: number,
): Float64Array | null {
  const value = node?.op.kind === ops.constant.kind && node.weights["value"];
  if (!value) return null;
  const { data } = value;
  const last = value.shape[value.shape.length - 1] ?? 0;
  if (data.length !== last || (last !== 1 && last !== channels)) return null;
  return Float64Array.from({ length: channels }, (_, i) => data[i % last] ?? 0);
}

function isBatchNorm(node: Node): node is Node<BatchNormAttributes> {
  return node.op.kind === ops.batchNorm.kind;
}
