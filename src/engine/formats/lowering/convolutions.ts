/** Convolutions, plain, grouped, depthwise and transposed. */
import type { Weight, Weights } from "../../network/op";
import { spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import { damaged } from "./checks";
import type {
  ConvolutionSettings,
  TransposedConvolutionSettings,
  Value,
} from "./lowering";
import { asMap, checkedPadding, mapView, places, type MapValue } from "./maps";
import { sameOrder, type View } from "./view";
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
