import {
  pad,
  reshape,
  reverse,
  slice as sliceTensor,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { Attribute, GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Emission } from "../op";
import { damaged, single, spell } from "./check";
import { batchOf, only, padAxes } from "./emitting";
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

export function isPlain({ strides, size }: SliceAttributes): boolean {
  return strides.every((stride, i) => stride === 1 || size[i] === 1);
}

/** The part as a graph value, and its adjoint; the batch is left out of the attributes. */
export function emitSlice(
  graph: GraphBuilder,
  x: Ref,
  attributes: SliceAttributes,
): Emission {
  const { begin, size } = attributes;
  const batch = batchOf(x);
  const shape = [batch, ...size];
  if (isPlain(attributes)) {
    const amounts: Pair[] = begin.map((from, i) => [
      from,
      (x.shape[i + 1] ?? 0) - from - (size[i] ?? 0),
    ]);
    return {
      output:
        shape.join() === x.shape.join()
          ? x
          : graph.slice(x, [0, ...begin], shape),
      adjoint: (dy, { graph: back }) => [
        padAxes(back, dy, [[0, 0], ...amounts]),
      ],
    };
  }
  const { bounds, masks } = native(attributes, batch);
  return {
    output: graph.add(
      "StridedSlice",
      [x, ...bounds.map((list) => graph.ints(list))],
      { T: { type: x.dtype }, ...masks },
      { shape },
    ),
    adjoint: (dy, { graph: back }) => [
      back.add(
        "StridedSliceGrad",
        [back.ints(x.shape), ...bounds.map((list) => back.ints(list)), dy],
        { T: { type: x.dtype }, ...masks },
        { shape: x.shape, dtype: dy.dtype },
      ),
    ],
  };
}

/** begin, end, strides and the masks of TensorFlow's StridedSlice. */
function native(
  { begin, size, strides }: SliceAttributes,
  batch: number,
): {
  bounds: readonly number[][];
  masks: Record<string, Attribute>;
} {
  let open = 0;
  const ends = begin.map((from, i) => {
    const stride = strides[i] ?? 1;
    const end = from + ((size[i] ?? 1) - 1) * stride + Math.sign(stride);
    // -1 would count from the end: the mask says "as far as it goes"
    if (end < 0) open |= 1 << (i + 1);
    return Math.max(0, end);
  });
  const none: Attribute = { int: 0 };
  return {
    bounds: [
      [0, ...begin],
      [batch, ...ends],
      [1, ...strides],
    ],
    masks: {
      Index: { type: "int32" },
      begin_mask: none,
      end_mask: { int: open },
      ellipsis_mask: none,
      new_axis_mask: none,
      shrink_axis_mask: none,
    },
  };
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
