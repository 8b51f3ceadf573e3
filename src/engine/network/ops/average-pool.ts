import { avgPool, mul, tensor4d, type Tensor4D } from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Emission } from "../op";
import { refuse } from "./check";
import { eagerDilated, emitDilated } from "./dilated";
import { padMaps, rank4 } from "./eagerly";
import { crop, floatOf, mapOf, only, pad } from "./emitting";
import {
  inferPool,
  isDilated,
  poolAttributes,
  poolWindow,
  refuseEmpty,
  type MaxPoolAttributes,
} from "./max-pool";
import {
  isSame,
  isZero,
  noPads,
  outputOf,
  padsOf,
  placesAlong,
  type Pads,
  type Pair,
  type Window,
} from "./window";

export interface AveragePoolAttributes extends MaxPoolAttributes {
  /**
   * The part of the padding that counts in the divisor. None: each window is divided by its pixels inside the
   * image, as TensorFlow's SAME and PyTorch's count_include_pad=False do. PyTorch's count_include_pad=True and
   * ONNX's count the padding that is asked for and never what ceil mode adds at the end: `counted` is that
   * padding, also where `padding`, with what ceil mode adds, is more or less.
   */
  readonly counted: Pads;
}

/** The mean of each window. */
export const averagePool = defineOp<AveragePoolAttributes>({
  kind: "average-pool",

  infer(inputs, node) {
    const { counted } = node.attributes;
    if (!counted.flat().every((n) => Number.isInteger(n) && n >= 0))
      refuse(
        node,
        `counted padding ${JSON.stringify(counted)}.`,
        "Paddings are whole numbers from 0 on.",
      );
    const shape = inferPool(inputs, node);
    refuseEmpty(node, inputs, counted);
    return shape;
  },

  eager(inputs, node) {
    const x = rank4(only(inputs));
    const window = poolWindow(node.attributes);
    const input: Pair = [x.shape[1], x.shape[2]];
    const y = isDilated(window)
      ? eagerDilated(x, window, 0, eagerMean)
      : eagerMean(x, window);
    const share = shares(window, input, node.attributes.counted);
    if (!share) return y;
    return mul(y, tensor4d(share, [1, ...outputOf(window, input), 1]));
  },

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const [, height, width] = mapOf(x);
    const input: Pair = [height, width];
    const window = poolWindow(node.attributes);
    const { counted } = node.attributes;
    // natively only where nothing of the padding counts; otherwise padded first, with a divisor of our own
    if (!isDilated(window) && isSame(window, input) && isZero(counted))
      return emitMean(graph, x, window, true);
    const mean = isDilated(window)
      ? emitDilated(graph, x, window, 0, (part, close) =>
          emitMean(graph, part, close, false),
        )
      : emitMean(graph, x, window, false);
    const share = shares(window, input, counted);
    if (!share) return mean;
    const size = outputOf(window, input);
    const factor = graph.floats(share, [1, ...size, 1], floatOf(x));
    return {
      output: graph.binary("Mul", mean.output, factor),
      adjoint: (dy, context) =>
        mean.adjoint(context.graph.binary("Mul", dy, factor), context),
    };
  },
});

/** The mean over the whole window, zeros of the padding counted. */
function eagerMean(x: Tensor4D, window: Window) {
  const pads = padsOf(window, [x.shape[1], x.shape[2]]);
  return avgPool(
    padMaps(x, pads),
    [...window.size],
    [...window.strides],
    "valid",
  );
}

/** `same`: natively, over the pixels inside; otherwise over the whole window, zeros of the padding counted. */
function emitMean(
  graph: GraphBuilder,
  x: Ref,
  window: Window,
  same: boolean,
): Emission {
  const [batch, height, width, channels] = mapOf(x);
  const pads = same ? noPads : padsOf(window, [height, width]);
  const padded = pad(graph, x, pads);
  const attributes = poolAttributes(x, window, same);
  return {
    output: graph.add("AvgPool", [padded], attributes, {
      shape: [batch, ...outputOf(window, [height, width]), channels],
    }),
    adjoint(dy, { graph: reverse }) {
      const gradient = reverse.add(
        "AvgPoolGrad",
        [reverse.ints(padded.shape), dy],
        attributes,
        { shape: padded.shape, dtype: dy.dtype },
      );
      return [crop(reverse, gradient, pads)];
    },
  };
}

/**
 * What the mean over a whole window is to be multiplied with, for each window [height, width]:
 * window size / counted pixels. Null where it is 1 everywhere.
 */
function shares(
  window: Window,
  input: Pair,
  counted: Pads,
): Float32Array | null {
  const rows = placesAlong(window, input, 0, counted[0]);
  const columns = placesAlong(window, input, 1, counted[1]);
  const size = window.size[0] * window.size[1];
  const share = rows.flatMap((r) => columns.map((c) => size / (r * c)));
  return share.every((s) => s === 1) ? null : Float32Array.from(share);
}
