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
  return padAxes(graph, x, [[0, 0], ...pads, [0, 0]], value);
}

/** Pads every axis, the batch included, by [before, after]. */
export function padAxes(
  graph: GraphBuilder,
  x: Ref,
  amounts: readonly Pair[],
  value = 0,
): Ref {
  if (amounts.every(([before, after]) => before === 0 && after === 0)) return x;
  const inputs = [x, graph.ints(amounts.flat(), [amounts.length, 2])];
  const shape = x.shape.map((d, i) => {
    const [before, after] = amounts[i] ?? [0, 0];
    return before + d + after;
  });
  const types: Record<string, Attribute> = {
    T: { type: x.dtype },
    Tpaddings: { type: "int32" },
  };
  if (value === 0) return graph.add("Pad", inputs, types, { shape });
  const constant = graph.scalar(value, floatOf(x));
  return graph.add("PadV2", [...inputs, constant], types, { shape });
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

/** Axis i of the result is axis order[i] of x, the batch included. A move of dimensions of 1 only is a reshape. */
export function transposeAxes(
  graph: GraphBuilder,
  x: Ref,
  order: readonly number[],
): Ref {
  const shape = order.map((axis) => x.shape[axis] ?? 1);
  const moved = order.filter((axis) => x.shape[axis] !== 1);
  if (order.every((axis, i) => axis === i)) return x;
  if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0)))
    return graph.reshape(x, shape);
  return graph.add(
    "Transpose",
    [x, graph.ints(order)],
    { T: { type: x.dtype }, Tperm: { type: "int32" } },
    { shape },
  );
}

/** The values side by side along an axis, the batch counted. */
export function join(
  graph: GraphBuilder,
  values: readonly Ref[],
  axis: number,
): Ref {
  const first = only(values);
  if (values.length === 1) return first;
  const along = values.reduce((total, x) => total + (x.shape[axis] ?? 0), 0);
  return graph.add(
    "ConcatV2",
    [...values, graph.ints([axis], [])],
    {
      N: { int: values.length },
      T: { type: first.dtype },
      Tidx: { type: "int32" },
    },
    { shape: first.shape.map((d, i) => (i === axis ? along : d)) },
  );
}

/** x repeated along its dimensions of 1 up to `shape`. */
export function repeatTo(
  graph: GraphBuilder,
  x: Ref,
  shape: readonly number[],
): Ref {
  if (x.shape.join() === shape.join()) return x;
  return graph.add(
    "BroadcastTo",
    [x, graph.ints(shape)],
    { T: { type: x.dtype }, Tidx: { type: "int32" } },
    { shape },
  );
}

/** x times a number. */
export function scale(graph: GraphBuilder, x: Ref, factor: number): Ref {
  if (factor === 1) return x;
  return graph.binary("Mul", x, graph.scalar(factor, floatOf(x)));
}

/** The gradient of {@link biasAdd}'s bias, summed in float32. */
export function biasGradient(graph: GraphBuilder, dy: Ref): Ref {
  return graph.add(
    "BiasAddGrad",
    [graph.cast(dy, "float32")],
    { T: { type: "float32" }, data_format: { string: "NHWC" } },
    { shape: dy.shape.slice(-1) },
  );
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
