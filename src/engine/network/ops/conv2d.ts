import {
  add,
  concat,
  conv2d as conv,
  split,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { Attribute, GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Node } from "../op";
import {
  damaged,
  optionalWeightOf,
  refuse,
  singleMap,
  weightOf,
} from "./check";
import { padMaps, rank4, spread } from "./eagerly";
import {
  biasAdd,
  biasGradient,
  crop,
  mapOf,
  only,
  pad,
  spatial,
} from "./emitting";
import { emitPhases } from "./phases";
import { emitTurned } from "./turned";
import {
  checkedOutput,
  isSame,
  outputOf,
  padsOf,
  type Padding,
  type Pads,
  type Pair,
  type Window,
} from "./window";

export interface Conv2dAttributes {
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Padding;
  /** Input and output channels fall into so many groups that do not see each other. */
  readonly groups: number;
}

/**
 * Two-dimensional convolution (a correlation, as everywhere in deep learning).
 * Weights: `kernel` [kernel height, kernel width, in / groups, out], optional `bias` [out].
 */
export const conv2d = defineOp<Conv2dAttributes>({
  kind: "conv2d",
  trainable: ["kernel", "bias"],

  infer(inputs, node) {
    const [height, width, channels] = singleMap(inputs, node);
    const { groups } = node.attributes;
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0)
      refuse(
        node,
        `${channels} channels do not fall into ${groups} groups.`,
        "The groups divide the input's channels.",
      );
    const kernel = weightOf(node, "kernel", [
      null,
      null,
      channels / groups,
      null,
    ]);
    const out = kernel.shape[3] ?? 0;
    if (out < 1 || out % groups !== 0)
      damaged(
        node,
        `${out} output channels do not fall into ${groups} groups.`,
      );
    optionalWeightOf(node, "bias", [out]);
    const size = checkedOutput(node, windowOf(node), [height, width]);
    return [...size, out];
  },

  eager(inputs, node, context) {
    const x = rank4(only(inputs));
    const window = windowOf(node);
    const padded = padMaps(x, padsOf(window, [x.shape[1], x.shape[2]]));
    // tfjs-core has no gradient for dilated convolutions: the kernel is dilated instead.
    const kernel = spread(context.weight(node, "kernel"), 0, window.dilations);
    const { groups, strides } = node.attributes;
    // The plain convolution: the fused one computes the filter's gradient even where nobody asks for it.
    const one = (input: Tensor, filter: Tensor) =>
      conv(rank4(input), rank4(filter), [...strides], "valid");
    let y: Tensor;
    if (groups === 1) y = one(padded, kernel);
    else {
      const filters = split(kernel, groups, 3);
      const parts = split(padded, groups, 3).map((part, i) =>
        one(part, filters[i] ?? kernel),
      );
      y = concat(parts, 3);
    }
    return node.weights["bias"] ? add(y, context.weight(node, "bias")) : y;
  },

  emit(inputs, node, context) {
    const x = only(inputs);
    const { graph } = context;
    const kernel = context.weight(node, "kernel");
    const window = windowOf(node);
    const [batch, height, width] = mapOf(x);
    const size = outputOf(window, [height, width]);
    const channels = kernel.shape[3] ?? 0;
    const { padding, pads } = geometry(window, [height, width]);
    const linear = graph.add(
      "Conv2D",
      [x, kernel],
      attributesOf(x, window, padding, pads),
      { shape: [batch, ...size, channels] },
    );
    const output = node.weights["bias"]
      ? biasAdd(graph, linear, context.weight(node, "bias"))
      : linear;
    return {
      output,
      adjoint: (dy, { graph: reverse }) => [
        // phases and turned kernels are made of the kernel's values at rest
        (context.training
          ? null
          : (phasesOf(reverse, node, dy, mapOf(x)) ??
            turnedOf(reverse, node, dy, mapOf(x)))) ??
          inputGradient(reverse, x, kernel, dy, window),
      ],
      weightAdjoint(dy, { graph: reverse }) {
        refuseGroups(node);
        return {
          kernel: kernelGradient(reverse, x, kernel, dy, window),
          ...(node.weights["bias"] ? { bias: biasGradient(reverse, dy) } : {}),
        };
      },
    };
  },
});

