/** Gaussian noise, quick enough for every number of every training picture. */
import { randomStream } from "../../../engine";
import { purposes } from "./purposes";

/** Noise of one picture in one epoch: a function of these numbers and nothing else. */
export interface Noise {
  /** Standard deviation, in units of what it is added to. */
  readonly deviation: number;
  readonly seed: number;
  readonly epoch: number;
  readonly picture: number;
}

/** Adds independent normal numbers to `out[from .. to)`. Nothing is clipped. */
export function addNoise(
  out: Float32Array,
  from: number,
  to: number,
  { deviation, seed, epoch, picture }: Noise,
): void {
  const stream = randomStream(seed, purposes.noise, epoch, picture);
  const uniform = () => stream.uniform();
  for (let i = from; i < to; i++)
    out[i] = (out[i] ?? 0) + deviation * normal(uniform);
}

/** A standard normal number, mostly of a single uniform one: "The Ziggurat Method", Marsaglia and Tsang 2000. */
function normal(uniform: () => number): number {
  const { edges, heights } = ziggurat;
  for (;;) {
    // 7 bits choose the layer, the 46 behind them the place within it: none decides both (Doornik 2005)
    const scaled = uniform() * layers;
    const layer = Math.floor(scaled);
    const place = 2 * (scaled - layer) - 1;
    const value = place * (edges[layer] ?? 0);
    if (Math.abs(value) < (edges[layer + 1] ?? 0)) return value;
    if (layer === 0) return Math.sign(place) * tail(uniform);
    const low = heights[layer] ?? 0;
    const high = heights[layer + 1] ?? 0;
    if (low + (high - low) * uniform() < density(value)) return value;
  }
}

const layers = 128;
/** Where the tail begins, and the area of each layer; both for 128 layers. */
const tailFrom = 3.442619855899;
const layerArea = 9.91256303526217e-3;

/**
 * The half bell in layers of one area: layer i is as wide as `edges[i]` and lies between `heights[i]` and
 * `heights[i + 1]`; what of it is narrower than `edges[i + 1]` lies wholly under the bell. Layer 0 has the tail.
 */
const ziggurat = layersOf();

function layersOf(): { edges: Float64Array; heights: Float64Array } {
  const edges = new Float64Array(layers + 1);
  const heights = new Float64Array(layers + 1);
  edges[0] = layerArea / density(tailFrom);
  edges[1] = tailFrom;
  heights[1] = density(tailFrom);
  for (let i = 2; i <= layers; i++) {
    const height =
      (heights[i - 1] ?? 0) + layerArea / (edges[i - 1] ?? Infinity);
    heights[i] = Math.min(1, height);
    edges[i] = Math.sqrt(-2 * Math.log(Math.min(1, height)));
  }
  edges[layers] = 0;
  return { edges, heights };
}

/** The normal density without its factor. */
function density(x: number): number {
  return Math.exp(-0.5 * x * x);
}

/** A normal number above `tailFrom` (Marsaglia 1964). */
function tail(uniform: () => number): number {
  for (;;) {
    // 1 - u keeps the logarithms finite
    const beyond = -Math.log(1 - uniform()) / tailFrom;
    if (-2 * Math.log(1 - uniform()) > beyond * beyond)
      return tailFrom + beyond;
  }
}
