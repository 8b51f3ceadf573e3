/** Every method of a Lowering, written down naively on logical tensors in float64: no views, no nodes, no folding. */
import type {
  Constant,
  Dynamic,
  Lowering,
  MapOrder,
  Value,
} from "../../../../src/engine/formats/lowering/lowering";
import type { Padding } from "../../../../src/engine/network/ops/index";
import { erf } from "../../network/erf";

export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

interface NaiveDynamic extends Dynamic, Tensor {}

type Index = readonly number[];

function size(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

function flatten(index: Index, dims: readonly number[]): number {
  return dims.reduce((at, d, i) => at * d + (index[i] ?? 0), 0);
}

/** The value at every index, row by row. */
export function build(
  dims: readonly number[],
  f: (index: Index) => number,
): NaiveDynamic {
  const data = new Float64Array(size(dims));
  const index = dims.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = f(index);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (dims[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
  return { kind: "dynamic", dims: [...dims], data };
}

function tensorOf(value: Value): Tensor {
  if (!("data" in value)) throw new TypeError("not a naive value");
  // a dynamic value here is one that this file made, with its data
  const { dims, data } = value as Tensor | Constant;
  return { dims, data: Float64Array.from(data) };
}

function at({ dims, data }: Tensor, index: Index): number {
  return data[flatten(index, dims)] ?? NaN;
}

function map(x: Value, f: (v: number) => number): NaiveDynamic {
  const { dims, data } = tensorOf(x);
  return { kind: "dynamic", dims, data: data.map((v) => f(v)) };
}

function broadcast(values: readonly Value[]): number[] {
  const rank = Math.max(...values.map((v) => v.dims.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...values.map((v) => v.dims[i - rank + v.dims.length] ?? 1)),
  );
}

/** Reads x at an index of what it is broadcast to. */
function spread(x: Tensor, index: Index): number {
  const skip = index.length - x.dims.length;
  return at(
    x,
    x.dims.map((d, i) => (d === 1 ? 0 : (index[i + skip] ?? 0))),
  );
}

function zip(a: Value, b: Value, f: (a: number, b: number) => number) {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  return build(broadcast([a, b]), (index) =>
    f(spread(x, index), spread(y, index)),
  );
}

const kinds: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  power: (a, b) => a ** b,
};

const curves: Record<string, (x: number) => number> = {
  negate: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  exp: Math.exp,
  log: Math.log,
  erf,
  sin: Math.sin,
  cos: Math.cos,
};

/** Activations that tests use, by the kind of their operation. */
const activations: Record<
  string,
  (x: number, attributes: { slope?: number; ceiling?: number | null }) => number
> = {
  rectifier: (x, { slope = 0, ceiling }) =>
    Math.min(x > 0 ? x : slope * x, ceiling ?? Infinity),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

const axesOf = (order: MapOrder) =>
  order === "NCHW" ? ([2, 3, 1] as const) : ([1, 2, 3] as const);

/** Windows along an axis: for each output the places looked at. */
function windows(
  input: number,
  window: number,
  stride: number,
  dilation: number,
  padding: Padding,
  axis: 0 | 1,
  ceil = false,
): { places: number[][]; before: number; after: number } {
  const reach = (window - 1) * dilation + 1;
  let [before, after] =
    padding === "same" || padding === "valid" ? [0, 0] : padding[axis];
  let outputs: number;
  if (padding === "same") {
    outputs = Math.ceil(input / stride);
    const total = Math.max(0, (outputs - 1) * stride + reach - input);
    before = Math.floor(total / 2);
    after = total - before;
  } else {
    const rest = (input + before + after - reach) / stride;
    outputs = (ceil ? Math.ceil(rest) : Math.floor(rest)) + 1;
    if (ceil && (outputs - 1) * stride >= input + before) outputs--;
  }
  const places = Array.from({ length: outputs }, (_, o) =>
    Array.from(
      { length: window },
      (_, i) => o * stride - before + i * dilation,
    ),
  );
  return { places, before, after };
}

/** A map made anew along height, width and channels: f reads it at [y, x, channel]. */
function onMaps(
  value: Value,
  order: MapOrder,
  [height, width, channels]: readonly [number, number, number],
  f: (
    y: number,
    x: number,
    c: number,
    read: (y: number, x: number, c: number) => number | null,
  ) => number,
): NaiveDynamic {
  const x = tensorOf(value);
  const [h, w, c] = axesOf(order);
  let batch = 0;
  const put = (y: number, xx: number, channel: number) => {
    const index = [batch, 0, 0, 0];
    [index[h], index[w], index[c]] = [y, xx, channel];
    return index;
  };
  const read = (y: number, xx: number, channel: number) =>
    y < 0 || xx < 0 || y >= (x.dims[h] ?? 0) || xx >= (x.dims[w] ?? 0)
      ? null
      : at(x, put(y, xx, channel));
  return build(
    put(height, width, channels).map((d, i) =>
      i === 0 ? (x.dims[0] ?? 1) : d,
    ),
    (i) => {
      batch = i[0] ?? 0;
      return f(i[h] ?? 0, i[w] ?? 0, i[c] ?? 0, read);
    },
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** PyTorch's cubic kernel at a distance. */
function cubic(d: number, a: number): number {
  const x = Math.abs(d);
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

function placeOf(
  o: number,
  inputs: number,
  outputs: number,
  how: string,
): number {
  if (how === "half-pixel") return ((o + 0.5) * inputs) / outputs - 0.5;
  if (how === "asymmetric") return (o * inputs) / outputs;
  return outputs === 1 ? 0 : (o * (inputs - 1)) / (outputs - 1);
}

/** Shares of input pixels in an output pixel. */
function shares(
  o: number,
  inputs: number,
  outputs: number,
  settings: Parameters<Lowering["resize"]>[2],
): [number, number][] {
  const place = placeOf(o, inputs, outputs, settings.coordinates);
  const edge = (i: number) => Math.max(0, Math.min(inputs - 1, i));
  if (settings.method === "nearest") {
    const { rounding } = settings;
    const nearest =
      rounding === "floor"
        ? Math.floor(place)
        : rounding === "round-prefer-floor"
          ? Math.ceil(place - 0.5)
          : Math.floor(place + 0.5);
    return [[edge(nearest), 1]];
  }
  const reach = settings.method === "linear" ? 1 : 2;
  const around: [number, number][] = [];
  for (
    let i = Math.floor(place) - reach;
    i <= Math.floor(place) + reach + 1;
    i++
  ) {
    const share =
      settings.method === "linear"
        ? Math.max(0, 1 - Math.abs(place - i))
        : cubic(place - i, settings.cubicCoefficient ?? -0.75);
    around.push([edge(i), share]);
  }
  return around;
}

/** `image`: [height, width, channel]. */
export function naiveLowering(image: Tensor): Lowering {
  const slice = (
    x: Value,
    begin: readonly number[],
    sizes: readonly number[],
    strides: readonly number[],
  ) => {
    const from = tensorOf(x);
    return build(sizes, (index) =>
      at(
        from,
        index.map((i, axis) => (begin[axis] ?? 0) + i * (strides[axis] ?? 1)),
      ),
    );
  };
  const transpose = (x: Value, order: readonly number[]) => {
    const from = tensorOf(x);
    return build(
      order.map((axis) => x.dims[axis] ?? 1),
      (index) => {
        const source = [...index];
        order.forEach((axis, i) => (source[axis] = index[i] ?? 0));
        return at(from, source);
      },
    );
  };
  const reduce = (
    x: Value,
    axes: readonly number[],
    f: (all: readonly number[]) => number,
  ) => {
    const from = tensorOf(x);
    const kept = from.dims.map((d, i) => (axes.includes(i) ? 1 : d));
    const inner = from.dims.map((d, i) => (axes.includes(i) ? d : 1));
    return build(kept, (index) => {
      const all: number[] = [];
      build(inner, (offset) => {
        all.push(
          at(
            from,
            index.map((i, axis) => i + (offset[axis] ?? 0)),
          ),
        );
        return 0;
      });
      return f(all);
    });
  };
  const lowering: Lowering = {
    input: (order) =>
      order === "NHWC"
        ? build([1, ...image.dims], (i) => at(image, i.slice(1)))
        : build(
            [1, image.dims[2] ?? 1, image.dims[0] ?? 1, image.dims[1] ?? 1],
            ([, c = 0, y = 0, x = 0]) => at(image, [y, x, c]),
          ),
    constant: (dims, data, type = "float") => ({
      kind: "constant",
      dims,
      data,
      type,
    }),
    conv2d(
      _name,
      x,
      kernel,
      bias,
      { order, strides, dilations, padding, groups },
    ) {
      const [h, w] = axesOf(order);
      const [kh = 1, kw = 1, perGroup = 1, out = 1] = kernel.shape;
      const rows = windows(
        x.dims[h] ?? 1,
        kh,
        strides[0],
        dilations[0],
        padding,
        0,
      ).places;
      const columns = windows(
        x.dims[w] ?? 1,
        kw,
        strides[1],
        dilations[1],
        padding,
        1,
      ).places;
      return onMaps(
        x,
        order,
        [rows.length, columns.length, out],
        (y, xx, o, read) => {
          const group = Math.floor(o / (out / groups));
          let total = bias?.data[o] ?? 0;
          rows[y]?.forEach((row, ky) =>
            columns[xx]?.forEach((column, kx) => {
              for (let c = 0; c < perGroup; c++)
                total +=
                  (read(row, column, group * perGroup + c) ?? 0) *
                  (kernel.data[flatten([ky, kx, c, o], kernel.shape)] ?? NaN);
            }),
          );
          return total;
        },
      );
    },
    convTranspose2d(_name, x, kernel, bias, settings) {
      const { order, strides, dilations, padding, outputPadding, groups } =
        settings;
      const [h, w] = axesOf(order);
      const [kh = 1, kw = 1, perGroup = 1, depth = 1] = kernel.shape;
      const along = (axis: 0 | 1, input: number, taps: number) =>
        (input - 1) * strides[axis] +
        (taps - 1) * dilations[axis] +
        1 -
        padding[axis][0] -
        padding[axis][1] +
        outputPadding[axis];
      const [height, width] = [x.dims[h] ?? 1, x.dims[w] ?? 1];
      const size = [
        along(0, height, kh),
        along(1, width, kw),
        perGroup * groups,
      ] as const;
      return onMaps(x, order, size, (y, xx, o, read) => {
        const group = Math.floor(o / perGroup);
        let total = bias?.data[o] ?? 0;
        for (let i = 0; i < height; i++)
          for (let j = 0; j < width; j++)
            for (let ky = 0; ky < kh; ky++)
              for (let kx = 0; kx < kw; kx++) {
                if (i * strides[0] + ky * dilations[0] - padding[0][0] !== y)
                  continue;
                if (j * strides[1] + kx * dilations[1] - padding[1][0] !== xx)
                  continue;
                for (let c = 0; c < depth / groups; c++) {
                  const from = group * (depth / groups) + c;
                  const at = [ky, kx, o % perGroup, from];
                  total +=
                    (read(i, j, from) ?? NaN) *
                    (kernel.data[flatten(at, kernel.shape)] ?? NaN);
                }
              }
        return total;
      });
    },
    matmul(_name, a, b, { transposeA, transposeB, bias } = {}) {
      const swap = (x: Value) =>
        transpose(
          x,
          [...x.dims.keys()].map((i) =>
            i < x.dims.length - 2 ? i : 2 * x.dims.length - 3 - i,
          ),
        );
      const left =
        a.dims.length === 1 ? lowering.reshape("", a, [1, ...a.dims]) : a;
      const right =
        b.dims.length === 1 ? lowering.reshape("", b, [...b.dims, 1]) : b;
      const x = tensorOf(transposeA ? swap(left) : left);
      const y = tensorOf(transposeB ? swap(right) : right);
      const before = broadcast([
        { kind: "dynamic", dims: x.dims.slice(0, -2) },
        { kind: "dynamic", dims: y.dims.slice(0, -2) },
      ]);
      const [m = 1, k = 1] = x.dims.slice(-2);
      const n = y.dims.at(-1) ?? 1;
      const wide = (t: Tensor, index: Index, row: number, column: number) => {
        const skip = before.length - (t.dims.length - 2);
        const front = t.dims
          .slice(0, -2)
          .map((d, i) => (d === 1 ? 0 : (index[i + skip] ?? 0)));
        return at(t, [...front, row, column]);
      };
      const product = build([...before, m, n], (index) => {
        let total = 0;
        for (let j = 0; j < k; j++)
          total +=
            wide(x, index, index.at(-2) ?? 0, j) *
            wide(y, index, j, index.at(-1) ?? 0);
        return total;
      });
      const whole = bias ? zip(product, bias, (p, q) => p + q) : product;
      const dims = [
        ...before,
        ...(a.dims.length === 1 ? [] : [m]),
        ...(b.dims.length === 1 ? [] : [n]),
      ];
      return lowering.reshape("", whole, dims);
    },
    pool(
      _name,
      kind,
      x,
      { order, window, strides, dilations, padding, ceil, countPadding },
    ) {
      const [h, w, c] = axesOf(order);
      const [height, width] = [x.dims[h] ?? 1, x.dims[w] ?? 1];
      const rows = windows(
        height,
        window[0],
        strides[0],
        dilations[0],
        padding,
        0,
        ceil,
      );
      const columns = windows(
        width,
        window[1],
        strides[1],
        dilations[1],
        padding,
        1,
        ceil,
      );
      return onMaps(
        x,
        order,
        [rows.places.length, columns.places.length, x.dims[c] ?? 1],
        (y, xx, o, read) => {
          const inside: number[] = [];
          let counted = 0;
          for (const row of rows.places[y] ?? [])
            for (const column of columns.places[xx] ?? []) {
              const value = read(row, column, o);
              if (value !== null) inside.push(value);
              const padded =
                row >= -rows.before &&
                row < height + rows.after &&
                column >= -columns.before &&
                column < width + columns.after;
              if (countPadding ? padded : value !== null) counted++;
            }
          return kind === "max" ? Math.max(...inside) : sum(inside) / counted;
        },
      );
    },
    adaptiveAveragePool(_name, x, [rows, columns], order) {
      const [h, w, c] = axesOf(order);
      const [height, width] = [x.dims[h] ?? 1, x.dims[w] ?? 1];
      return onMaps(
        x,
        order,
        [rows, columns, x.dims[c] ?? 1],
        (y, xx, o, read) => {
          const inside: number[] = [];
          for (
            let i = Math.floor((y * height) / rows);
            i < Math.ceil(((y + 1) * height) / rows);
            i++
          )
            for (
              let j = Math.floor((xx * width) / columns);
              j < Math.ceil(((xx + 1) * width) / columns);
              j++
            )
              inside.push(read(i, j, o) ?? NaN);
          return sum(inside) / inside.length;
        },
      );
    },
    batchNorm(_name, x, { gamma, beta, mean, variance }, { axis, epsilon }) {
      const from = tensorOf(x);
      return build(x.dims, (index) => {
        const c = index.at(axis) ?? 0;
        const centred = at(from, index) - (mean.data[c] ?? NaN);
        const deviation = Math.sqrt((variance.data[c] ?? NaN) + epsilon);
        return (
          (centred / deviation) * (gamma?.data[c] ?? 1) + (beta?.data[c] ?? 0)
        );
      });
    },
    layerNorm(_name, x, gamma, beta, { axis, epsilon }) {
      const axes = [...x.dims.keys()].slice(axis);
      const mean = (v: Value) =>
        reduce(v, axes, (all) => sum(all) / all.length);
      const centred = zip(x, mean(x), (a, b) => a - b);
      const variance = mean(map(centred, (v) => v * v));
      let y = zip(centred, variance, (a, b) => a / Math.sqrt(b + epsilon));
      if (gamma) y = zip(y, gamma, (a, b) => a * b);
      return beta ? zip(y, beta, (a, b) => a + b) : y;
    },
    localResponseNorm(_name, x, { order, size: width, alpha, beta, bias }) {
      const [h, w, c] = axesOf(order);
      const channels = x.dims[c] ?? 1;
      const [before, after] = [
        Math.floor((width - 1) / 2),
        Math.ceil((width - 1) / 2),
      ];
      return onMaps(
        x,
        order,
        [x.dims[h] ?? 1, x.dims[w] ?? 1, channels],
        (y, xx, o, read) => {
          let total = 0;
          for (
            let i = Math.max(0, o - before);
            i <= Math.min(channels - 1, o + after);
            i++
          )
            total += (read(y, xx, i) ?? NaN) ** 2;
          return (
            (read(y, xx, o) ?? NaN) / (bias + (alpha / width) * total) ** beta
          );
        },
      );
    },
    activation(_name, op, attributes, x) {
      const f = activations[op.kind];
      if (!f) throw new RangeError(`no reference of ${op.kind}`);
      return map(x, (v) => f(v, attributes));
    },
    prelu: (_name, x, slope) => zip(x, slope, (v, s) => (v > 0 ? v : s * v)),
    unary(_name, kind, x) {
      return map(x, curves[kind] ?? (() => NaN));
    },
    binary: (_name, kind, a, b) => zip(a, b, kinds[kind] ?? (() => NaN)),
    clip: (_name, x, low, high) =>
      map(x, (v) => Math.min(Math.max(v, low ?? -Infinity), high ?? Infinity)),
    softmax(_name, x, axis) {
      const along = [axis < 0 ? axis + x.dims.length : axis];
      const exp = map(x, Math.exp);
      return zip(exp, reduce(exp, along, sum), (a, b) => a / b);
    },
    reduce(_name, kind, x, axes, keepDims) {
      const along = axes.map((axis) =>
        axis < 0 ? axis + x.dims.length : axis,
      );
      const of = {
        mean: (all: readonly number[]) => sum(all) / all.length,
        sum,
        max: (all: readonly number[]) => Math.max(...all),
        min: (all: readonly number[]) => Math.min(...all),
      };
      const y = reduce(x, along, of[kind]);
      if (keepDims) return y;
      return { ...y, dims: y.dims.filter((_, i) => !along.includes(i)) };
    },
    reshape: (_name, x, dims) => ({ kind: "dynamic", ...tensorOf(x), dims }),
    transpose: (_name, x, order) => transpose(x, order),
    slice: (_name, x, ...part) => slice(x, ...part),
    concat(_name, values, axis) {
      const along = axis < 0 ? axis + (values[0]?.dims.length ?? 0) : axis;
      const total = sum(values.map((v) => v.dims[along] ?? 0));
      const dims = (values[0]?.dims ?? []).map((d, i) =>
        i === along ? total : d,
      );
      return build(dims, (index) => {
        let rest = index[along] ?? 0;
        for (const value of values) {
          const own = value.dims[along] ?? 0;
          if (rest < own)
            return at(
              tensorOf(value),
              index.map((i, j) => (j === along ? rest : i)),
            );
          rest -= own;
        }
        return NaN;
      });
    },
    split(_name, x, sizes, axis) {
      const along = axis < 0 ? axis + x.dims.length : axis;
      let start = 0;
      return sizes.map((length) => {
        const begin = x.dims.map((_, i) => (i === along ? start : 0));
        start += length;
        return slice(
          x,
          begin,
          x.dims.map((d, i) => (i === along ? length : d)),
          x.dims.map(() => 1),
        );
      });
    },
    gather(_name, x, indices, axis) {
      const along = axis < 0 ? axis + x.dims.length : axis;
      const from = tensorOf(x);
      const rank = indices.dims.length;
      const dims = [
        ...x.dims.slice(0, along),
        ...indices.dims,
        ...x.dims.slice(along + 1),
      ];
      return build(dims, (index) => {
        const own = index.slice(along, along + rank);
        const picked = indices.data[flatten(own, indices.dims)] ?? NaN;
        const place = picked < 0 ? picked + (x.dims[along] ?? 0) : picked;
        return at(from, [
          ...index.slice(0, along),
          place,
          ...index.slice(along + rank),
        ]);
      });
    },
    pad(_name, x, amounts, mode, value) {
      const from = tensorOf(x);
      const dims = x.dims.map(
        (d, i) => d + (amounts[i]?.[0] ?? 0) + (amounts[i]?.[1] ?? 0),
      );
      return build(dims, (index) => {
        let outside = false;
        const source = index.map((i, axis) => {
          const d = x.dims[axis] ?? 1;
          const place = i - (amounts[axis]?.[0] ?? 0);
          if (place >= 0 && place < d) return place;
          if (mode === "constant") outside = true;
          if (mode === "reflect")
            return place < 0 ? -place : 2 * (d - 1) - place;
          return place < 0 ? 0 : d - 1;
        });
        return outside ? value : at(from, source);
      });
    },
    expand(_name, x, dims) {
      const from = tensorOf(x);
      const whole = broadcast([x, { kind: "dynamic", dims }]);
      return build(whole, (index) => spread(from, index));
    },
    resize(_name, x, settings) {
      const [h, w, c] = axesOf(settings.order);
      const [rows, columns] = settings.size;
      const each = (o: number, axis: number, outputs: number) =>
        shares(o, x.dims[axis] ?? 1, outputs, settings);
      return onMaps(
        x,
        settings.order,
        [rows, columns, x.dims[c] ?? 1],
        (y, xx, o, read) => {
          let total = 0;
          for (const [i, a] of each(y, h, rows))
            for (const [j, b] of each(xx, w, columns))
              total += a * b * (read(i, j, o) ?? NaN);
          return total;
        },
      );
    },
    mapConstant() {
      throw new Error("constants are folded, not evaluated");
    },
    zipConstants() {
      throw new Error("constants are folded, not evaluated");
    },
    outputShape() {
      throw new Error("the naive evaluator ends in values");
    },
    depthOf() {
      throw new Error("the naive evaluator has no nodes");
    },
    finish() {
      throw new Error("the naive evaluator ends in values");
    },
  };
  return lowering;
}

export function naiveValue(value: Value): Tensor {
  return tensorOf(value);
}
