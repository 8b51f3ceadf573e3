/** Pools whose windows have gaps, which TensorFlow and tfjs-core lack. */
import {
  batchToSpaceND,
  spaceToBatchND,
  type Tensor,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import type { Emission } from "../op";
import { padMaps, rank4 } from "./eagerly";
import { crop, mapOf, pad } from "./emitting";
import { eagerSlice, emitSlice } from "./slice";
import { outputOf, padsOf, type Pads, type Pair, type Window } from "./window";

/** The same window without gaps, at every place. */
export type Close = Window & { readonly padding: "valid" };

interface Plan {
  /** Around the map, up to a multiple of the dilation. */
  readonly pads: Pads;
  /** Of the padded map. */
  readonly padded: Pair;
  readonly close: Close;
  /** Outputs at stride 1, and those that are asked for. */
  readonly every: Pair;
  readonly output: Pair;
}

function planOf(window: Window, input: Pair): Plan {
  const [rows, columns] = padsOf(window, input);
  const more = (axis: 0 | 1, [before, after]: Pair): Pair => {
    const dilation = window.dilations[axis];
    const rest = (input[axis] + before + after) % dilation;
    return [before, after + (rest === 0 ? 0 : dilation - rest)];
  };
  const pads: Pads = [more(0, rows), more(1, columns)];
  const size = (axis: 0 | 1) => input[axis] + pads[axis][0] + pads[axis][1];
  const every = (axis: 0 | 1) =>
    size(axis) - (window.size[axis] - 1) * window.dilations[axis];
  return {
    pads,
    padded: [size(0), size(1)],
    close: {
      size: window.size,
      strides: [1, 1],
      dilations: [1, 1],
      padding: "valid",
    },
    every: [every(0), every(1)],
    output: outputOf(window, input),
  };
}

/**
 * A pool with dilations: pixels a dilation apart become maps of their own, which are pooled without gaps.
 * `fill`: what the padding holds.
 */
export function emitDilated(
  graph: GraphBuilder,
  x: Ref,
  window: Window,
  fill: number,
  pool: (x: Ref, window: Close) => Emission,
): Emission {
  const [batch, height, width, channels] = mapOf(x);
  const { pads, padded, close, every, output } = planOf(window, [
    height,
    width,
  ]);
  const [down, across] = window.dilations;
  const wide = pad(graph, x, pads, fill);
  const apart = regroup(graph, "SpaceToBatchND", wide, window.dilations, [
    batch * down * across,
    padded[0] / down,
    padded[1] / across,
    channels,
  ]);
  const pooled = pool(apart, close);
  const together = regroup(
    graph,
    "BatchToSpaceND",
    pooled.output,
    window.dilations,
    [batch, ...every, channels],
  );
  const [stepDown, stepAcross] = window.strides;
  const strided = emitSlice(graph, together, {
    begin: [0, 0, 0],
    size: [...output, channels],
    strides: [stepDown, stepAcross, 1],
  });
  return {
    output: strided.output,
    adjoint(dy, context) {
      const g = context.graph;
      const through = (
        { adjoint }: Pick<Emission, "adjoint">,
        gradient: Ref,
      ): Ref => {
        const [dx] = adjoint(gradient, context);
        if (!dx) throw new RangeError("a pool without a gradient");
        return dx;
      };
      const all = through(strided, dy);
      const split = regroup(
        g,
        "SpaceToBatchND",
        all,
        window.dilations,
        pooled.output.shape,
      );
      const parts = through(pooled, split);
      const whole = regroup(
        g,
        "BatchToSpaceND",
        parts,
        window.dilations,
        wide.shape,
      );
      return [crop(g, whole, pads)];
    },
  };
}

function regroup(
  graph: GraphBuilder,
  op: "SpaceToBatchND" | "BatchToSpaceND",
  x: Ref,
  block: Pair,
  shape: readonly number[],
): Ref {
  const crops = op === "SpaceToBatchND" ? "Tpaddings" : "Tcrops";
  return graph.add(
    op,
    [x, graph.ints(block), graph.ints([0, 0, 0, 0], [2, 2])],
    {
      T: { type: x.dtype },
      Tblock_shape: { type: "int32" },
      [crops]: { type: "int32" },
    },
    { shape },
  );
}

/** The same through tfjs-core. */
export function eagerDilated(
  x: Tensor4D,
  window: Window,
  fill: number,
  pool: (x: Tensor4D, window: Close) => Tensor,
): Tensor {
  const [, height, width] = x.shape;
  const { pads, close, output } = planOf(window, [height, width]);
  const block = [...window.dilations];
  const none = [
    [0, 0],
    [0, 0],
  ];
  const apart = spaceToBatchND(padMaps(x, pads, fill), block, none);
  const together = batchToSpaceND(pool(rank4(apart), close), block, none);
  const rows = eagerSlice(together, 1, 0, output[0], window.strides[0]);
  return eagerSlice(rows, 2, 0, output[1], window.strides[1]);
}
