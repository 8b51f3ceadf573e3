/** Resize and Upsample: by the lowering where it knows the rule, else as matrix products along each axis. */
import { spell } from "../../../network/ops/check";
import type { ResizeSettings, Value } from "../../lowering/index";
import type { Call, Operator } from "../call";

type Method = ResizeSettings["method"];

/** How a pixel of the output finds its place, and what is read there. */
interface Rule {
  readonly method: Method;
  /** ONNX's coordinate_transformation_mode. */
  readonly coordinates: string;
  /** ONNX's nearest_mode. */
  readonly rounding: string;
  readonly cubic: number;
  readonly excludesOutside: boolean;
}

interface Axis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  /** What the file says, or to / from. */
  readonly scale: number;
}

export const resize: Operator = (call) => {
  const { node } = call;
  const x = call.value(0);
  if (node.flag("antialias"))
    node.refuse(
      "it resizes with antialiasing.",
      "Supported is resizing without.",
    );
  const rule = ruleOf(call);
  // a crop of the image is one also where its size stays
  if (rule.coordinates === "tf_crop_and_resize")
    refuseCoordinates(call, rule.coordinates);
  return resized(call, x, axesOf(call, x), rule);
};

export const upsample: Operator = (call) => {
  const x = call.value(0);
  const scales =
    call.opset >= 9 ? call.numbers(1, "scales") : call.node.floats("scales");
  const axes = x.dims.map((_, i) => i);
  return resized(call, x, scaledAxes(call, x, axes, scales ?? []), {
    ...oldRule,
    method: methodOf(call),
  });
};

/** Of Upsample, and of Resize in opset 10. */
const oldRule: Omit<Rule, "method"> = {
  coordinates: "asymmetric",
  rounding: "floor",
  cubic: -0.75,
  excludesOutside: false,
};

function methodOf({ node }: Call): Method {
  const mode = node.text("mode", "nearest");
  if (mode === "nearest" || mode === "linear" || mode === "cubic") return mode;
  return node.damaged(`its mode is "${mode.slice(0, 100)}".`);
}

function ruleOf(call: Call): Rule {
  const { node } = call;
  const method = methodOf(call);
  if (call.opset < 11) return { ...oldRule, method };
  return {
    method,
    coordinates: node.text("coordinate_transformation_mode", "half_pixel"),
    rounding: node.text("nearest_mode", "round_prefer_floor"),
    cubic: node.float("cubic_coeff_a", -0.75),
    excludesOutside: node.flag("exclude_outside"),
  };
}

function axesOf(call: Call, x: Value): readonly Axis[] {
  const { node } = call;
  const rank = x.dims.length;
  const all = x.dims.map((_, i) => i);
  if (call.opset < 11)
    return scaledAxes(call, x, all, call.numbers(1, "scales") ?? []);
  const axes = call.axes(node.ints("axes") ?? all, rank);
  const scales = call.numbers(2, "scales") ?? [];
  if (scales.length > 0) return scaledAxes(call, x, axes, scales);
  const sizes = call.integers(3, "sizes") ?? node.damaged("it has no sizes.");
  if (sizes.length !== axes.length)
    node.damaged(`its sizes ${spell(sizes)} do not fit ${spell(x.dims)}.`);
  if (node.text("keep_aspect_ratio_policy", "stretch") !== "stretch")
    node.refuse(
      "it keeps the aspect ratio.",
      "Supported are sizes as they are given.",
    );
  const { batch } = call.around;
  return axes.map((axis, i) => {
    const from = x.dims[axis] ?? 1;
    const given = sizes[i] ?? from;
    const to = axis === 0 && given === batch ? 1 : given;
    return { axis, from, to, scale: to / from };
  });
}

function scaledAxes(
  { node }: Call,
  x: Value,
  axes: readonly number[],
  scales: readonly number[],
): readonly Axis[] {
  if (scales.length !== axes.length || !scales.every((s) => s > 0))
    node.damaged(`its scales ${spell(scales)} do not fit ${spell(x.dims)}.`);
  return axes.map((axis, i) => {
    const from = x.dims[axis] ?? 1;
    const scale = scales[i] ?? 1;
    return { axis, from, to: Math.floor(from * scale + 1e-6), scale };
  });
}

const coordinates: Readonly<Record<string, ResizeSettings["coordinates"]>> = {
  half_pixel: "half-pixel",
  pytorch_half_pixel: "half-pixel",
  asymmetric: "asymmetric",
  align_corners: "align-corners",
};
const roundings: Readonly<Record<string, ResizeSettings["rounding"]>> = {
  floor: "floor",
  round_prefer_floor: "round-prefer-floor",
  round_prefer_ceil: "round-prefer-ceil",
};

const mostPixels = 16_384;

function resized(
  call: Call,
  x: Value,
  axes: readonly Axis[],
  rule: Rule,
): Value {
  const changed = axes.filter(
    ({ from, to, scale }) => from !== to || scale !== 1,
  );
  for (const { to } of changed)
    if (!(to >= 1 && to <= mostPixels))
      call.node.refuse(
        `its output has ${to} pixels along an axis.`,
        `Supported are 1 to ${mostPixels}.`,
      );
  if (changed.length === 0) return x;
  const known = settingsOf(x, changed, rule);
  if (known) return call.lowering.resize(call.name, x, known);
  return changed.reduce<Value>(
    (value, axis) => byMatrix(call, value, axis, rule),
    x,
  );
}

