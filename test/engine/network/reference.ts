/** What every operation computes, written down naively in float64: no tfjs, no TensorFlow, none of the engine's own geometry. */
import type { Node } from "../../../src/engine/network/op";
import type {
  AveragePoolAttributes,
  BatchNormAttributes,
  Conv2dAttributes,
  DepthwiseConv2dAttributes,
  GlobalPoolAttributes,
  MaxPoolAttributes,
  Padding,
  RectifierAttributes,
  ZeroPadAttributes,
} from "../../../src/engine/network/ops/index";
import { broadcast, curves } from "./reference-curves";
import { products } from "./reference-products";
import { layouts } from "./reference-layout";
import {
  biased,
  first,
  map,
  reference,
  size,
  sum,
  weight,
  type Reference,
  type Values,
} from "./values";

export { size, type Values } from "./values";

interface Maps {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  at(n: number, y: number, x: number, c: number): number | null;
}

/** Reads maps; null outside of the image. */
function maps({ shape, data }: Values): Maps {
  const [n = 0, h = 0, w = 0, c = 0] = shape;
  return {
    n,
    h,
    w,
    c,
    at: (b, y, x, k) =>
      y < 0 || x < 0 || y >= h || x >= w
        ? null
        : (data[((b * h + y) * w + x) * c + k] ?? NaN),
  };
}

function buildMaps(
  shape: readonly [number, number, number, number],
  f: (n: number, y: number, x: number, c: number) => number,
): Values {
  const data = new Float64Array(size(shape));
  let i = 0;
  for (let n = 0; n < shape[0]; n++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[2]; x++)
        for (let c = 0; c < shape[3]; c++) data[i++] = f(n, y, x, c);
  return { shape, data };
}

/** Where the first window starts, and how many windows there are. */
function along(
  input: number,
  window: number,
  stride: number,
  dilation: number,
  padding: Padding,
  axis: 0 | 1,
): { start: number; outputs: number; end: number } {
  const reach = dilation * (window - 1) + 1;
  if (padding === "same") {
    const outputs = Math.ceil(input / stride);
    const total = Math.max(0, (outputs - 1) * stride + reach - input);
    const before = Math.floor(total / 2);
    return { start: -before, outputs, end: total - before };
  }
  const [before, after] = padding === "valid" ? [0, 0] : padding[axis];
  const outputs = Math.floor((input + before + after - reach) / stride) + 1;
  return { start: -before, outputs, end: after };
}

function convolve(
  x: Maps,
  kernelShape: readonly number[],
  strides: readonly [number, number],
  dilations: readonly [number, number],
  padding: Padding,
  out: number,
  tap: (
    n: number,
    ky: number,
    kx: number,
    o: number,
    at: (c: number) => number,
  ) => number,
): Values {
  const [kh = 0, kw = 0] = kernelShape;
  const rows = along(x.h, kh, strides[0], dilations[0], padding, 0);
  const columns = along(x.w, kw, strides[1], dilations[1], padding, 1);
  return buildMaps(
    [x.n, rows.outputs, columns.outputs, out],
    (n, oy, ox, o) => {
      let sum = 0;
      for (let ky = 0; ky < kh; ky++)
        for (let kx = 0; kx < kw; kx++) {
          const y = rows.start + oy * strides[0] + ky * dilations[0];
          const xx = columns.start + ox * strides[1] + kx * dilations[1];
          sum += tap(n, ky, kx, o, (c) => x.at(n, y, xx, c) ?? 0);
        }
      return sum;
    },
  );
}

function pool(
  inputs: readonly Values[],
  { window, strides, padding, dilations = [1, 1] }: MaxPoolAttributes,
  value: (inside: readonly number[], counted: number) => number,
  counts: readonly [readonly number[], readonly number[]] = [
    [0, 0],
    [0, 0],
  ],
): Values {
  const x = maps(first(inputs));
  const rows = along(x.h, window[0], strides[0], dilations[0], padding, 0);
  const columns = along(x.w, window[1], strides[1], dilations[1], padding, 1);
  return buildMaps(
    [x.n, rows.outputs, columns.outputs, x.c],
    (n, oy, ox, c) => {
      const inside: number[] = [];
      let counted = 0;
      for (let ky = 0; ky < window[0]; ky++)
        for (let kx = 0; kx < window[1]; kx++) {
          const y = rows.start + oy * strides[0] + ky * dilations[0];
          const xx = columns.start + ox * strides[1] + kx * dilations[1];
          const v = x.at(n, y, xx, c);
          if (v !== null) inside.push(v);
          const [[top = 0, bottom = 0], [left = 0, right = 0]] = counts;
          const counts_ =
            y >= -top && y < x.h + bottom && xx >= -left && xx < x.w + right;
          if (counts_) counted++;
        }
      return value(inside, counted);
    },
  );
}

function global(
  inputs: readonly Values[],
  node: Node<GlobalPoolAttributes>,
  value: (all: readonly number[]) => number,
): Values {
  const x = maps(first(inputs));
  const y = buildMaps([x.n, 1, 1, x.c], (n, _y, _x, c) => {
    const all: number[] = [];
    for (let i = 0; i < x.h; i++)
      for (let j = 0; j < x.w; j++) all.push(x.at(n, i, j, c) ?? NaN);
    return value(all);
  });
  return node.attributes.keepDims ? y : { ...y, shape: [x.n, x.c] };
}

