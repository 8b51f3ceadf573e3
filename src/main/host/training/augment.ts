/** What a training picture becomes: crop, turn, flip, colour and noise, drawn from streams of its own. */
import { randomStream, type RandomStream } from "../../../engine";
import type { Augmentation } from "../../../shared/training";
import { addNoise, type Noise } from "./noise";
import { purposes } from "./purposes";
import { turnPixels, type TurnedPart } from "./turn";

/** The part of a picture that is shown, how its colours change, and what is added. */
export interface Change extends TurnedPart {
  /** Factors; 1 changes nothing. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** In units of x. */
  readonly noise: Noise | null;
}

/** Brightness of R, G and B (ITU-R BT.601). */
const luma = [0.299, 0.587, 0.114] as const;
/** A part that does not fit is drawn again so often, then it is the whole. */
const tries = 10;

/** What one picture becomes in one epoch: a function of (seed, epoch, picture) and nothing else. */
export function drawChange(
  { crop, flip, colour, rotation, noise }: Augmentation,
  size: number,
  seed: number,
  epoch: number,
  picture: number,
): Change {
  const stream = randomStream(seed, purposes.augmentation, epoch, picture);
  const uniform = () => stream.uniform();
  const flipped = uniform() < 0.5 && flip;
  const factor = () => 1 + colour * (2 * uniform() - 1);
  const colours = {
    brightness: factor(),
    contrast: factor(),
    saturation: factor(),
  };
  return {
    ...drawPart(crop, size, stream),
    flipped,
    ...colours,
    angle: drawAngle(rotation, seed, epoch, picture),
    noise: noise === 0 ? null : { deviation: noise, seed, epoch, picture },
  };
}

/** Evenly from -rotation to rotation, in degrees. */
function drawAngle(
  rotation: number,
  seed: number,
  epoch: number,
  picture: number,
): number {
  if (rotation === 0) return 0;
  const stream = randomStream(seed, purposes.rotation, epoch, picture);
  return rotation * (2 * stream.uniform() - 1);
}

function drawPart(
  crop: Augmentation["crop"],
  size: number,
  stream: RandomStream,
): Pick<Change, "top" | "left" | "height" | "width"> {
  const whole = { top: 0, left: 0, height: size, width: size };
  if (crop.kind === "none") return whole;
  const uniform = () => stream.uniform();
  if (crop.kind === "padding") {
    const shift = () =>
      Math.floor(uniform() * (2 * crop.pixels + 1)) - crop.pixels;
    return { ...whole, top: shift(), left: shift() };
  }
  // as in Szegedy et al. 2015: area first, then the aspect, evenly on a logarithmic scale
  for (let i = 0; i < tries; i++) {
    const area = crop.least + (1 - crop.least) * uniform();
    const aspect = (4 / 3) ** (2 * uniform() - 1);
    const width = Math.round(size * Math.sqrt(area * aspect));
    const height = Math.round(size * Math.sqrt(area / aspect));
    if (width < 1 || height < 1 || width > size || height > size) continue;
    const top = Math.floor(uniform() * (size - height + 1));
    const left = Math.floor(uniform() * (size - width + 1));
    return { top, left, height, width };
  }
  return whole;
}

/** Where an output pixel lies between two input pixels of an axis, ends repeated. */
interface Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Weight of `high`. */
  readonly part: Float32Array;
}

/**
 * Writes the changed picture into `out` from `offset` on: float32 [size, size, 3], x = p / 127.5 - 1.
 * `pixels` is [size, size, 3] in 0..255. The part is scaled bilinearly, pixel centres at halves, and ends at its own
 * edges; a shifted or turned picture repeats those of the picture. Brightness, contrast (around the part's mean grey)
 * and saturation follow each other, and what leaves 0..255 is clipped once at the end. Noise comes last and may leave
 * [-1, 1].
 */
export function applyChange(
  pixels: Uint8Array,
  size: number,
  change: Change,
  out: Float32Array,
  offset: number,
): void {
  if (change.angle === 0) cutPixels(pixels, size, change, out, offset);
  else turnPixels(pixels, size, change, out, offset);
  const end = offset + size * size * 3;
  recolour(out, offset, end, change);
  if (change.noise) addNoise(out, offset, end, change.noise);
}

