/** Pools and resizing. */
import type { Pair } from "../../../network/ops/index";
import type { ResizeSettings } from "../../lowering/index";
import type { Call, Lower } from "../call";

function pool(
  kind: "max" | "average",
  window = (call: Call): Pair => call.spatial("ksize"),
  strides = (call: Call): Pair => call.spatial("strides"),
): Lower {
  return (call) =>
    call.lowering.pool(call.name, kind, call.value(0), {
      order: call.order(),
      window: window(call),
      strides: strides(call),
      dilations: [1, 1],
      padding: call.padding(),
      ceil: false,
      // TensorFlow divides by the pixels there really are
      countPadding: false,
    });
}

const input = (index: number, what: string) => (call: Call) =>
  call.spatialOf(call.numbers(index, what), what);

/** A map to the size of input 1; `rounding` only counts for the nearest pixel. */
function resize(method: "nearest" | "linear"): Lower {
  return (call: Call) => {
    const [height, width, ...others] = call.numbers(1, "size");
    if (height === undefined || width === undefined || others.length > 0)
      call.damaged("its size is no height and width.");
    const aligned = call.attributes.bool("align_corners", false);
    const centred = call.attributes.bool("half_pixel_centers", false);
    const coordinates: ResizeSettings["coordinates"] = aligned
      ? "align-corners"
      : centred
        ? "half-pixel"
        : "asymmetric";
    return call.lowering.resize(call.name, call.value(0), {
      order: "NHWC",
      size: [height, width],
      method,
      coordinates,
      // floor((i + 1/2) scale) is (i + 1/2) scale - 1/2, rounded with its halves up
      rounding: aligned || centred ? "round-prefer-ceil" : "floor",
    });
  };
}

export const pools: Readonly<Record<string, Lower>> = {
  MaxPool: pool("max"),
  MaxPoolV2: pool("max", input(1, "window"), input(2, "strides")),
  MaxPoolWithArgmax: pool("max"),
  AvgPool: pool("average"),
  ResizeBilinear: resize("linear"),
  ResizeNearestNeighbor: resize("nearest"),
};
