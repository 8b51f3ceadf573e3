import {
  add,
  concat,
  conv2dTranspose,
  slice,
  split,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { Attribute, Ref } from "../../step/graph";
import { defineOp, type Node } from "../op";
import {
  damaged,
  optionalWeightOf,
  refuse,
  singleMap,
  weightOf,
} from "./check";
import { padMaps, rank4, spread } from "./eagerly";
import { biasAdd, crop, mapOf, only, pad, spatial } from "./emitting";
import {
  checkedOutput,
  reach,
  type Pads,
  type Pair,
  type Window,
} from "./window";

export interface ConvTranspose2dAttributes {
  readonly strides: Pair;
  readonly dilations: Pair;
  /** What is cut off the full result: PyTorch's padding, ONNX's pads. */
  readonly padding: Pads;
  /** Rows and columns that are cut off less at the end, or added. */
  readonly outputPadding: Pair;
  readonly groups: number;
}

/**
 * Transposed convolution: every pixel of the input puts its kernel onto the output, `strides` apart.
 * It is the adjoint of the convolution with the same weights, strides and padding.
 * Weights: `kernel` [kernel height, kernel width, out / groups, in], optional `bias` [out].
 * Output: (input - 1) stride + reach - padding + outputPadding pixels.
 */
export const convTranspose2d = defineOp<ConvTranspose2dAttributes>({
  kind: "conv-transpose2d",

  infer(inputs, node) {
    const [height, width, channels] = singleMap(inputs, node);
    const { groups, padding, outputPadding } = node.attributes;
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0)
      refuse(
        node,
        `${channels} channels do not fall into ${groups} groups.`,
        "The groups divide the input's channels.",
      );
    const kernel = weightOf(node, "kernel", [null, null, null, channels]);
    const out = (kernel.shape[2] ?? 0) * groups;
    if (out < 1) damaged(node, "it has no output channels.");
    optionalWeightOf(node, "bias", [out]);
    const amounts = [...padding.flat(), ...outputPadding];
    if (!amounts.every((n) => Number.isInteger(n) && n >= 0))
      refuse(
        node,
        `padding ${JSON.stringify(padding)}, output padding ${outputPadding.join(" x ")}.`,
        "Paddings are whole numbers from 0 on.",
      );
    const { window, full } = geometry(node, [height, width]);
    checkedOutput(node, window, full);
    const along = (axis: 0 | 1) =>
      full[axis] - padding[axis][0] - padding[axis][1] + outputPadding[axis];
    const size: Pair = [along(0), along(1)];
    if (size[0] < 1 || size[1] < 1)
      refuse(
        node,
        `its padding ${JSON.stringify(padding)} leaves nothing of ${full.join(" x ")} pixels.`,
        "The output has at least one pixel.",
      );
    return [...size, out];
  },

  eager(inputs, node, context) {
    const x = rank4(only(inputs));
    const [batch, height, width] = x.shape;
    const { window, full, cut, more } = geometry(node, [height, width]);
    const { groups, strides } = node.attributes;
    const kernel = spread(context.weight(node, "kernel"), 0, window.dilations);
    const one = (part: Tensor, filter: Tensor) =>
      conv2dTranspose(
        rank4(part),
        rank4(filter),
        [batch, ...full, filter.shape[2] ?? 1],
        [...strides],
        "valid",
      );
    let whole: Tensor;
    if (groups === 1) whole = one(x, kernel);
    else {
      const filters = split(kernel, groups, 3);
      const parts = split(x, groups, 3).map((part, i) =>
        one(part, filters[i] ?? kernel),
      );
      whole = concat(parts, 3);
    }
    const [[top, bottom], [left, right]] = cut;
    const inner = slice(
      whole,
      [0, top, left, 0],
      [batch, full[0] - top - bottom, full[1] - left - right, -1],
    );
    const y = padMaps(inner, more);
    return node.weights["bias"] ? add(y, context.weight(node, "bias")) : y;
  },

  emit(inputs, node, context) {
    const x = only(inputs);
    const { graph } = context;
    const kernel = context.weight(node, "kernel");
    const [batch, height, width] = mapOf(x);
    const { window, full, cut, more } = geometry(node, [height, width]);
    const out = (kernel.shape[2] ?? 1) * node.attributes.groups;
    const shape = [batch, ...full, out];
    const attributes = attributesOf(x, window);
    const whole = graph.add(
      "Conv2DBackpropInput",
      [graph.ints(shape), kernel, x],
      attributes,
      { shape, dtype: x.dtype },
    );
    const linear = pad(graph, crop(graph, whole, cut), more);
    return {
      output: node.weights["bias"]
        ? biasAdd(graph, linear, context.weight(node, "bias"))
        : linear,
      adjoint(dy, { graph: g }) {
        const wide = pad(g, crop(g, dy, more), cut);
        return [
          g.add("Conv2D", [wide, kernel], attributes, { shape: x.shape }),
        ];
      },
    };
  },
});

/**
 * `window` of the convolution this is the adjoint of; `full`: pixels that any kernel reaches; `cut` off them,
 * and zeros put there (`more`) where the output padding is the larger.
 */
function geometry(
  node: Node<ConvTranspose2dAttributes>,
  input: Pair,
): { window: Window; full: Pair; cut: Pads; more: Pads } {
  const [height = 0, width = 0] = node.weights["kernel"]?.shape ?? [];
  const { strides, dilations, padding, outputPadding } = node.attributes;
  const size: Pair = [height, width];
  const full = (axis: 0 | 1) =>
    (input[axis] - 1) * strides[axis] + reach(size[axis], dilations[axis]);
  const end = (axis: 0 | 1) => padding[axis][1] - outputPadding[axis];
  return {
    window: { size, strides, dilations, padding: "valid" },
    full: [full(0), full(1)],
    cut: [
      [padding[0][0], Math.max(0, end(0))],
      [padding[1][0], Math.max(0, end(1))],
    ],
    more: [
      [0, Math.max(0, -end(0))],
      [0, Math.max(0, -end(1))],
    ],
  };
}

function attributesOf(x: Ref, window: Window): Record<string, Attribute> {
  return {
    T: { type: x.dtype },
    strides: spatial(window.strides),
    dilations: spatial(window.dilations),
    padding: { string: "VALID" },
    explicit_paddings: { ints: [] },
    data_format: { string: "NHWC" },
    use_cudnn_on_gpu: { bool: true },
  };
}