function phasesOf(
  graph: GraphBuilder,
  node: Node<Conv2dAttributes>,
  dy: Ref,
  shape: readonly [number, number, number, number],
): Ref | null {
  const { groups, dilations } = node.attributes;
  const kernel = node.weights["kernel"];
  if (!kernel || groups > 1 || dilations.some((d) => d > 1)) return null;
  return emitPhases(graph, kernel, dy, shape, windowOf(node));
}

function turnedOf(
  graph: GraphBuilder,
  node: Node<Conv2dAttributes>,
  dy: Ref,
  shape: readonly [number, number, number, number],
): Ref | null {
  const { groups } = node.attributes;
  const kernel = node.weights["kernel"];
  if (!kernel || groups > 1) return null;
  return emitTurned(graph, kernel, dy, shape, windowOf(node));
}

/**
 * Explicit padding goes another way than in the forward pass: oneDNN takes only SAME and VALID in the
 * input gradient, and the kernel TensorFlow falls back to knows neither dilations nor groups.
 * So the gradient of the padded input is taken, and the padding cut off.
 */
function inputGradient(
  graph: GraphBuilder,
  x: Ref,
  kernel: Ref,
  dy: Ref,
  window: Window,
): Ref {
  const [batch, height, width, channels] = mapOf(x);
  const { padding, pads } = geometry(window, [height, width]);
  const explicit = padding === "EXPLICIT";
  const [[top, bottom], [left, right]] = pads;
  const shape = explicit
    ? [batch, height + top + bottom, width + left + right, channels]
    : [batch, height, width, channels];
  const gradient = graph.add(
    "Conv2DBackpropInput",
    [graph.ints(shape), kernel, dy],
    attributesOf(dy, window, explicit ? "VALID" : padding, pads),
    { shape, dtype: dy.dtype },
  );
  return explicit ? crop(graph, gradient, pads) : gradient;
}

/** Explicit padding is padded first, for the reasons of {@link inputGradient}. */
function kernelGradient(
  graph: GraphBuilder,
  x: Ref,
  kernel: Ref,
  dy: Ref,
  window: Window,
): Ref {
  const [, height, width] = mapOf(x);
  const { padding, pads } = geometry(window, [height, width]);
  const explicit = padding === "EXPLICIT";
  return graph.add(
    "Conv2DBackpropFilter",
    [explicit ? pad(graph, x, pads) : x, graph.ints(kernel.shape), dy],
    attributesOf(dy, window, explicit ? "VALID" : padding, pads),
    { shape: kernel.shape, dtype: dy.dtype },
  );
}

function refuseGroups(node: Node<Conv2dAttributes>): void {
  const { groups } = node.attributes;
  if (groups > 1)
    refuse(
      node,
      `${groups} groups cannot be trained.`,
      "Trained are convolutions without groups.",
    );
}

type NativePadding = "SAME" | "VALID" | "EXPLICIT";

function geometry(
  window: Window,
  input: Pair,
): { padding: NativePadding; pads: Pads } {
  const pads = padsOf(window, input);
  if (pads.flat().every((n) => n === 0)) return { padding: "VALID", pads };
  return { padding: isSame(window, input) ? "SAME" : "EXPLICIT", pads };
}

function attributesOf(
  x: Ref,
  window: Window,
  padding: NativePadding,
  [[top, bottom], [left, right]]: Pads,
): Record<string, Attribute> {
  return {
    T: { type: x.dtype },
    strides: spatial(window.strides),
    dilations: spatial(window.dilations),
    padding: { string: padding },
    explicit_paddings: {
      ints:
        padding === "EXPLICIT" ? [0, 0, top, bottom, left, right, 0, 0] : [],
    },
    data_format: { string: "NHWC" },
    use_cudnn_on_gpu: { bool: true },
  };
}

function windowOf(node: Node<Conv2dAttributes>): Window {
  const [height = 0, width = 0] = node.weights["kernel"]?.shape ?? [];
  const { strides, dilations, padding } = node.attributes;
  return { size: [height, width], strides, dilations, padding };
}
