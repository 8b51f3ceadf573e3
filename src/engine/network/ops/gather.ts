import {
  cast,
  matMul,
  oneHot,
  ones,
  reshape,
  tensor1d,
  transpose,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Node } from "../op";
import { damaged, refuse, single, spell, wholeAxis } from "./check";
import {
  join,
  only,
  padAxes,
  repeatTo,
  sumTo,
  transposeAxes,
} from "./emitting";
import { emitSlice } from "./slice";

export interface GatherAttributes {
  /** Of the per-image value; negative ones count from the end. */
  readonly axis: number;
  /** Which values along the axis, in their new order; each any number of times. */
  readonly indices: readonly number[];
}

/** Values along an axis picked by their place, as NumPy's take does; gradients of what is picked twice add up. */
export const gather = defineOp<GatherAttributes>({
  kind: "gather",

  infer(inputs, node) {
    const shape = single(inputs, node);
    const axis = wholeAxis(node, node.attributes.axis, shape);
    const { indices } = node.attributes;
    const length = shape[axis] ?? 0;
    if (indices.length === 0)
      refuse(node, "it picks nothing.", "At least one value is picked.");
    const outside = indices.find(
      (i) => !Number.isInteger(i) || i < 0 || i >= length,
    );
    if (outside !== undefined)
      damaged(
        node,
        `its input ${spell(shape)} has no place ${outside} along axis ${axis}.`,
      );
    return shape.with(axis, indices.length);
  },

  eager(inputs, node) {
    const x = only(inputs);
    return eagerGather(x, node.attributes.indices, axisOf(node, x.shape));
  },

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const axis = axisOf(node, x.shape);
    const { indices } = node.attributes;
    if (x.shape[axis] === 1)
      return {
        output: repeatTo(graph, x, x.shape.with(axis, indices.length)),
        adjoint: (dy, { graph: reverse }) => [sumTo(reverse, dy, x.shape)],
      };
    const even = stepOf(indices);
    if (even !== null) {
      const [, ...shape] = x.shape;
      return emitSlice(graph, x, {
        begin: shape.map((_, i) => (i === axis - 1 ? (indices[0] ?? 0) : 0)),
        size: shape.with(axis - 1, indices.length),
        strides: shape.map((_, i) => (i === axis - 1 ? even : 1)),
      });
    }
    return {
      output: emitGather(graph, x, indices, axis),
      adjoint: (dy, { graph: reverse }) => [
        emitScatter(reverse, dy, indices, axis, x.shape[axis] ?? 1),
      ],
    };
  },
});

/** The axis with the batch counted. */
function axisOf(node: Node<GatherAttributes>, shape: readonly number[]) {
  return wholeAxis(node, node.attributes.axis, shape.slice(1)) + 1;
}

/** The order of axes that has one of them at the end. */
function toEnd(rank: number, axis: number): number[] {
  const all = Array.from({ length: rank }, (_, i) => i);
  return [...all.filter((i) => i !== axis), axis];
}

/** The distance between indices that are evenly spaced, so that a slice will do; null where they are not. */
function stepOf(indices: readonly number[]): number | null {
  const step = (indices[1] ?? 1) - (indices[0] ?? 0);
  if (indices.length === 1) return 1;
  const even = indices.every(
    (index, i) => index === (indices[0] ?? 0) + i * step,
  );
  return even && step !== 0 ? step : null;
}

/** Slices side by side are faster up to about so many; along the channels a gather takes ten times as long. */
const mostRuns = 8;

/** Indices that follow one another. */
function runsOf(indices: readonly number[]): { from: number; count: number }[] {
  const runs: { from: number; count: number }[] = [];
  for (const index of indices) {
    const run = runs[runs.length - 1];
    if (run && index === run.from + run.count) run.count++;
    else runs.push({ from: index, count: 1 });
  }
  return runs;
}

/** The values at `indices` along an axis, the batch counted. */
export function emitGather(
  graph: GraphBuilder,
  x: Ref,
  indices: readonly number[],
  axis: number,
): Ref {
  const runs = runsOf(indices);
  if (runs.length <= mostRuns)
    return join(
      graph,
      runs.map(({ from, count }) =>
        graph.slice(
          x,
          x.shape.map((_, i) => (i === axis ? from : 0)),
          x.shape.with(axis, count),
        ),
      ),
      axis,
    );
  return graph.add(
    "GatherV2",
    [x, graph.ints(indices), graph.ints([axis], [])],
    {
      Tparams: { type: x.dtype },
      Tindices: { type: "int32" },
      Taxis: { type: "int32" },
      batch_dims: { int: 0 },
    },
    { shape: x.shape.with(axis, indices.length) },
  );
}

/** Above so many picks of one value the adjoint sums them in one operation. */
const mostRounds = 4;

/**
 * The adjoint of {@link emitGather}: each value of dy back to where it came from. In rounds, each of which takes
 * every place at most once and so is a pick from dy with a zero after its end.
 */
export function emitScatter(
  graph: GraphBuilder,
  dy: Ref,
  indices: readonly number[],
  axis: number,
  length: number,
): Ref {
  const rounds = roundsOf(indices, length);
  if (rounds.length > mostRounds)
    return scatterAtOnce(graph, dy, indices, axis, length);
  const amounts = dy.shape.map((_, i) => [0, i === axis ? 1 : 0] as const);
  const open = padAxes(graph, dy, amounts);
  return graph.sum(rounds.map((round) => emitGather(graph, open, round, axis)));
}

/** For every place along the axis where in dy its value is; dy's length where nowhere (any more). */
function roundsOf(indices: readonly number[], length: number): number[][] {
  const rounds: number[][] = [];
  const met = new Array<number>(length).fill(0);
  indices.forEach((index, i) => {
    const round = met[index] ?? 0;
    met[index] = round + 1;
    const places = (rounds[round] ??= new Array<number>(length).fill(
      indices.length,
    ));
    places[index] = i;
  });
  return rounds;
}

/** In one operation, which wants the axis in front. */
function scatterAtOnce(
  graph: GraphBuilder,
  dy: Ref,
  indices: readonly number[],
  axis: number,
  length: number,
): Ref {
  const all = dy.shape.map((_, i) => i);
  const order = [axis, ...all.filter((i) => i !== axis)];
  const moved = transposeAxes(graph, graph.cast(dy, "float32"), order);
  const sums = graph.add(
    "UnsortedSegmentSum",
    [moved, graph.ints(indices), graph.ints([length], [])],
    {
      T: { type: "float32" },
      Tindices: { type: "int32" },
      Tnumsegments: { type: "int32" },
    },
    { shape: moved.shape.with(0, length) },
  );
  const back = all.map((i) => order.indexOf(i));
  return graph.cast(transposeAxes(graph, sums, back), dy.dtype);
}

/** As {@link emitGather}, by a product with ones and zeros: tfjs-backend-wasm lacks the gradient of its gather. */
export function eagerGather(
  x: Tensor,
  indices: readonly number[],
  axis: number,
): Tensor {
  const length = x.shape[axis] ?? 1;
  const order = toEnd(x.rank, axis);
  const moved = transpose(x, order);
  // oneHot knows no axis of one value
  const picks =
    length === 1
      ? ones([indices.length, 1])
      : oneHot(tensor1d([...indices], "int32"), length);
  const product = matMul(
    reshape(moved, [x.size / length, length]),
    reshape(cast(picks, "float32"), [indices.length, length]),
    false,
    true,
  );
  const back = order.map((_, i) => order.indexOf(i));
  return transpose(
    reshape(product, moved.shape.with(-1, indices.length)),
    back,
  );
}
