/** Resizing and pooling along one axis as matrices [output, input]: exact for any sizes, and so is their gradient. */
import type { Weight } from "../../network/op";
import type { ResizeSettings } from "./lowering";

type Mixture = readonly (readonly [place: number, share: number])[];

function matrix(inputs: number, rows: readonly Mixture[]): Weight {
  const data = new Float64Array(rows.length * inputs);
  rows.forEach((mixture, o) => {
    for (const [place, share] of mixture)
      data[o * inputs + place] = (data[o * inputs + place] ?? 0) + share;
  });
  return { shape: [rows.length, inputs], data: Float32Array.from(data) };
}

/** Means over windows, each a list of places. */
export function meanMatrix(
  inputs: number,
  windows: readonly (readonly number[])[],
): Weight {
  return matrix(
    inputs,
    windows.map((places) => places.map((place) => [place, 1 / places.length])),
  );
}

/** As PyTorch's interpolate, TensorFlow's resize and ONNX' Resize do it, without antialiasing. */
export function resizeMatrix(
  inputs: number,
  outputs: number,
  settings: Pick<
    ResizeSettings,
    "method" | "coordinates" | "rounding" | "cubicCoefficient"
  >,
  scale = outputs / inputs,
): Weight {
  const rows = Array.from({ length: outputs }, (_, o): Mixture => {
    const place = placeOf(o, inputs, outputs, settings.coordinates, scale);
    if (settings.method === "nearest")
      return [[within(round(place, settings.rounding), inputs), 1]];
    const floor = Math.floor(place);
    const rest = place - floor;
    const shares =
      settings.method === "linear"
        ? [0, 1 - rest, rest, 0]
        : cubic(rest, settings.cubicCoefficient ?? -0.75);
    return shares.map((share, i) => [within(floor - 1 + i, inputs), share]);
  });
  return matrix(inputs, rows);
}

/** Where output o lies in the input; pixels outside are those of the edge. */
function placeOf(
  o: number,
  inputs: number,
  outputs: number,
  coordinates: ResizeSettings["coordinates"],
  scale: number,
): number {
  switch (coordinates) {
    case "half-pixel":
      return (o + 0.5) / scale - 0.5;
    case "asymmetric":
      return o / scale;
    case "align-corners":
      return outputs === 1 ? 0 : (o * (inputs - 1)) / (outputs - 1);
  }
}

/** A hair's breadth for places that are whole or half but for rounding. */
const hair = 1e-9;

function round(place: number, rounding: ResizeSettings["rounding"]): number {
  switch (rounding) {
    case "floor":
      return Math.floor(place + hair);
    case "round-prefer-floor":
      return Math.ceil(place - 0.5 - hair);
    case "round-prefer-ceil":
      return Math.floor(place + 0.5 + hair);
  }
}

function within(place: number, inputs: number): number {
  return Math.min(Math.max(place, 0), inputs - 1);
}

/** Keys' cubic convolution: the shares of the pixels at -1, 0, 1 and 2. */
function cubic(t: number, a: number): number[] {
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}
