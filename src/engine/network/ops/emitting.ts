/** Small pieces of graph that several operations emit. */
import type { Attribute, GraphBuilder, Ref } from "../../step/graph";
import type { Pads, Pair } from "./window";
import { isZero } from "./window";

/** Batch size and map of a value [batch, height, width, channel]. */
export function mapOf(x: Ref): readonly [number, number, number, number] {
  const [batch, height, width, channels] = x.shape;
  if (
    batch === undefined ||
    height === undefined ||
    width === undefined ||
    channels === undefined ||
    x.shape.length !== 4
  )
    throw new RangeError(`[${x.shape.join()}] is not a batch of maps`);
  return [batch, height, width, channels];
}

export function batchOf(x: Ref): number {
  const batch = x.shape[0];
  if (batch === undefined) throw new RangeError("a value without a batch");
  return batch;
}

/** The one input of an operation with one input. */
export function only<T>(inputs: readonly T[]): T {
  const first = inputs[0];
  if (first === undefined) throw new RangeError("an operation without input");
  return first;
}

/** Pads height and width with a constant. */
export function pad(graph: GraphBuilder, x: Ref, pads: Pads, value = 0): Ref {
  if (isZero(pads)) return x;
  const [batch, height, width, channels] = mapOf(x);
  const [[top, bottom], [left, right]] = pads;
  const amounts = graph.ints([0, 0, top, bottom, left, right, 0, 0], [4, 2]);
  const shape = [batch, height + top + bottom, width + left + right, channels];
  const types: Record<string, Attribute> = {
    T: { type: x.dtype },
    Tpaddings: { type: "int32" },
  };
  if (value === 0) return graph.add("Pad", [x, amounts], types, { shape });
  const constant = graph.scalar(value, floatOf(x));
  return graph.add("PadV2", [x, amounts, constant], types, { shape });
}

/** The reverse of {@link pad} for a gradient: takes the padding off. */
export function crop(graph: GraphBuilder, x: Ref, pads: Pads): Ref {
  if (isZero(pads)) return x;
  const [batch, height, width, channels] = mapOf(x);
  const [[top, bottom], [left, right]] = pads;
  return graph.slice(
    x,
    [0, top, left, 0],
    [batch, height - top - bottom, width - left - right, channels],
  );
}

/** [1, height, width, 1] as TensorFlow's attributes want it. */
export function spatial(pair: Pair): Attribute {
  return { ints: [1, pair[0], pair[1], 1] };
}

/** The precision of a value that is a float. */
export function floatOf(x: Ref): "float32" | "bfloat16" {
  return x.dtype === "bfloat16" ? "bfloat16" : "float32";
}

/** Sum or mean in float32 whatever the precision: bfloat16 loses small summands. */
export function reduceExactly(
  graph: GraphBuilder,
  op: "Sum" | "Mean",
  x: Ref,
  axes: readonly number[],
  keepDims: boolean,
): Ref {
  const wide = graph.cast(x, "float32");
  return graph.cast(graph.reduce(op, wide, axes, keepDims), x.dtype);
}

/** The gradient of a broadcast: sums over the axes along which `shape` was repeated. */
export function sumTo(
  graph: GraphBuilder,
  gradient: Ref,
  shape: readonly number[],
): Ref {
  const axes = gradient.shape.flatMap((d, i) => (d !== shape[i] ? [i] : []));
  if (axes.length === 0) return gradient;
  return reduceExactly(graph, "Sum", gradient, axes, true);
}

/** x times a number. */
export function scale(graph: GraphBuilder, x: Ref, factor: number): Ref {
  if (factor === 1) return x;
  return graph.binary("Mul", x, graph.scalar(factor, floatOf(x)));
}

/** Adds a bias along the last dimension; TensorFlow fuses it with the convolution before it. */
export function biasAdd(graph: GraphBuilder, x: Ref, bias: Ref): Ref {
  return graph.add(
    "BiasAdd",
    [x, bias],
    { T: { type: x.dtype }, data_format: { string: "NHWC" } },
    { shape: x.shape },
  );
}
