/** transformers' preprocessor_config.json: what its image processors do to a picture of 0..255. */
import type { Json } from "../json";
import {
  forChannels,
  normalised,
  preprocessingFrom,
  sizeOf,
  textOf,
  valuesOf,
  type Scaling,
} from "./numbers";
import type { Beside } from "./said";

/** What `said` says, with what the processor says. */
export function preprocessorSays(
  content: Json,
  name: string,
  said: Beside,
): Beside {
  const unknown = unknownStep(content);
  const size = sizeIn(content) ?? said.size;
  const sources = [...said.sources, name];
  const scaling = unknown === null ? scalingOf(content) : null;
  const order = content["do_flip_channel_order"] === true ? "BGR" : "RGB";
  const value = scaling && preprocessingFrom(scaling, order);
  if (!value) {
    const why =
      unknown === null
        ? "its numbers cannot be read"
        : `it asks for ${unknown}, which Proxima does not know`;
    const warning = `"${name}" was not followed: ${why}.`;
    return { ...said, warnings: [...said.warnings, warning] };
  }
  return {
    ...said,
    sources,
    size,
    preprocessing: {
      from: "file",
      because: `"${name}" says how pixels are prepared.`,
      forChannels: forChannels(value),
    },
  };
}

/** Steps that change no value of a pixel, or that are followed. */
const steps = new Set([
  ...["do_resize", "do_center_crop", "do_convert_rgb", "do_crop_margin"],
  ...["do_rescale", "do_normalize", "do_flip_channel_order", "do_pad"],
  ...["do_thumbnail", "do_align_long_axis", "do_reduce_labels"],
]);

/** A step that is switched on and that nobody here knows; null: there is none. */
function unknownStep(content: Json): string | null {
  return (
    Object.entries(content)
      .filter(([key, value]) => key.startsWith("do_") && value === true)
      .map(([key]) => key.slice(0, 60))
      .find((key) => !steps.has(key)) ?? null
  );
}

/** Null where a number is missing or unsound. */
function scalingOf(content: Json): Scaling | null {
  const { do_rescale: rescales = true, do_normalize: normalises } = content;
  const factor = content["rescale_factor"] ?? 1 / 255;
  if (typeof factor !== "number") return null;
  // EfficientNet's and ViViT's: from -1 on
  const shifted = content["rescale_offset"] === true ? -1 : 0;
  const start: Scaling = rescales
    ? { scale: [factor], offset: [shifted] }
    : { scale: [1], offset: [0] };
  const mean = valuesOf(content["image_mean"]);
  const std = valuesOf(content["image_std"]);
  // a processor without numbers does nothing more, unless it says that it does
  if (
    normalises === false ||
    (normalises === undefined && !("image_mean" in content))
  )
    return start;
  if (!mean || !std) return null;
  const once = normalised(start, mean, std);
  const kind = textOf(
    content["image_processor_type"] ?? content["feature_extractor_type"],
  );
  // before its classes EfficientNet's divides once more
  const twice =
    kind?.startsWith("EfficientNet") === true &&
    content["include_top"] !== false;
  return twice ? normalised(once, [0], std) : once;
}

/** What a picture is cut to, else what it is resized to. */
function sizeIn(content: Json): readonly [number, number] | null {
  const cut = content["do_center_crop"] === true ? content["crop_size"] : null;
  return sizeOf(cut) ?? sizeOf(content["size"]);
}
