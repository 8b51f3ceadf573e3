/** Convolutions and pools: what works on maps [height, width, channel]. */
import type { Weight, Weights } from "../../network/op";
import { spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import {
  padsOf,
  reach,
  type Padding,
  type Pads,
  type Pair,
} from "../../network/ops/window";
import { damaged, refuse } from "./checks";
import type {
  ConvolutionSettings,
  MapOrder,
  PoolSettings,
  ResizeSettings,
  TransposedConvolutionSettings,
  Value,
} from "./lowering";
import { meanMatrix, resizeMatrix } from "./matrices";
import { asStored, makeView, sameOrder, type Factor, type View } from "./view";
import {
  checked,
  dynamic,
  factorStrides,
  rearranged,
  weight,
  type Work,
} from "./work";

/** A node that holds a map, and the channels' factors in the order they are stored in. */
interface MapValue {
  readonly node: string;
  readonly size: Pair;
  readonly channels: readonly Factor[];
  /** The channels' factors as the file orders them. */
  readonly logical: readonly Factor[];
}

const places: Readonly<Record<MapOrder, readonly [number, number, number]>> = {
  NCHW: [2, 3, 1],
  NHWC: [1, 2, 3],
};

/** The value as a map. Where `anyOrder`, channels stay in the order they are stored in. */
function asMap(
  work: Work,
  name: string,
  value: Value,
  order: MapOrder,
  anyOrder: boolean,
): MapValue {
  const { dims } = value;
  if (dims.length !== 4 || dims[0] !== 1)
    refuse(
      name,
      `its input has the shape ${spell(dims)}.`,
      "It works on one map an image: rank 4 with a batch of one.",
    );
  const x = dynamic(work, name, value);
  const [h, w, c] = places[order];
  const [rows = [], columns = [], logical = []] = [h, w, c].map(
    (i) => x.axes[i],
  );
  const stored = asStored(x, logical);
  const wanted = [...rows, ...columns, ...logical];
  const lazy = [...rows, ...columns, ...stored];
  const target = anyOrder && sameOrder(x.order, lazy) ? lazy : wanted;
  const laid = work.arranging.ordered(name, x, target);
  const size: Pair = [dims[h] ?? 1, dims[w] ?? 1];
  const node = work.arranging.shaped(name, laid.node, [...size, dims[c] ?? 1]);
  return {
    node,
    size,
    channels: target === lazy ? stored : logical,
    logical,
  };
}

/** The view of a node stored as [height, width, channel]; the channels' factors may be given. */
function mapView(
  work: Work,
  node: string,
  order: MapOrder,
  channels?: Pick<MapValue, "channels" | "logical">,
): View {
  const [height = 1, width = 1, depth = 1] = work.assembler.shapeOf(node);
  const factor = (size: number) => (size === 1 ? [] : [{ size }]);
  const [rows, columns] = [factor(height), factor(width)];
  const plain = factor(depth);
  const logical = channels?.logical ?? plain;
  const axes =
    order === "NCHW"
      ? [[], logical, rows, columns]
      : [[], rows, columns, logical];
  const stored = channels?.channels ?? plain;
  return makeView(node, [...rows, ...columns, ...stored], axes);
}

export function conv2d(
  work: Work,
  name: string,
  x: Value,
  kernel: Weight,
  bias: Weight | null,
  settings: ConvolutionSettings,
): View {
  const { order, strides, dilations, groups } = settings;
  const { shape } = kernel;
  const channels = x.dims[places[order][2]] ?? 1;
  const [height = 0, width = 0, perGroup = 0, out = 0] = shape;
  if (
    shape.length !== 4 ||
    !Number.isSafeInteger(groups) ||
    groups < 1 ||
    perGroup * groups !== channels ||
    out % groups !== 0
  )
    damaged(
      name,
      `a kernel of ${spell(shape)} in ${groups} groups does not fit ${channels} channels.`,
    );
  const map = asMap(work, name, x, order, groups === 1);
  const padding = checkedPadding(name, settings.padding);
  const own = checked(name, kernel);
  const weights: Weights = bias ? { bias: checked(name, bias) } : {};
  const depthwise =
    groups === channels && channels > 1 && strides[0] === strides[1];
  const node = depthwise
    ? work.assembler.add(
        ops.depthwiseConv2d,
        name,
        [map.node],
        { strides, dilations, padding },
        {
          // output channel c * multiplier + m: the same order of values
          kernel: {
            shape: [height, width, channels, out / channels],
            data: own.data,
          },
          ...weights,
        },
      )
    : work.assembler.add(
        ops.conv2d,
        name,
        [map.node],
        { strides, dilations, padding, groups },
        { kernel: asChannels(name, own, map), ...weights },
      );
  return mapView(work, node, order);
}

export function convTranspose2d(
  work: Work,
  name: string,
  x: Value,
  kernel: Weight,
  bias: Weight | null,
  settings: TransposedConvolutionSettings,
): View {
  const { order, ...attributes } = settings;
  const { shape } = kernel;
  const { groups } = attributes;
  const channels = x.dims[places[order][2]] ?? 1;
  const [, , , depth] = shape;
  if (
    shape.length !== 4 ||
    !Number.isSafeInteger(groups) ||
    groups < 1 ||
    channels % groups !== 0 ||
    depth !== channels
  )
    damaged(
      name,
      `a kernel of ${spell(shape)} in ${groups} groups does not fit ${channels} channels.`,
    );
  checkedPadding(name, settings.padding);
  const map = asMap(work, name, x, order, false);
  const weights: Weights = {
    kernel: checked(name, kernel),
    ...(bias && { bias: checked(name, bias) }),
  };
  const node = work.assembler.add(
    ops.convTranspose2d,
    name,
    [map.node],
    attributes,
    weights,
  );
  return mapView(work, node, order);
}

/** A kernel whose input channels are in the order in which the map stores its own. */
function asChannels(
  name: string,
  kernel: Weight,
  { channels, logical }: MapValue,
): Weight {
  if (sameOrder(channels, logical)) return kernel;
  const [height = 1, width = 1, depth = 1, out = 1] = kernel.shape;
  const strides = new Map(
    logical.map((factor, i) => [factor, factorStrides(logical, out)[i] ?? 0]),
  );
  const data = rearranged(
    kernel.data,
    [height * width, ...channels.map((f) => f.size), out],
    [depth * out, ...channels.map((f) => strides.get(f) ?? 0), 1],
  );
  return weight(name, kernel.shape, data);
}

export function pool(
  work: Work,
  name: string,
  kind: "max" | "average",
  x: Value,
  settings: PoolSettings,
): View {
  const { order, strides, dilations } = settings;
  const map = asMap(work, name, x, order, true);
  const window = {
    size: settings.window,
    strides,
    dilations,
    padding: checkedPadding(name, settings.padding),
  };
  const whole = [...settings.window, ...strides, ...dilations];
  if (!whole.every((n) => Number.isSafeInteger(n) && n >= 1))
    damaged(name, `its window, strides or dilations are ${spell(whole)}.`);
  const pads = padsOf(window, map.size);
  const padding: Pads = settings.ceil ? [ceiled(0), ceiled(1)] : pads;
  /** The padding that makes the last window whole that still starts within the map or the padding before it. */
  function ceiled(axis: 0 | 1): Pair {
    const [before, after] = pads[axis];
    const stride = strides[axis];
    const size = map.size[axis];
    const over = reach(settings.window[axis], dilations[axis]);
    const steps = Math.ceil((size + before + after - over) / stride);
    const last = steps * stride >= size + before ? steps - 1 : steps;
    return [before, Math.max(0, last * stride + over - size - before)];
  }
  if (dilations[0] !== 1 || dilations[1] !== 1)
    return dilatedPool(work, name, kind, map, settings, padding, pads);
  const attributes = { window: settings.window, strides, padding };
  const counted = settings.countPadding ? pads : none;
  const node =
    kind === "max"
      ? work.assembler.add(ops.maxPool, name, [map.node], attributes)
      : work.assembler.add(ops.averagePool, name, [map.node], {
          ...attributes,
          counted,
        });
  return mapView(work, node, order, map);
}

const none: Pads = [
  [0, 0],
  [0, 0],
];

function checkedPadding(name: string, padding: Padding): Padding {
  if (typeof padding === "string") return padding;
  if (!padding.flat().every((n) => Number.isSafeInteger(n) && n >= 0))
    damaged(name, `its padding is ${JSON.stringify(padding)}.`);
  return padding;
}

/** No pool of the engine knows dilations: the largest of picked values, or a mean as two matrix products. */
function dilatedPool(
  work: Work,
  name: string,
  kind: "max" | "average",
  map: MapValue,
  { order, window, strides, dilations, countPadding }: PoolSettings,
  padding: Pads,
  pads: Pads,
): View {
  const taps = ([0, 1] as const).map((axis) =>
    tapsAlong(name, map.size[axis], {
      window: window[axis],
      stride: strides[axis],
      dilation: dilations[axis],
      padding: padding[axis],
    }),
  );
  const [rows = [], columns = []] = taps;
  if (rows.length === 0 || columns.length === 0)
    refuse(
      name,
      `its window of ${window.join(" x ")} is larger than its input of ${map.size.join(" x ")} pixels.`,
      "Choose a larger input size.",
    );
  if (kind === "average") {
    const [tall, wide] = ([0, 1] as const).map((axis) =>
      meanMatrix(
        map.size[axis],
        taps[axis] ?? [],
        countPadding ? pads[axis] : [0, 0],
      ),
    );
    return mapView(work, resample(work, name, map, tall, wide), order, map);
  }
  const high = largestOf(work, `${name}/rows`, map.node, 0, map.size[0], rows);
  const node = largestOf(work, name, high, 1, map.size[1], columns);
  return mapView(work, node, order, map);
}

const mostTaps = 2 ** 20;

/** For each pixel of the output the places its window looks at; those outside of the input too. */
function tapsAlong(
  name: string,
  size: number,
  {
    window,
    stride,
    dilation,
    padding: [before, after],
  }: { window: number; stride: number; dilation: number; padding: Pair },
): number[][] {
  const rest = size + before + after - reach(window, dilation);
  const outputs = Math.floor(rest / stride) + 1;
  if (!(outputs * window <= mostTaps))
    refuse(
      name,
      `its ${outputs} windows look at ${window} pixels each.`,
      "Supported are windows within the image.",
    );
  return Array.from({ length: Math.max(0, outputs) }, (_, o) =>
    Array.from(
      { length: window },
      (_, i) => o * stride - before + i * dilation,
    ),
  );
}

/** A place outside of the input is replaced by one inside of the same window: it cannot win either. */
function largestOf(
  { assembler }: Work,
  name: string,
  node: string,
  axis: 0 | 1,
  size: number,
  taps: readonly (readonly number[])[],
): string {
  const inside = (place: number) => place >= 0 && place < size;
  const windows = taps.map((places) => {
    const some = places.find(inside);
    if (some === undefined)
      refuse(
        name,
        "a window lies outside of its input.",
        "The padding of a pool is smaller than its window.",
      );
    return places.map((place) => (inside(place) ? place : some));
  });
  const parts = (windows[0] ?? []).map((_, i) =>
    assembler.add(ops.gather, `${name}/part`, [node], {
      axis,
      indices: windows.map((places) => places[i] ?? 0),
    }),
  );
  return parts.reduce((a, b, i) =>
    assembler.add(
      ops.maximum,
      i === parts.length - 1 ? name : `${name}/largest`,
      [a, b],
      {},
    ),
  );
}

/** PyTorch's: the window of output o is [floor(o in / out), ceil((o + 1) in / out)). */
export function adaptiveAveragePool(
  work: Work,
  name: string,
  x: Value,
  size: Pair,
  order: MapOrder,
): View {
  checkSize(name, size);
  const map = asMap(work, name, x, order, true);
  const windows = ([0, 1] as const).map((axis) =>
    adaptiveWindows(map.size[axis], size[axis]),
  );
  const [rows, columns] = windows.map(regular);
  if (size[0] === 1 && size[1] === 1) {
    const attributes = { keepDims: true };
    const node = work.assembler.add(
      ops.globalAverage,
      name,
      [map.node],
      attributes,
    );
    return mapView(work, node, order, map);
  }
  if (rows && columns) {
    const node = work.assembler.add(ops.averagePool, name, [map.node], {
      window: [rows.size, columns.size],
      strides: [rows.stride, columns.stride],
      padding: none,
      counted: none,
    });
    return mapView(work, node, order, map);
  }
  const [tall, wide] = ([0, 1] as const).map((axis) =>
    meanMatrix(map.size[axis], windows[axis] ?? [], [0, 0]),
  );
  return mapView(work, resample(work, name, map, tall, wide), order, map);
}

/** Of an output: no image is larger. */
const largestSize = 16_384;

function checkSize(name: string, size: Pair): void {
  if (!size.every((n) => Number.isSafeInteger(n) && n >= 1 && n <= largestSize))
    refuse(
      name,
      `its output has the size ${spell(size)}.`,
      `Supported are 1 to ${largestSize} pixels.`,
    );
}

/** The places of every window. */
function adaptiveWindows(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, o) => {
    const start = Math.floor((o * from) / to);
    const end = Math.ceil(((o + 1) * from) / to);
    return Array.from({ length: end - start }, (_, i) => start + i);
  });
}

/** Size and stride where all windows have the same and the pool's own arithmetic finds as many. */
function regular(
  windows: readonly (readonly number[])[],
): { size: number; stride: number } | null {
  const [first, second] = windows;
  const size = first?.length ?? 1;
  const stride = second?.[0] ?? size;
  const even = windows.every(
    (places, i) => places.length === size && places[0] === i * stride,
  );
  return even && stride >= 1 ? { size, stride } : null;
}

export function resize(
  work: Work,
  name: string,
  x: Value,
  settings: ResizeSettings,
): View {
  const { order, size } = settings;
  checkSize(name, size);
  const map = asMap(work, name, x, order, true);
  const [tall, wide] = ([0, 1] as const).map((axis) =>
    resizeMatrix(map.size[axis], size[axis], settings, settings.scales?.[axis]),
  );
  return mapView(work, resample(work, name, map, tall, wide), order, map);
}

/** Every row and column of the output is a mixture of the input's. */
function resample(
  { assembler }: Work,
  name: string,
  map: MapValue,
  rows: Weight | undefined,
  columns: Weight | undefined,
): string {
  if (!rows || !columns) throw new RangeError("a matrix for each of two axes");
  return assembler.add(ops.resample, name, [map.node], {}, { rows, columns });
}
