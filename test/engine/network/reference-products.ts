/** Sums of products: matrices, normalizations, resampling. */
import type {
  ConvTranspose2dAttributes,
  LayerNormAttributes,
  LocalResponseNormAttributes,
  MatmulAttributes,
  ReduceAttributes,
} from "../../../src/engine/network/ops/index";
import {
  at,
  biased,
  build,
  first,
  map,
  reference,
  size,
  sum,
  weight,
  type Reference,
} from "./values";

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export const products: Readonly<Record<string, Reference>> = {
  dense: (inputs, node) => {
    const x = first(inputs);
    const kernel = weight(node, "kernel");
    const [features = 0, out = 0] = kernel.shape;
    const shape = [...x.shape.slice(0, -1), out];
    const data = Float64Array.from({ length: size(shape) }, (_, i) => {
      const row = Math.floor(i / out);
      let total = 0;
      for (let f = 0; f < features; f++)
        total +=
          (x.data[row * features + f] ?? NaN) *
          (kernel.data[f * out + (i % out)] ?? NaN);
      return total;
    });
    return biased(node, { shape, data });
  },
  softmax: (inputs) => {
    const x = first(inputs);
    const channels = x.shape.at(-1) ?? 1;
    return map(x, (v, i) => {
      const start = i - (i % channels);
      const all = x.data.slice(start, start + channels);
      return Math.exp(v) / sum([...all].map(Math.exp));
    });
  },
  matmul: reference<MatmulAttributes>((inputs, node) => {
    const { transposeA, transposeB } = node.attributes;
    const [a, b] = inputs;
    if (!a || !b) throw new RangeError("two inputs");
    const rank = a.shape.length;
    const before = a.shape
      .slice(0, -2)
      .map((d, i) => Math.max(d, b.shape[i] ?? 1));
    const rows = a.shape[transposeA ? rank - 1 : rank - 2] ?? 0;
    const inner = a.shape[transposeA ? rank - 2 : rank - 1] ?? 0;
    const columns = b.shape[transposeB ? rank - 2 : rank - 1] ?? 0;
    return build([...before, rows, columns], (index) => {
      const [i = 0, j = 0] = index.slice(-2);
      const place = (of: readonly number[], ...ends: number[]) => [
        ...index.slice(0, -2).map((k, axis) => (of[axis] === 1 ? 0 : k)),
        ...ends,
      ];
      return sum(
        range(inner).map(
          (k) =>
            at(a, transposeA ? place(a.shape, k, i) : place(a.shape, i, k)) *
            at(b, transposeB ? place(b.shape, j, k) : place(b.shape, k, j)),
        ),
      );
    });
  }),
  reduce: reference<ReduceAttributes>((inputs, node) => {
    const x = first(inputs);
    const { kind, axes, keepDims } = node.attributes;
    const reduced = axes.map((a) => (a < 0 ? x.shape.length + a : a + 1));
    const kept = x.shape.map((d, i) => (reduced.includes(i) ? 1 : d));
    const y = build(kept, (index) => {
      const all: number[] = [];
      build(
        x.shape.map((d, i) => (reduced.includes(i) ? d : 1)),
        (offset) =>
          all.push(
            at(
              x,
              index.map((k, i) => k + (offset[i] ?? 0)),
            ),
          ),
      );
      if (kind === "max") return Math.max(...all);
      if (kind === "min") return Math.min(...all);
      return kind === "sum" ? sum(all) : sum(all) / all.length;
    });
    if (keepDims) return y;
    return { ...y, shape: x.shape.filter((_, i) => !reduced.includes(i)) };
  }),
  "layer-norm": reference<LayerNormAttributes>((inputs, node) => {
    const x = first(inputs);
    const { dimensions, epsilon } = node.attributes;
    const features = size(x.shape.slice(-dimensions));
    const { gamma, beta } = node.weights;
    return map(x, (v, i) => {
      const start = i - (i % features);
      const row = [...x.data.slice(start, start + features)];
      const mean = sum(row) / features;
      const variance = sum(row.map((r) => (r - mean) ** 2)) / features;
      const unit = (v - mean) / Math.sqrt(variance + epsilon);
      const feature = i % features;
      return unit * (gamma?.data[feature] ?? 1) + (beta?.data[feature] ?? 0);
    });
  }),
  resample: (inputs, node) => {
    const x = first(inputs);
    const [batch = 1, height = 0, width = 0, channels = 0] = x.shape;
    const rows = weight(node, "rows");
    const columns = weight(node, "columns");
    const shape = [batch, rows.shape[0] ?? 0, columns.shape[0] ?? 0, channels];
    return build(shape, ([n = 0, y = 0, xx = 0, c = 0]) =>
      sum(
        range(height).flatMap((i) =>
          range(width).map(
            (j) =>
              (rows.data[y * height + i] ?? NaN) *
              (columns.data[xx * width + j] ?? NaN) *
              at(x, [n, i, j, c]),
          ),
        ),
      ),
    );
  },
  "local-response-norm": reference<LocalResponseNormAttributes>(
    (inputs, node) => {
      const x = first(inputs);
      const { size: window, alpha, beta, bias } = node.attributes;
      const channels = x.shape.at(-1) ?? 1;
      return map(x, (v, i) => {
        const c = i % channels;
        const from = Math.max(0, c - Math.floor((window - 1) / 2));
        const to = Math.min(channels - 1, c + Math.ceil((window - 1) / 2));
        const squares = [...x.data.slice(i - c + from, i - c + to + 1)];
        const level = sum(squares.map((s) => s * s));
        return v / (bias + (alpha / window) * level) ** beta;
      });
    },
  ),
  /** Kernels put down one by one. */
  "conv-transpose2d": reference<ConvTranspose2dAttributes>((inputs, node) => {
    const x = first(inputs);
    const [batch = 1, height = 0, width = 0, channels = 0] = x.shape;
    const kernel = weight(node, "kernel");
    const [kh = 0, kw = 0, perGroup = 0] = kernel.shape;
    const { strides, dilations, padding, outputPadding, groups } =
      node.attributes;
    const out = perGroup * groups;
    const length = (axis: 0 | 1, input: number, taps: number) =>
      (input - 1) * strides[axis] +
      dilations[axis] * (taps - 1) +
      1 -
      padding[axis][0] -
      padding[axis][1] +
      outputPadding[axis];
    const shape = [batch, length(0, height, kh), length(1, width, kw), out];
    const [, tall = 0, wide = 0] = shape;
    const data = new Float64Array(size(shape));
    const inputs_ = build(x.shape, ([n = 0, y = 0, xx = 0, c = 0]) => {
      const v = at(x, [n, y, xx, c]);
      const group = Math.floor(c / (channels / groups));
      for (let ky = 0; ky < kh; ky++)
        for (let kx = 0; kx < kw; kx++) {
          const oy = y * strides[0] + ky * dilations[0] - padding[0][0];
          const ox = xx * strides[1] + kx * dilations[1] - padding[1][0];
          if (oy < 0 || ox < 0 || oy >= tall || ox >= wide) continue;
          for (let o = 0; o < perGroup; o++) {
            const w =
              kernel.data[((ky * kw + kx) * perGroup + o) * channels + c] ??
              NaN;
            const place =
              ((n * tall + oy) * wide + ox) * out + group * perGroup + o;
            data[place] = (data[place] ?? NaN) + v * w;
          }
        }
      return v;
    });
    if (inputs_.data.length !== x.data.length) throw new RangeError("missed");
    return biased(node, { shape, data });
  }),
};
