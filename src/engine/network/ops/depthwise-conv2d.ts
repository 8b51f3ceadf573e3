import {
  add,
  depthwiseConv2d as conv,
  reshape,
  reverse,
  sum,
  type Tensor,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import type { Attribute, GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Node } from "../op";
import { optionalWeightOf, refuse, singleMap, weightOf } from "./check";
import { padMaps, rank4, spread, withGradient } from "./eagerly";
import {
  biasAdd,
  crop,
  mapOf,
  only,
  pad,
  reduceExactly,
  spatial,
} from "./emitting";
import {
  checkedOutput,
  isSame,
  noPads,
  outputOf,
  padsOf,
  reach,
  type Padding,
  type Pads,
  type Pair,
  type Window,
} from "./window";

export interface DepthwiseConv2dAttributes {
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Padding;
}

/**
 * Every channel c is convolved with m kernels of its own, which make the output channels c * m ... c * m + m - 1.
 * Weights: `kernel` [kernel height, kernel width, in, m], optional `bias` [in * m].
 */
export const depthwiseConv2d = defineOp<DepthwiseConv2dAttributes>({
  kind: "depthwise-conv2d",

  infer(inputs, node) {
    const [height, width, channels] = singleMap(inputs, node);
    const [down, across] = node.attributes.strides;
    if (down !== across)
      refuse(
        node,
        `its strides ${down} x ${across} differ.`,
        "Depthwise convolutions have one stride for height and width.",
      );
    const kernel = weightOf(node, "kernel", [null, null, channels, null]);
    const out = channels * (kernel.shape[3] ?? 0);
    optionalWeightOf(node, "bias", [out]);
    const size = checkedOutput(node, windowOf(node), [height, width]);
    return [...size, out];
  },

  eager(inputs, node, context) {
    const x = rank4(only(inputs));
    const window = windowOf(node);
    const padded = padMaps(x, padsOf(window, [x.shape[1], x.shape[2]]));
    const y = eagerValid(padded, context.weight(node, "kernel"), window);
    return node.weights["bias"] ? add(y, context.weight(node, "bias")) : y;
  },

  emit(inputs, node, context) {
    const x = only(inputs);
    const { graph } = context;
    const window = windowOf(node);
    const [batch, height, width, channels] = mapOf(x);
    const kernel = dilate(
      graph,
      context.weight(node, "kernel"),
      window.dilations,
    );
    const multiplier = kernel.shape[3] ?? 1;
    const size = outputOf(window, [height, width]);
    const shape = [batch, ...size, channels * multiplier];
    const linear = emitForward(graph, x, kernel, window, shape);
    const output = node.weights["bias"]
      ? biasAdd(graph, linear, context.weight(node, "bias"))
      : linear;
    return {
      output,
      adjoint: (dy, { graph: reverse }) => {
        const reaches = reachesOf(window);
        const pads = complement(padsOf(window, [height, width]), reaches);
        // Padding wider than the window cannot be turned round.
        const turns =
          window.strides[0] === 1 && pads.flat().every((n) => n >= 0);
        return [
          turns
            ? flippedForward(reverse, x, kernel, dy, pads, reaches)
            : strided(reverse, x, kernel, dy, window),
        ];
      },
    };
  },
});

/** Dilations are in the kernel already. */
function attributesOf(
  x: Ref,
  strides: Pair,
  padding: "SAME" | "VALID",
): Record<string, Attribute> {
  return {
    T: { type: x.dtype },
    strides: spatial(strides),
    dilations: spatial([1, 1]),
    padding: { string: padding },
    explicit_paddings: { ints: [] },
    data_format: { string: "NHWC" },
  };
}

function emitForward(
  graph: GraphBuilder,
  x: Ref,
  kernel: Ref,
  window: Window,
  shape: readonly number[],
): Ref {
  const [, height, width] = mapOf(x);
  const same = isSame(window, [height, width]);
  const input = same ? x : pad(graph, x, padsOf(window, [height, width]));
  return graph.add(
    "DepthwiseConv2dNative",
    [input, kernel],
    attributesOf(x, window.strides, same ? "SAME" : "VALID"),
    { shape },
  );
}

function strided(
  graph: GraphBuilder,
  x: Ref,
  kernel: Ref,
  dy: Ref,
  window: Window,
): Ref {
  const [batch, height, width, channels] = mapOf(x);
  const same = isSame(window, [height, width]);
  const pads = same ? noPads : padsOf(window, [height, width]);
  const [[top, bottom], [left, right]] = pads;
  const shape = [batch, height + top + bottom, width + left + right, channels];
  // with a stride TensorFlow 2.21 takes ten times as long in bfloat16
  const wide = graph.cast(dy, "float32");
  const gradient = graph.add(
    "DepthwiseConv2dNativeBackpropInput",
    [graph.ints(shape), graph.cast(kernel, "float32"), wide],
    attributesOf(wide, window.strides, same ? "SAME" : "VALID"),
    { shape, dtype: "float32" },
  );
  return graph.cast(crop(graph, gradient, pads), dy.dtype);
}

/**
 * At stride 1 the input gradient is a depthwise convolution of dy with the kernel turned by 180 degrees,
 * and the forward kernel is 2.6 times as fast as the gradient's own.
 */
function flippedForward(
  graph: GraphBuilder,
  x: Ref,
  kernel: Ref,
  dy: Ref,
  pads: Pads,
  reaches: Pair,
): Ref {
  const [batch, height, width, channels] = mapOf(x);
  const multiplier = kernel.shape[3] ?? 1;
  const flipped = graph.reshape(
    graph.add(
      "ReverseV2",
      [kernel, graph.ints([0, 1])],
      { T: { type: kernel.dtype }, Tidx: { type: "int32" } },
      { shape: kernel.shape },
    ),
    [...reaches, channels * multiplier, 1],
  );
  const each = emitForward(
    graph,
    dy,
    flipped,
    { size: reaches, strides: [1, 1], dilations: [1, 1], padding: pads },
    [batch, height, width, channels * multiplier],
  );
  if (multiplier === 1) return each;
  return reduceExactly(
    graph,
    "Sum",
    graph.reshape(each, [batch, height, width, channels, multiplier]),
    [4],
    false,
  );
}

/** The padding of the reverse pass: what a full correlation has, less what the forward pass padded. */
function complement([rows, columns]: Pads, [height, width]: Pair): Pads {
  return [
    [height - 1 - rows[0], height - 1 - rows[1]],
    [width - 1 - columns[0], width - 1 - columns[1]],
  ];
}

function reachesOf(window: Window): Pair {
  return [
    reach(window.size[0], window.dilations[0]),
    reach(window.size[1], window.dilations[1]),
  ];
}

/** Zeros between the kernel's entries: TensorFlow's depthwise gradient ignores dilations. */
function dilate(graph: GraphBuilder, kernel: Ref, [down, across]: Pair): Ref {
  if (down === 1 && across === 1) return kernel;
  const [rows, columns, channels, multiplier] = mapOf(kernel);
  const wide = graph.add(
    "Pad",
    [
      graph.reshape(kernel, [rows, 1, columns, 1, channels * multiplier]),
      graph.ints([0, 0, 0, down - 1, 0, 0, 0, across - 1, 0, 0], [5, 2]),
    ],
    { T: { type: kernel.dtype }, Tpaddings: { type: "int32" } },
    { shape: [rows, down, columns, across, channels * multiplier] },
  );
  return graph.slice(
    graph.reshape(wide, [rows * down, columns * across, channels, multiplier]),
    [0, 0, 0, 0],
    [(rows - 1) * down + 1, (columns - 1) * across + 1, channels, multiplier],
  );
}

/** VALID, with a gradient made of forward kernels: the wasm backend has no depthwise gradient, and no backend a dilated one. */
function eagerValid(x: Tensor4D, weight: Tensor, window: Window): Tensor {
  const [batch, height, width, channels] = x.shape;
  return withGradient(
    x,
    (input) => {
      const kernel = spread(weight, 0, window.dilations);
      const value = conv(rank4(input), kernel, window.strides[0], "valid");
      return { value, saved: [kernel] };
    },
    (dy, [kernel]) => {
      if (!kernel) throw new RangeError("the kernel was not saved");
      const filter = rank4(kernel);
      const [rows, columns, , multiplier] = filter.shape;
      const dense = spread(dy, 1, window.strides);
      const padded = padMaps(dense, [
        [rows - 1, height - dense.shape[1]],
        [columns - 1, width - dense.shape[2]],
      ]);
      const flipped = reshape(reverse(filter, [0, 1]), [
        rows,
        columns,
        channels * multiplier,
        1,
      ]);
      const each = conv(padded, rank4(flipped), 1, "valid");
      return sum(
        reshape(each, [batch, height, width, channels, multiplier]),
        4,
      );
    },
  );
}

function windowOf(node: Node<DepthwiseConv2dAttributes>): Window {
  const [height = 0, width = 0] = node.weights["kernel"]?.shape ?? [];
  const { strides, dilations, padding } = node.attributes;
  return { size: [height, width], strides, dilations, padding };
}
