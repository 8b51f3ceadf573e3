/**
 * The usual ways to prepare pixels, as numbers: value = (p - mean) / std with p in 0..255.
 *
 * | preset   | value                                             | channels | where it is usual               |
 * | -------- | ------------------------------------------------- | -------- | ------------------------------- |
 * | unit     | p / 255, in 0..1                                  | any      | `ToTensor`, `Rescaling(1/255)`  |
 * | signed   | p / 127.5 - 1, in -1..1                           | any      | Inception, MobileNet, Xception  |
 * | imagenet | 0..1 less ImageNet's mean, over its std, RGB      | 1, 3     | torchvision, timm               |
 * | caffe    | 0..255 less ImageNet's means, BGR                 | 1, 3     | Keras' VGG and ResNet v1        |
 *
 * A network of one channel gets the mean of the three channels' numbers.
 */
import type { Preprocessing, Preset } from "./domain";

/** Red, green, blue, of p / 255. */
const imagenet = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;
/** Blue, green, red, of p. */
const caffeMean = [103.939, 116.779, 123.68] as const;

/** More channels than a Preprocessing has places share one value. */
const mostChannels = 64;

/** A preset for an input of so many channels; null where it has no meaning for them. */
export function presetFor(
  preset: Preset,
  channels: number,
): Preprocessing | null {
  switch (preset) {
    case "unit":
      return alike(0, 255, channels);
    case "signed":
      return alike(127.5, 127.5, channels);
    case "imagenet": {
      const [mean, std] = [imagenet.mean, imagenet.std].map((values) =>
        values.map((value) => value * 255),
      );
      if (!mean || !std) return null;
      return coloured({ order: "RGB", mean, std }, channels);
    }
    case "caffe":
      return coloured(
        { order: "BGR", mean: [...caffeMean], std: [1, 1, 1] },
        channels,
      );
  }
}

const names = ["unit", "signed", "imagenet", "caffe"] as const;

/** The presets that have a meaning for so many channels. */
export function presetsFor(channels: number): readonly Preset[] {
  return names.filter((name) => presetFor(name, channels) !== null);
}

/**
 * The preset a preprocessing is; null where it is one of its own. An image that goes in as it is, in [-1, 1],
 * is `signed`. Of one channel, and of more than three, the order says nothing.
 */
export function presetOf(
  preprocessing: Preprocessing | null,
  channels: number,
): Preset | null {
  if (preprocessing === null) return "signed";
  return (
    names.find((preset) => {
      const known = presetFor(preset, channels);
      return known !== null && isSame(known, preprocessing, channels);
    }) ?? null
  );
}

/** Whether two preprocessings do the same to every picture, printed digits and half precision aside. */
export function isSame(
  a: Preprocessing,
  b: Preprocessing,
  channels: number,
): boolean {
  if (channels === 3 && a.order !== b.order) return false;
  const indices = Array.from({ length: channels }, (_, index) => index);
  return indices.every(
    (index) =>
      // a tenth of a grey level, a thousandth of the width: nobody means the difference
      Math.abs(at(a.mean, index) - at(b.mean, index)) <= 0.1 &&
      Math.abs(at(a.std, index) / at(b.std, index) - 1) <= 1e-3,
  );
}

function alike(mean: number, std: number, channels: number): Preprocessing {
  const length = channels <= mostChannels ? channels : 1;
  return {
    order: "RGB",
    mean: new Array<number>(length).fill(mean),
    std: new Array<number>(length).fill(std),
  };
}

function coloured(three: Preprocessing, channels: number) {
  if (channels === 3) return three;
  if (channels !== 1) return null;
  return {
    order: "RGB",
    mean: [average(three.mean)],
    std: [average(three.std)],
  } as const satisfies Preprocessing;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** One value stands for all channels. */
function at(values: readonly number[], index: number): number {
  return values[values.length === 1 ? 0 : index] ?? NaN;
}
