import { avgPool, mul, tensor4d } from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp } from "../op";
import { padMaps, rank4 } from "./eagerly";
import { crop, floatOf, mapOf, only, pad } from "./emitting";
import {
  inferPool,
  poolAttributes,
  poolWindow,
  type MaxPoolAttributes,
} from "./max-pool";
import {
  equalPads,
  isSame,
  isZero,
  noPads,
  outputOf,
  padsOf,
  type Pads,
  type Pair,
  type Window,
} from "./window";

export interface AveragePoolAttributes extends MaxPoolAttributes {
  /**
   * The part of the padding that counts in the divisor. Zero: each window is divided by its pixels inside
   * the image, as TensorFlow's SAME does; all of it: by its size.
   */
  readonly counted: Pads;
}

/** The mean of each window. */
export const averagePool = defineOp<AveragePoolAttributes>({
  kind: "average-pool",

  infer: inferPool,

  eager(inputs, node) {
    const x = rank4(only(inputs));
    const window = poolWindow(node.attributes);
    const input: Pair = [x.shape[1], x.shape[2]];
    const pads = padsOf(window, input);
    const y = avgPool(
      padMaps(x, pads),
      [...window.size],
      [...window.strides],
      "valid",
    );
    const share = shares(window, input, node.attributes.counted);
    if (!share) return y;
    return mul(y, tensor4d(share, [1, ...outputOf(window, input), 1]));
  },

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const [batch, height, width, channels] = mapOf(x);
    const input: Pair = [height, width];
    const window = poolWindow(node.attributes);
    const { counted } = node.attributes;
    // Natively only where nothing of the padding counts; otherwise padded first, with a divisor of our own.
    const same = isSame(window, input) && isZero(counted);
    const pads = same ? noPads : padsOf(window, input);
    const padded = pad(graph, x, pads);
    const attributes = poolAttributes(x, window, same);
    const size = outputOf(window, input);
    const share = same ? null : shares(window, input, counted);
    const factor = share && graph.floats(share, [1, ...size, 1], floatOf(x));
    const mean = graph.add("AvgPool", [padded], attributes, {
      shape: [batch, ...size, channels],
    });
    return {
      output: weighted(graph, mean, factor),
      adjoint(dy, { graph: reverse }) {
        const gradient = reverse.add(
          "AvgPoolGrad",
          [reverse.ints(padded.shape), weighted(reverse, dy, factor)],
          attributes,
          { shape: padded.shape, dtype: dy.dtype },
        );
        return [crop(reverse, gradient, pads)];
      },
    };
  },
});

function weighted(graph: GraphBuilder, x: Ref, factor: Ref | null): Ref {
  return factor ? graph.binary("Mul", x, factor) : x;
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
  const pads = padsOf(window, input);
  if (equalPads(pads, counted)) return null;
  const [height, width] = outputOf(window, input);
  const rows = countsAlong(window, input, pads, counted, 0, height);
  const columns = countsAlong(window, input, pads, counted, 1, width);
  const size = window.size[0] * window.size[1];
  return Float32Array.from(
    rows.flatMap((r) => columns.map((c) => size / (r * c))),
  );
}

function countsAlong(
  window: Window,
  input: Pair,
  pads: Pads,
  counted: Pads,
  axis: 0 | 1,
  outputs: number,
): number[] {
  const from = -counted[axis][0];
  const to = input[axis] + counted[axis][1];
  return Array.from({ length: outputs }, (_, i) => {
    const start = i * window.strides[axis] - pads[axis][0];
    const end = start + window.size[axis];
    return Math.min(end, to) - Math.max(start, from);
  });
}
