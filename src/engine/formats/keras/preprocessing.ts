/** What pixels a Keras network wants: written into it as its first layers, or what its family is trained with. */
import type { Preprocessing } from "../../../shared/domain";
import { presetFor } from "../../../shared/presets";
import { inputName, type Network, type Told } from "../../network/network";
import type { Node } from "../../network/op";
import { affineOf, batchNorm } from "../../network/ops/batch-norm";
import * as ops from "../../network/ops/index";
import type { Topology } from "./topology";

type Graph = Pick<Network, "input" | "nodes" | "shapes">;

/** `preparing`: nodes that scale by numbers of their own, which nobody trained. */
export function tellPreprocessing(
  network: Graph,
  preparing: ReadonlySet<string>,
  topology: Topology,
): Told["preprocessing"] {
  return (
    fromLayers(network, preparing) ?? fromFamily(network.input[2], topology)
  );
}

/** Layers a picture may pass before it is scaled. */
const passed: readonly string[] = [
  ops.resample.kind,
  ops.slice.kind,
  ops.zeroPad.kind,
  ops.reshape.kind,
  ops.flatten.kind,
];

/** What its first layers make of a pixel: scale p + offset, on the mean over the channels. */
function firstScaling(
  { input, nodes, shapes }: Graph,
  preparing: ReadonlySet<string>,
) {
  let scale = new Array<number>(input[2]).fill(1);
  let offset = new Array<number>(input[2]).fill(0);
  const mean = (values: readonly number[]) =>
    values.reduce((sum, v) => sum + v, 0) / values.length;
  const readersOf = (name: string) =>
    nodes.filter((node) => node.inputs.includes(name));
  /** Where parts of a value, laid out again, come together again: channels put into another order. */
  const reordered = (name: string): string | null => {
    const ends = readersOf(name).map((part) => {
      let end = part;
      let [next, ...others] = readersOf(end.name);
      while (next && others.length === 0 && passed.includes(next.op.kind)) {
        end = next;
        [next, ...others] = readersOf(end.name);
      }
      return others.length === 0 ? next : undefined;
    });
    const [first] = ends;
    return first?.op.kind === ops.concat.kind &&
      ends.every((end) => end === first)
      ? first.name
      : null;
  };
  let here = inputName;
  for (;;) {
    const readers = readersOf(here);
    const [reader] = readers;
    if (!reader) break;
    if (readers.length > 1 || reader.inputs.length > 1) {
      const together = reordered(here);
      if (together === null) break;
      here = together;
      continue;
    }
    const channels = shapes.get(here)?.at(-1) ?? 0;
    // laid out again, what was one a channel is one for all
    if (channels !== scale.length) {
      scale = new Array<number>(channels).fill(mean(scale));
      offset = new Array<number>(channels).fill(mean(offset));
    }
    if (preparing.has(reader.name) && isAffine(reader)) {
      const next = affineOf(reader, channels);
      scale = scale.map((s, i) => s * (next.scale[i] ?? 1));
      offset = offset.map(
        (o, i) => o * (next.scale[i] ?? 1) + (next.offset[i] ?? 0),
      );
    } else if (!passed.includes(reader.op.kind)) break;
    here = reader.name;
  }
  return {
    scale: mean(scale.map(Math.abs)),
    offset: mean(offset.map(Math.abs)),
  };
}

function isAffine(node: Node): node is Node<{ epsilon: number }> {
  return node.op.kind === batchNorm.kind;
}

/**
 * | a picture's values, 0 to 255, become | so the network takes |
 * | --- | --- |
 * | half a unit to 16 units wide | 0..255 |
 * | wider, and moved by more than 16 | 0..255: a mean is taken off |
 * | wider, but 0 to 1 does not | 0..1 |
 */
function fromLayers(
  network: Graph,
  preparing: ReadonlySet<string>,
): Told["preprocessing"] {
  const { scale, offset } = firstScaling(network, preparing);
  if (scale === 1 && offset === 0) return null;
  const width = 255 * scale;
  const channels = network.input[2];
  if (width >= 0.5 && (width <= 16 || offset > 16))
    return {
      value: asTheyAre(channels),
      from: "file",
      because:
        "The network begins by scaling its pixels itself: it takes them as they are, from 0 to 255, in RGB.",
    };
  const value = presetFor("unit", channels);
  return value && scale >= 0.5 && scale <= 16
    ? {
        value,
        from: "guess",
        because:
          "The network begins by scaling its pixels itself, by numbers that fit pixels from 0 to 1.",
      }
    : null;
}

function asTheyAre(channels: number): Preprocessing {
  // more channels than a preprocessing has places share one value
  const length = channels <= 64 ? channels : 1;
  return {
    order: "RGB",
    mean: new Array<number>(length).fill(0),
    std: new Array<number>(length).fill(1),
  };
}

/** What keras.applications trains its families with, by the names it gives the models; the first that fits. */
const families: readonly (readonly [
  name: RegExp,
  title: string,
  preset: "signed" | "imagenet" | "caffe" | null,
  meaning: string,
])[] = [
  [/^vgg(16|19)/, "VGG", "caffe", "BGR less ImageNet's means"],
  [
    /^(resnet|resnext)\d+v2|^resnet_v2/,
    "ResNet v2",
    "signed",
    "pixels from -1 to 1",
  ],
  [/^resnet(50|101|152)/, "ResNet", "caffe", "BGR less ImageNet's means"],
  [/^inception_(v3|resnet_v2)/, "Inception", "signed", "pixels from -1 to 1"],
  [/^xception/, "Xception", "signed", "pixels from -1 to 1"],
  [/^mobilenet_v?3/, "MobileNet v3", null, "pixels from 0 to 255"],
  [/^mobilenetv3/, "MobileNet v3", null, "pixels from 0 to 255"],
  [/^mobilenet(v2)?_/, "MobileNet", "signed", "pixels from -1 to 1"],
  [/^nasnet/, "NASNet", "signed", "pixels from -1 to 1"],
  [
    /^densenet\d+/,
    "DenseNet",
    "imagenet",
    "pixels from 0 to 1 less ImageNet's mean, over its deviation",
  ],
  [/^efficientnet/, "EfficientNet", null, "pixels from 0 to 255"],
  [/^convnext/, "ConvNeXt", null, "pixels from 0 to 255"],
];

function fromFamily(
  channels: number,
  topology: Topology,
): Told["preprocessing"] {
  for (const name of namesIn(topology)) {
    const found = families.find(([pattern]) =>
      pattern.test(name.toLowerCase()),
    );
    if (!found) continue;
    const [, title, preset, meaning] = found;
    const value =
      preset === null ? asTheyAre(channels) : presetFor(preset, channels);
    if (!value) return null;
    return {
      value,
      from: "guess",
      because: `It is called "${name.slice(0, 100)}": keras.applications trains ${title} with ${meaning}.`,
    };
  }
  return null;
}

/** Of the model, and of those inside it. */
function* namesIn(topology: Topology): Generator<string> {
  yield topology.name;
  for (const { model } of topology.layers.values())
    if (model) yield* namesIn(model);
}