/** What the lowering resizes by itself: the two axes of a map, by rules it knows, to the size the scale gives. */
function settingsOf(
  x: Value,
  changed: readonly Axis[],
  rule: Rule,
): ResizeSettings | null {
  const coordinate = coordinates[rule.coordinates];
  const rounding = roundings[rule.rounding];
  const places = changed.map(({ axis }) => axis);
  const order = places.every((a) => a === 2 || a === 3)
    ? "NCHW"
    : places.every((a) => a === 1 || a === 2)
      ? "NHWC"
      : null;
  const plain = changed.every(
    ({ from, to, scale }) =>
      Math.abs(scale * from - to) < 1e-3 &&
      (to > 1 || rule.coordinates !== "pytorch_half_pixel"),
  );
  if (
    x.dims.length !== 4 ||
    !coordinate ||
    !order ||
    !plain ||
    (rule.method === "nearest" && !rounding) ||
    (rule.method === "cubic" && rule.excludesOutside)
  )
    return null;
  const [rows, columns] = order === "NCHW" ? [2, 3] : [1, 2];
  const to = (axis: number | undefined) =>
    changed.find((c) => c.axis === axis)?.to ?? x.dims[axis ?? 0] ?? 1;
  return {
    order,
    size: [to(rows), to(columns)],
    method: rule.method,
    coordinates: coordinate,
    rounding: rounding ?? "floor",
    cubicCoefficient: rule.cubic,
  };
}

/** The axis brought to the end, and multiplied with a matrix [from, to]. */
function byMatrix(call: Call, x: Value, along: Axis, rule: Rule): Value {
  const { lowering, name } = call;
  const { axis, from, to } = along;
  const weights = new Float32Array(from * to);
  for (let o = 0; o < to; o++)
    for (const [place, weight] of mixture(call, along, rule, o)) {
      const at = place * to + o;
      weights[at] = (weights[at] ?? 0) + weight;
    }
  const rank = x.dims.length;
  const last = rank - 1;
  const swap = x.dims.map((_, i) =>
    i === axis ? last : i === last ? axis : i,
  );
  const laid = lowering.transpose(name, x, swap);
  const matrix = lowering.constant([from, to], weights);
  return lowering.transpose(name, lowering.matmul(name, laid, matrix), swap);
}

/** The places of the input that make up pixel `o` of the output, with their weights. */
function mixture(
  call: Call,
  along: Axis,
  rule: Rule,
  o: number,
): [place: number, weight: number][] {
  const place = placeOf(call, along, rule.coordinates, o);
  const inside = (p: number) => Math.min(along.from - 1, Math.max(0, p));
  const below = Math.floor(place);
  const rest = place - below;
  if (rule.method === "nearest")
    return [[inside(rounded(call, place, rule.rounding)), 1]];
  if (rule.method === "linear")
    return [
      [inside(below), 1 - rest],
      [inside(below + 1), rest],
    ];
  const taps = [-1, 0, 1, 2].map((i): [number, number] => [
    below + i,
    cubicWeight(rest - i, rule.cubic),
  ]);
  if (!rule.excludesOutside)
    return taps.map(([p, weight]) => [inside(p), weight]);
  const kept = taps.filter(([p]) => inside(p) === p);
  const sum = kept.reduce((total, [, weight]) => total + weight, 0);
  return kept.map(([p, weight]) => [p, weight / sum]);
}

/** In float32, as the scale is one and as runtimes do it: whether a place lies in the middle of two hangs on it. */
function placeOf(
  call: Call,
  { from, to, scale }: Axis,
  mode: string,
  o: number,
): number {
  const { fround } = Math;
  const halfPixel = fround(fround((o + 0.5) / fround(scale)) - 0.5);
  switch (mode) {
    case "half_pixel":
      return halfPixel;
    case "pytorch_half_pixel":
      return to > 1 ? halfPixel : 0;
    case "half_pixel_symmetric": {
      // the middle stays in the middle where the size was rounded
      const adjustment = to / (from * scale);
      return (from / 2) * (1 - adjustment) + halfPixel;
    }
    case "asymmetric":
      return fround(o / fround(scale));
    case "align_corners":
      return to > 1 ? (o * (from - 1)) / (to - 1) : 0;
    case "tf_half_pixel_for_nn":
      return fround((o + 0.5) / fround(scale));
    default:
      return refuseCoordinates(call, mode);
  }
}

function refuseCoordinates({ node }: Call, mode: string): never {
  return node.refuse(
    `its coordinates are "${mode.slice(0, 100)}".`,
    "Supported are half_pixel, half_pixel_symmetric, pytorch_half_pixel, asymmetric, align_corners and tf_half_pixel_for_nn.",
  );
}

function rounded({ node }: Call, place: number, mode: string): number {
  switch (mode) {
    case "floor":
      return Math.floor(place);
    case "ceil":
      return Math.ceil(place);
    case "round_prefer_floor":
      return Math.ceil(place - 0.5);
    case "round_prefer_ceil":
      return Math.floor(place + 0.5);
    default:
      return node.damaged(`its nearest_mode is "${mode.slice(0, 100)}".`);
  }
}

/** Keys' cubic convolution kernel with coefficient a, at a distance. */
function cubicWeight(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  if (d < 2) return a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
  return 0;
}
