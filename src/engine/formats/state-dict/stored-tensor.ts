/** Tensors that lie in a file and are read piece by piece when they are wanted. */
import { Fault } from "../../../shared/fault";
import type { Shape } from "../../network/op";
import type { Pieces } from "../zip";
import { numberWidths, type NumberType } from "../floats";
import { decode, type Encoding } from "./number-type";

export interface StoredTensor {
  readonly shape: Shape;
  readonly type: NumberType;
  /** Bytes of the file that reading it takes. */
  readonly bytes: number;
  /** The values in row-major order, `count` at a time, as float32; the last piece may be shorter. */
  pieces(count: number): AsyncGenerator<Float32Array>;
}

/** Where a tensor lies: element i, j, ... is number `offset + i strides[0] + j strides[1] + ...` of its storage. */
export interface View {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A tensor may repeat its numbers (stride 0); a small storage must not become gigabytes. */
const mostRepeated = 2 ** 20;

/** Numbers in a tensor of this shape; dimensions are checked already. */
export function countOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function rowMajor(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return strides;
}

/**
 * A tensor in a storage, which is opened when the tensor is read. `name` is for faults.
 * The view is checked against the numbers that the storage says it has; throws a Fault `damaged-file`.
 */
export function storedTensor(
  name: string,
  view: View,
  numbers: number,
  encoding: Encoding,
  open: () => Promise<Pieces>,
): StoredTensor {
  const { shape, offset } = view;
  const count = countOf(shape);
  const span = count === 0 ? 0 : spanOf(view);
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(offset + span))
    throw new Fault(
      "damaged-file",
      `The tensor "${name}" has a size beyond all bounds.`,
    );
  if (offset + span > numbers)
    throw new Fault(
      "damaged-file",
      `The tensor "${name}" reaches to number ${offset + span} of a storage of ${numbers}.`,
      "Save the weights again.",
    );
  if (count > Math.max(span, mostRepeated))
    throw new Fault(
      "unsupported-network",
      `The tensor "${name}" repeats ${span} numbers to ${count}.`,
      "Save the weights again, each tensor as it is: tensor.contiguous().",
    );
  const contiguous = isContiguous(view);
  const size = numberWidths[encoding.type];
  return {
    shape,
    type: encoding.type,
    bytes: Math.max(count, span) * size,
    async *pieces(most) {
      if (count === 0) return;
      const file = await open();
      if (!contiguous) {
        const bytes = await file.read(offset * size, span * size);
        const values = gathered(decode(bytes, encoding), view, count);
        for (let at = 0; at < count; at += most)
          yield values.subarray(at, at + most);
        return;
      }
      for (let at = 0; at < count; at += most) {
        const length = Math.min(most, count - at);
        const bytes = await file.read((offset + at) * size, length * size);
        yield decode(bytes, encoding);
      }
    },
  };
}

/** Numbers from the first element to the last, both included. */
function spanOf({ shape, strides }: View): number {
  return shape.reduce(
    (span, size, axis) => span + (size - 1) * (strides[axis] ?? 0),
    1,
  );
}

/** Whether the elements follow each other in row-major order; strides of axes of size 1 do not matter. */
function isContiguous({ shape, strides }: View): boolean {
  const expected = rowMajor(shape);
  return shape.every(
    (size, axis) => size === 1 || strides[axis] === expected[axis],
  );
}

/** The elements in row-major order. */
function gathered(
  numbers: Float32Array,
  { shape, strides }: View,
  count: number,
): Float32Array {
  const values = new Float32Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let i = 0; i < count; i++) {
    values[i] = numbers[from] ?? NaN;
    // the next index, the last axis running fastest
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      const stride = strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        from += stride;
        break;
      }
      index[axis] = 0;
      from -= (next - 1) * stride;
    }
  }
  return values;
}
