/** Small pieces that several operations' eager paths share. */
import {
  customGrad,
  pad as padTensor,
  reshape,
  slice,
  type GradSaveFunc,
  type Rank,
  type Tensor,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import { isZero, type Pads, type Pair } from "./window";

/** A batch of maps, [batch, height, width, channel], or a kernel. */
export function rank4(x: Tensor): Tensor4D {
  if (x.rank !== 4) throw new RangeError(`[${x.shape.join()}] has not rank 4`);
  // The rank was checked; tfjs-core has no guard that narrows it.
  return x as Tensor<Rank.R4>;
}

/** Pads height and width; its gradient takes the padding off again. */
export function padMaps(x: Tensor, pads: Pads, value = 0): Tensor4D {
  const maps = rank4(x);
  if (isZero(pads)) return maps;
  const [[top, bottom], [left, right]] = pads;
  return padTensor(
    maps,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  );
}

/**
 * Puts `factor - 1` zeros between the entries of two neighbouring axes, none after the last.
 * For kernels ([0, 1]) it is dilation, for gradients ([1, 2]) the adjoint of a stride.
 */
export function spread(x: Tensor, axis: 0 | 1, factors: Pair): Tensor4D {
  const maps = rank4(x);
  if (factors[0] === 1 && factors[1] === 1) return maps;
  const [rows, columns] = [maps.shape[axis], maps.shape[axis + 1]];
  if (rows === undefined || columns === undefined)
    throw new RangeError("no such axis");
  const before = maps.shape.slice(0, axis);
  const after = maps.shape.slice(axis + 2);
  const zeros = padTensor(
    reshape(maps, [...before, rows, 1, columns, 1, ...after]),
    [
      ...before.map((): Amount => [0, 0]),
      [0, 0],
      [0, factors[0] - 1],
      [0, 0],
      [0, factors[1] - 1],
      ...after.map((): Amount => [0, 0]),
    ],
  );
  const wide = reshape(zeros, [
    ...before,
    rows * factors[0],
    columns * factors[1],
    ...after,
  ]);
  const size = [
    ...before,
    (rows - 1) * factors[0] + 1,
    (columns - 1) * factors[1] + 1,
    ...after,
  ];
  return rank4(slice(wide, new Array<number>(4).fill(0), size));
}
type Amount = [number, number];

/**
 * y = forward(x) with a gradient of our own.
 * `forward` returns y and the tensors the gradient needs; closures over tensors made inside would be disposed too early.
 */
export function withGradient(
  x: Tensor,
  forward: (x: Tensor) => { value: Tensor; saved: Tensor[] },
  backward: (dy: Tensor, saved: readonly Tensor[]) => Tensor,
): Tensor {
  return customGrad((...args) => {
    // tfjs-core's type is loose: called with one tensor, the arguments are that tensor and the save function.
    const [input, save] = args as [Tensor, GradSaveFunc];
    const { value, saved } = forward(input);
    save(saved);
    return { value, gradFunc: backward };
  })(x);
}

/** The one input of an operation with one input. */
export { only } from "./emitting";
