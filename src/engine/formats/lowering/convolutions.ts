/** Convolutions, plain, grouped, depthwise and transposed. */
import type { Weight, Weights } from "../../network/op";
import { spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import { damaged, refuse } from "./checks";
import type {
  ConvolutionSettings,
  TransposedConvolutionSettings,
  Value,
} from "./lowering";
import { asMap, checkedPadding, mapView, places, type MapValue } from "./maps";
import { sameOrder, sizeOf, type View } from "./view";
import { checked, factorStrides, rearranged, weight, type Work } from "./work";

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
  const maps = sizeOf(map.batch);
  const padding = checkedPadding(name, settings.padding);
  // every map is a group of its own
  const own = repeated(
    name,
    asChannels(name, checked(name, kernel), map),
    maps,
  );
  const weights: Weights = bias
    ? { bias: repeated(name, checked(name, bias), maps) }
    : {};
  const isDepthwise =
    groups === channels && channels * maps > 1 && strides[0] === strides[1];
  const node = isDepthwise
    ? work.assembler.add(
        ops.depthwiseConv2d,
        name,
        [map.node],
        { strides, dilations, padding },
        {
          // output channel c * multiplier + m: the same order of values
          kernel: {
            shape: [height, width, channels * maps, out / channels],
            data: own.data,
          },
          ...weights,
        },
      )
    : work.assembler.add(
        ops.conv2d,
        name,
        [map.node],
        { strides, dilations, padding, groups: groups * maps },
        { kernel: own, ...weights },
      );
  return mapView(work, node, order, map, false);
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
  const maps = sizeOf(map.batch);
  const weights: Weights = {
    kernel: repeated(name, checked(name, kernel), maps),
    ...(bias && { bias: repeated(name, checked(name, bias), maps) }),
  };
  const node = work.assembler.add(
    ops.convTranspose2d,
    name,
    [map.node],
    { ...attributes, groups: groups * maps },
    weights,
  );
  return mapView(work, node, order, map, false);
}

/** Of a kernel that is written out for every map. */
const mostRepeated = 2 ** 24;

/** The last dimension so many times. */
function repeated(name: string, weights: Weight, times: number): Weight {
  if (times === 1) return weights;
  const { shape, data } = weights;
  if (!(data.length * times <= mostRepeated))
    refuse(
      name,
      `it works on ${times} maps an image with weights of ${spell(shape)}.`,
      `Supported are up to ${mostRepeated} weights for all maps together.`,
    );
  const last = shape.at(-1) ?? 1;
  const all = new Float32Array(data.length * times);
  for (let i = 0; i < data.length; i += last)
    for (let j = 0; j < times; j++)
      all.set(data.subarray(i, i + last), i * times + j * last);
  return { shape: shape.with(-1, last * times), data: all };
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