/** The part as it stands. */
function cutPixels(
  pixels: Uint8Array,
  size: number,
  { top, left, height, width, flipped }: Change,
  out: Float32Array,
  offset: number,
): void {
  const rows = axisOf(top, height, size, false);
  const columns = axisOf(left, width, size, flipped);
  if (height === size && width === size)
    copyPixels(pixels, size, rows.low, columns.low, out, offset);
  else scalePixels(pixels, size, rows, columns, out, offset);
}

function axisOf(
  start: number,
  length: number,
  size: number,
  flipped: boolean,
): Axis {
  const low = new Int32Array(size);
  const high = new Int32Array(size);
  const part = new Float32Array(size);
  const scale = length / size;
  for (let i = 0; i < size; i++) {
    const place = flipped ? size - 1 - i : i;
    const at = Math.min(length - 1, Math.max(0, (place + 0.5) * scale - 0.5));
    const whole = Math.floor(at);
    const next = Math.min(length - 1, whole + 1);
    low[i] = Math.min(size - 1, Math.max(0, start + whole));
    high[i] = Math.min(size - 1, Math.max(0, start + next));
    part[i] = at - whole;
  }
  return { low, high, part };
}

function copyPixels(
  pixels: Uint8Array,
  size: number,
  rows: Int32Array,
  columns: Int32Array,
  out: Float32Array,
  offset: number,
): void {
  let to = offset;
  for (let y = 0; y < size; y++) {
    const row = (rows[y] ?? 0) * size;
    for (let x = 0; x < size; x++) {
      const from = (row + (columns[x] ?? 0)) * 3;
      out[to] = pixels[from] ?? 0;
      out[to + 1] = pixels[from + 1] ?? 0;
      out[to + 2] = pixels[from + 2] ?? 0;
      to += 3;
    }
  }
}

function scalePixels(
  pixels: Uint8Array,
  size: number,
  rows: Axis,
  columns: Axis,
  out: Float32Array,
  offset: number,
): void {
  let to = offset;
  for (let y = 0; y < size; y++) {
    const upper = (rows.low[y] ?? 0) * size;
    const lower = (rows.high[y] ?? 0) * size;
    const down = rows.part[y] ?? 0;
    for (let x = 0; x < size; x++) {
      const left = columns.low[x] ?? 0;
      const right = columns.high[x] ?? 0;
      const across = columns.part[x] ?? 0;
      const a = (upper + left) * 3;
      const b = (upper + right) * 3;
      const c = (lower + left) * 3;
      const d = (lower + right) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const p = pixels[a + channel] ?? 0;
        const q = pixels[c + channel] ?? 0;
        const top = p + ((pixels[b + channel] ?? 0) - p) * across;
        const bottom = q + ((pixels[d + channel] ?? 0) - q) * across;
        out[to + channel] = top + (bottom - top) * down;
      }
      to += 3;
    }
  }
}

/** From 0..255 to [-1, 1], with the colours changed. */
function recolour(
  out: Float32Array,
  offset: number,
  end: number,
  { brightness, contrast, saturation }: Change,
): void {
  const [red, green, blue] = luma;
  if (brightness === 1 && contrast === 1 && saturation === 1) {
    for (let i = offset; i < end; i++) out[i] = (out[i] ?? 0) / 127.5 - 1;
    return;
  }
  let sum = 0;
  for (let i = offset; i < end; i += 3)
    sum +=
      red * (out[i] ?? 0) +
      green * (out[i + 1] ?? 0) +
      blue * (out[i + 2] ?? 0);
  const mean = (brightness * sum * 3) / (end - offset);
  const gain = brightness * contrast;
  const lift = mean * (1 - contrast);
  for (let i = offset; i < end; i += 3) {
    const r = gain * (out[i] ?? 0) + lift;
    const g = gain * (out[i + 1] ?? 0) + lift;
    const b = gain * (out[i + 2] ?? 0) + lift;
    const grey = red * r + green * g + blue * b;
    out[i] = signed(grey + (r - grey) * saturation);
    out[i + 1] = signed(grey + (g - grey) * saturation);
    out[i + 2] = signed(grey + (b - grey) * saturation);
  }
}

function signed(p: number): number {
  return (p < 0 ? 0 : p > 255 ? 255 : p) / 127.5 - 1;
}
