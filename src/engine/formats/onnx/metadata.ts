/** What a model's metadata says of the pixels it takes (ONNX's MetadataProps: Image.*). */
import type { Told } from "../../network/network";
import type { ChosenInput } from "./choose-input";
import type { ModelProto } from "./model";

/** Pixels p of 0..255 become (p - mean) / std. */
const ranges: Readonly<Record<string, { mean: number; std: number }>> = {
  NominalRange_0_255: { mean: 0, std: 1 },
  Normalized_0_1: { mean: 0, std: 255 },
  Normalized_1_1: { mean: 127.5, std: 127.5 },
};

const uint8 = 2;

/** Null where the file does not say what values pixels have. */
export function preprocessingOf(
  { metadata }: ModelProto,
  { shape: [, , channels], type }: ChosenInput,
): Told["preprocessing"] {
  const entries = new Map(metadata.map(({ key, value }) => [key, value]));
  const range = entries.get("Image.NominalPixelRange") ?? "";
  const format = entries.get("Image.BitmapPixelFormat") ?? "";
  const named = Object.hasOwn(ranges, range) ? ranges[range] : undefined;
  const known =
    named ?? (type === uint8 ? ranges["NominalRange_0_255"] : undefined);
  if (!known) return null;
  return {
    value: {
      order: /^Bgr/i.test(format) ? "BGR" : "RGB",
      mean: new Array<number>(channels).fill(known.mean),
      std: new Array<number>(channels).fill(known.std),
    },
    from: "file",
    because: named
      ? `The file's metadata says ${[range, format].filter(Boolean).join(", ")}.`
      : "The file's input takes whole numbers of 8 bits.",
  };
}