const references: Readonly<Record<string, Reference>> = {
  ...layouts,
  ...curves,
  ...products,
  conv2d: reference<Conv2dAttributes>((inputs, node) => {
    const x = maps(first(inputs));
    const kernel = weight(node, "kernel");
    const [, kw = 0, perGroup = 0, out = 0] = kernel.shape;
    const { strides, dilations, padding, groups } = node.attributes;
    const outPerGroup = out / groups;
    const y = convolve(
      x,
      kernel.shape,
      strides,
      dilations,
      padding,
      out,
      (_n, ky, kx, o, at) => {
        const group = Math.floor(o / outPerGroup);
        let total = 0;
        for (let i = 0; i < perGroup; i++)
          total +=
            at(group * perGroup + i) *
            (kernel.data[((ky * kw + kx) * perGroup + i) * out + o] ?? NaN);
        return total;
      },
    );
    return biased(node, y);
  }),
  "depthwise-conv2d": reference<DepthwiseConv2dAttributes>((inputs, node) => {
    const x = maps(first(inputs));
    const kernel = weight(node, "kernel");
    const [, kw = 0, channels = 0, multiplier = 0] = kernel.shape;
    const { strides, dilations, padding } = node.attributes;
    const y = convolve(
      x,
      kernel.shape,
      strides,
      dilations,
      padding,
      channels * multiplier,
      (_n, ky, kx, o, at) => {
        const c = Math.floor(o / multiplier);
        const k =
          ((ky * kw + kx) * channels + c) * multiplier + (o % multiplier);
        return at(c) * (kernel.data[k] ?? NaN);
      },
    );
    return biased(node, y);
  }),
  "batch-norm": reference<BatchNormAttributes>((inputs, node) => {
    const x = first(inputs);
    const channels = x.shape.at(-1) ?? 1;
    const { gamma, beta, mean, variance } = node.weights;
    return map(x, (v, i) => {
      const c = i % channels;
      const centred = v - (mean?.data[c] ?? 0);
      const deviation = Math.sqrt(
        (variance?.data[c] ?? 1) + node.attributes.epsilon,
      );
      return (
        (centred / deviation) * (gamma?.data[c] ?? 1) + (beta?.data[c] ?? 0)
      );
    });
  }),
  /** With the node's own slope. */
  rectifier: reference<RectifierAttributes>((inputs, node) => {
    const { slope, ceiling } = node.attributes;
    return map(first(inputs), (v) =>
      Math.min(v > 0 ? v : slope * v, ceiling ?? Infinity),
    );
  }),
  prelu: (inputs, node) => {
    const alpha = weight(node, "alpha");
    const slopes: Values = {
      shape: [1, ...alpha.shape],
      data: Float64Array.from(alpha.data),
    };
    return broadcast([first(inputs), slopes], (v, s) => (v > 0 ? v : s * v));
  },
  "max-pool": reference<MaxPoolAttributes>((inputs, node) =>
    pool(inputs, node.attributes, (inside) => Math.max(...inside)),
  ),
  "average-pool": reference<AveragePoolAttributes>((inputs, node) =>
    pool(
      inputs,
      node.attributes,
      (inside, counted) => sum(inside) / counted,
      node.attributes.counted,
    ),
  ),
  "global-average-pool": reference<GlobalPoolAttributes>((inputs, node) =>
    global(inputs, node, (all) => sum(all) / all.length),
  ),
  "global-max-pool": reference<GlobalPoolAttributes>((inputs, node) =>
    global(inputs, node, (all) => Math.max(...all)),
  ),
  "zero-pad": reference<ZeroPadAttributes>((inputs, node) => {
    const x = maps(first(inputs));
    const [[top, bottom], [left, right]] = node.attributes.padding;
    return buildMaps(
      [x.n, x.h + top + bottom, x.w + left + right, x.c],
      (n, y, xx, c) => x.at(n, y - top, xx - left, c) ?? 0,
    );
  }),
};

export function computeReference(
  inputs: readonly Values[],
  node: Node,
): Values {
  const compute = references[node.op.kind];
  if (!compute) throw new RangeError(`no reference for ${node.op.kind}`);
  return compute(inputs, node);
}

/** A derivative with respect to one value of one input. */
export interface Sample {
  readonly input: number;
  readonly index: number;
  readonly slope: number;
}

/**
 * The gradient of sum(dy * value) by central differences, at up to `most` values of every input, spread over it.
 * In float64 a step of 1e-5 leaves about ten digits.
 */
export function centralDifferences(
  inputs: readonly Values[],
  node: Node,
  dy: Float64Array,
  most = 150,
): Sample[] {
  const step = 1e-5;
  const scoreAt = (changed: readonly Values[]) =>
    computeReference(changed, node).data.reduce(
      (total, v, i) => total + v * (dy[i] ?? NaN),
      0,
    );
  return inputs.flatMap((x, input) => {
    const stride = Math.max(1, x.data.length / most);
    const count = Math.min(most, x.data.length);
    return Array.from({ length: count }, (_, k): Sample => {
      const index = Math.floor(k * stride);
      const moved = (by: number) =>
        inputs.map((other, j) => {
          if (j !== input) return other;
          const data = other.data.slice();
          data[index] = (data[index] ?? NaN) + by;
          return { ...other, data };
        });
      const rise = scoreAt(moved(step)) - scoreAt(moved(-step));
      return { input, index, slope: rise / (2 * step) };
    });
  });
}
