import { matMul, reshape, transpose } from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Node, type Weight } from "../op";
import { singleMap, weightOf } from "./check";
import { rank4 } from "./eagerly";
import { mapOf, only, scale, spatial } from "./emitting";
import { emitMatmul } from "./matmul";
import type { Pair } from "./window";

/**
 * A map in another size: every pixel of the output is a weighted sum of pixels of the input, and the weights
 * are products of one for the row and one for the column. So is every interpolation, and adaptive pooling.
 * Weights: `rows` [output height, height], `columns` [output width, width].
 */
export const resample = defineOp<Record<string, never>>({
  kind: "resample",

  infer(inputs, node) {
    const [height, width, channels] = singleMap(inputs, node);
    const rows = weightOf(node, "rows", [null, height]);
    const columns = weightOf(node, "columns", [null, width]);
    return [rows.shape[0] ?? 0, columns.shape[0] ?? 0, channels];
  },

  eager(inputs, node, context) {
    const x = rank4(only(inputs));
    const [batch, height, width, channels] = x.shape;
    const rows = context.weight(node, "rows");
    const columns = context.weight(node, "columns");
    const [outHeight = 1] = rows.shape;
    const [outWidth = 1] = columns.shape;
    const lines = reshape(transpose(x, [1, 0, 2, 3]), [
      height,
      batch * width * channels,
    ]);
    const tall = reshape(matMul(reshape(rows, [outHeight, height]), lines), [
      outHeight * batch,
      width,
      channels,
    ]);
    const uprights = reshape(transpose(tall, [1, 0, 2]), [
      width,
      outHeight * batch * channels,
    ]);
    const whole = matMul(reshape(columns, [outWidth, width]), uprights);
    return transpose(
      reshape(whole, [outWidth, outHeight, batch, channels]),
      [2, 1, 0, 3],
    );
  },

  emit(inputs, node, context) {
    const x = only(inputs);
    const { graph } = context;
    const factors = repeatsOf(node);
    if (factors) return emitRepeat(graph, x, factors);
    const rows = context.weight(node, "rows");
    const columns = context.weight(node, "columns");
    return {
      output: weigh(graph, x, rows, columns, false),
      adjoint: (dy, { graph: reverse }) => [
        weigh(reverse, dy, rows, columns, true),
      ],
    };
  },
});

/** rows x columns^T, or the transposed matrices where `turned`. */
function weigh(
  graph: GraphBuilder,
  x: Ref,
  rows: Ref,
  columns: Ref,
  turned: boolean,
): Ref {
  const [batch, height, width, channels] = mapOf(x);
  const size = (matrix: Ref) => matrix.shape[turned ? 1 : 0] ?? 1;
  const along = (matrix: Ref, values: Ref) =>
    emitMatmul(
      graph,
      graph.reshape(matrix, [1, ...matrix.shape]),
      values,
      { transposeA: turned, transposeB: false },
      values.shape.with(1, size(matrix)),
    );
  const outHeight = size(rows);
  const lines = graph.reshape(x, [batch, height, width * channels]);
  const tall = graph.reshape(along(rows, lines), [
    batch * outHeight,
    width,
    channels,
  ]);
  return graph.reshape(along(columns, tall), [
    batch,
    outHeight,
    size(columns),
    channels,
  ]);
}

/** How often each pixel is repeated, [down, across], where that is all there is to it. */
function repeatsOf(node: Node): Pair | null {
  const { rows, columns } = node.weights;
  const down = rows && repeatOf(rows);
  const across = columns && repeatOf(columns);
  return down && across ? [down, across] : null;
}

function repeatOf({
  shape: [out = 1, length = 1],
  data,
}: Weight): number | null {
  const factor = out / length;
  if (!Number.isInteger(factor)) return null;
  const repeats = data.every(
    (v, i) => v === (Math.floor(i / length / factor) === i % length ? 1 : 0),
  );
  return repeats ? factor : null;
}

/** The mean over windows of that size is the adjoint of repeating pixels, but for the number of them. */
function emitRepeat(graph: GraphBuilder, x: Ref, [down, across]: Pair) {
  const [batch, height, width, channels] = mapOf(x);
  const large = [batch, height * down, width * across, channels];
  const pool = {
    T: { type: x.dtype },
    ksize: spatial([down, across]),
    strides: spatial([down, across]),
    padding: { string: "VALID" },
    data_format: { string: "NHWC" },
  } as const;
  const repeated = graph.add("AvgPoolGrad", [graph.ints(large), x], pool, {
    shape: large,
    dtype: x.dtype,
  });
  return {
    output: scale(graph, repeated, down * across),
    adjoint: (dy: Ref, { graph: reverse }: { graph: GraphBuilder }) => [
      scale(
        reverse,
        reverse.add("AvgPool", [dy], pool, { shape: x.shape }),
        down * across,
      ),
    ],
  };
}
