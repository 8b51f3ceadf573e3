import {
  add,
  matMul,
  mul,
  pow,
  reshape,
  square,
  tensor2d,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Node } from "../op";
import { channelsOf, count, refuse, single } from "./check";
import { only, scale } from "./emitting";

export interface LocalResponseNormAttributes {
  /** Of the window of channels: floor((size - 1) / 2) before the channel, ceil((size - 1) / 2) after it. */
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
}

/**
 * Local response normalization along the last dimension, as ONNX defines it:
 * y = x / (bias + alpha / size * sum of x^2 over a window of channels) ^ beta. In float32 whatever the precision.
 */
export const localResponseNorm = defineOp<LocalResponseNormAttributes>({
  kind: "local-response-norm",

  infer(inputs, node) {
    const shape = single(inputs, node);
    const channels = channelsOf(shape, node);
    if (channels > mostChannels)
      refuse(
        node,
        `its input has ${channels} channels.`,
        `Supported are up to ${mostChannels} channels.`,
      );
    const { size, alpha, beta, bias } = node.attributes;
    if (!Number.isInteger(size) || size < 1)
      refuse(
        node,
        `its window has ${size} channels.`,
        "The window has a whole number of channels from 1 on.",
      );
    if (!(alpha >= 0 && bias > 0 && Number.isFinite(alpha + beta + bias)))
      refuse(
        node,
        `its alpha is ${alpha}, its beta ${beta}, its bias ${bias}.`,
        "All are finite, alpha from 0 on and the bias above 0.",
      );
    return shape;
  },

  eager(inputs, node) {
    const x = only(inputs);
    const channels = x.shape[x.rank - 1] ?? 1;
    const { beta, bias } = node.attributes;
    const rows = reshape(x, [x.size / channels, channels]);
    const window = tensor2d(bandOf(node, channels), [channels, channels]);
    const level = add(matMul(square(rows), window), bias);
    return reshape(mul(rows, pow(level, -beta)), x.shape);
  },

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const channels = x.shape[x.shape.length - 1] ?? 1;
    const { beta, bias } = node.attributes;
    const flat = [count(x.shape) / channels, channels];
    const rows = graph.reshape(graph.cast(x, "float32"), flat);
    const window = graph.floats(bandOf(node, channels), [channels, channels]);
    const level = graph.binary(
      "AddV2",
      product(graph, graph.unary("Square", rows), window, false),
      graph.scalar(bias),
    );
    // the level is positive, and Pow takes four times as long
    const factor = graph.unary(
      "Exp",
      scale(graph, graph.unary("Log", level), -beta),
    );
    const y = graph.binary("Mul", rows, factor);
    return {
      output: graph.cast(graph.reshape(y, x.shape), x.dtype),
      // dx = dy level^-beta - 2 beta x W (dy y / level), the window W holding alpha / size
      adjoint(dy, { graph: g }) {
        const wide = g.reshape(g.cast(dy, "float32"), flat);
        const share = g.binary("RealDiv", g.binary("Mul", wide, y), level);
        const spread = product(g, share, window, true);
        const dx = g.binary(
          "Sub",
          g.binary("Mul", wide, factor),
          scale(g, g.binary("Mul", rows, spread), 2 * beta),
        );
        return [g.cast(g.reshape(dx, x.shape), x.dtype)];
      },
    };
  },
});

/** The window is a matrix over them: 64 MiB. */
const mostChannels = 4096;

/** [channel, channel]: alpha / size where the first lies in the window of the second. */
function bandOf(
  node: Node<LocalResponseNormAttributes>,
  channels: number,
): Float32Array {
  const { size, alpha } = node.attributes;
  const before = Math.floor((size - 1) / 2);
  const band = new Float32Array(channels * channels);
  for (let to = 0; to < channels; to++) {
    const first = Math.max(0, to - before);
    const last = Math.min(channels - 1, to - before + size - 1);
    for (let from = first; from <= last; from++)
      band[from * channels + to] = alpha / size;
  }
  return band;
}

function product(graph: GraphBuilder, a: Ref, b: Ref, turned: boolean): Ref {
  return graph.add(
    "MatMul",
    [a, b],
    {
      T: { type: a.dtype },
      transpose_a: { bool: false },
      transpose_b: { bool: turned },
    },
    { shape: a.shape },
  );
}
