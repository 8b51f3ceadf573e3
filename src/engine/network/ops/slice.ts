import {
  pad,
  reshape,
  reverse,
  slice as sliceTensor,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Emission } from "../op";
import { damaged, single, spell } from "./check";
import { only, padAxes } from "./emitting";
import type { Pair } from "./window";

/** Along each axis, batch left out: `size` values from `begin` on, `strides` apart; a negative stride goes backwards. */
export interface SliceAttributes {
  readonly begin: readonly number[];
  readonly size: readonly number[];
  readonly strides: readonly number[];
}

/** A part of the value. */
export const slice = defineOp<SliceAttributes>({
  kind: "slice",

  infer(inputs, node) {
    const shape = single(inputs, node);
    const { begin, size, strides } = node.attributes;
    const fits = [begin, size, strides].every(
      (list) => list.length === shape.length && list.every(Number.isInteger),
    );
    const inside = shape.every((d, i) => {
      const [from = 0, count = 0, stride = 0] = [begin[i], size[i], strides[i]];
      const last = from + (count - 1) * stride;
      const ends = Math.min(from, last) >= 0 && Math.max(from, last) < d;
      return count >= 1 && stride !== 0 && ends;
    });
    if (!fits || !inside)
      damaged(
        node,
        `${spell(size)} values from ${spell(begin)} on in steps of ${spell(strides)} are not within ${spell(shape)}.`,
      );
    return size;
  },

  eager(inputs, node) {
    const { begin, size, strides } = node.attributes;
    return size.reduce(
      (x, length, i) =>
        eagerSlice(x, i + 1, begin[i] ?? 0, length, strides[i] ?? 1),
      only(inputs),
    );
  },

  emit: (inputs, node, { graph }) =>
    emitSlice(graph, only(inputs), node.attributes),
});

/** The part as a graph value, and its adjoint; the batch is left out of the attributes. */
export function emitSlice(
  graph: GraphBuilder,
  x: Ref,
  attributes: SliceAttributes,
): Emission {
  const plan = planOf(attributes, x.shape);
  const { turned, begin, reach, more, laid, firsts, shape } = plan;
  const part = graph.slice(turn(graph, x, turned), begin, reach);
  const grown = padAxes(graph, part, more);
  const strided = graph.slice(
    graph.reshape(grown, laid),
    laid.map(() => 0),
    firsts,
  );
  return {
    output: graph.reshape(strided, shape),
    adjoint(dy, { graph: g }) {
      const steps = g.reshape(dy, firsts);
      const gaps = firsts.map((d, i): Pair => [0, (laid[i] ?? d) - d]);
      const wide = g.reshape(padAxes(g, steps, gaps), grown.shape);
      const none = reach.map(() => 0);
      const cut = g.slice(wide, none, reach);
      const around = begin.map((from, i): Pair => [
        from,
        (x.shape[i] ?? 0) - from - (reach[i] ?? 0),
      ]);
      return [turn(g, padAxes(g, cut, around), turned)];
    },
  };
}

/**
 * TensorFlow's strided slice takes ten times as long as a slice. So axes with a negative stride are turned round
 * first, what the strides reach over is cut out, laid out in steps of the stride, and the first of each step taken.
 */
function planOf(
  { begin, size, strides }: SliceAttributes,
  [batch = 1, ...input]: readonly number[],
) {
  const axes = input.map((length, i) => {
    const [from = 0, count = 1, stride = 1] = [begin[i], size[i], strides[i]];
    const turned = stride < 0 && count > 1;
    const step = count > 1 ? Math.abs(stride) : 1;
    const first = turned ? length - 1 - from : from;
    const reach = Math.min(count * step, length - first);
    return { turned, step, first, count, reach };
  });
  const each = <T>(batchs: T, of: (axis: (typeof axes)[number]) => T): T[] => [
    batchs,
    ...axes.map(of),
  ];
  return {
    turned: each(false, (axis) => axis.turned),
    begin: each(0, ({ first }) => first),
    reach: each(batch, ({ reach }) => reach),
    more: each<Pair>([0, 0], ({ count, step, reach }) => [
      0,
      count * step - reach,
    ]),
    laid: [
      batch,
      ...axes.flatMap(({ count, step }) =>
        step > 1 ? [count, step] : [count],
      ),
    ],
    firsts: [
      batch,
      ...axes.flatMap(({ count, step }) => (step > 1 ? [count, 1] : [count])),
    ],
    shape: each(batch, ({ count }) => count),
  };
}

function turn(graph: GraphBuilder, x: Ref, turned: readonly boolean[]): Ref {
  const axes = turned.flatMap((is, i) => (is ? [i] : []));
  if (axes.length === 0) return x;
  return graph.add(
    "ReverseV2",
    [x, graph.ints(axes)],
    { T: { type: x.dtype }, Tidx: { type: "int32" } },
    { shape: x.shape },
  );
}

/**
 * `length` values from `begin` on along an axis, the batch counted. tfjs-core's strided slice has no gradient:
 * turned round, cut, laid out in steps, and the first of each step taken.
 */
export function eagerSlice(
  x: Tensor,
  axis: number,
  begin: number,
  length: number,
  stride: number,
): Tensor {
  const all = x.shape[axis] ?? 1;
  if (begin === 0 && length === all && stride === 1) return x;
  if (stride < 0)
    return eagerSlice(reverse(x, axis), axis, all - 1 - begin, length, -stride);
  const zeros = x.shape.map(() => 0);
  const at = (list: readonly number[], value: number) =>
    list.map((v, i) => (i === axis ? value : v));
  const reach = (length - 1) * stride + 1;
  const part = sliceTensor(x, at(zeros, begin), at(x.shape, reach));
  if (stride === 1 || length === 1) return part;
  const amounts = part.shape.map((_, i): [number, number] => [
    0,
    i === axis ? stride - 1 : 0,
  ]);
  const before = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const after = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const steps = reshape(pad(part, amounts), [before, length, stride, after]);
  const firsts = sliceTensor(steps, [0, 0, 0, 0], [before, length, 1, after]);
  return reshape(firsts, at(x.shape, length));
}
