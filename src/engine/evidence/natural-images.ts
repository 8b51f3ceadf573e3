/**
 * Seeded pictures with the statistics of photographs, made by code: dead leaves (Lee, Mumford, Huang, "Occlusion
 * Models for Natural Images", IJCV 2001). Discs of random radius occlude each other; with radii distributed as r^-3
 * the picture has edges, flat areas and the 1/f spectrum of photographs.
 */
import { randomStream } from "../random";

type Shape = readonly [height: number, width: number, channels: number];

/**
 * Radius of a disc as a part of the shorter side. Smaller discs than these make the first layers of trained networks
 * respond up to e times as strongly as photographs do.
 */
const radii = { least: 0.05, most: 0.5 } as const;
/** Discs beyond this number change little: what is left open shows the background. */
const mostDiscs = 4000;
/** Lenses and resampling soften edges: sigma of the blur as a part of the shorter side. */
const softness = 0.004;

/**
 * Colours of photographs around their mean, in 0..1: the square root of the covariance of pixels, divided by its
 * largest column norm (brightness, warm to cold, green to magenta). Measured on Caltech-101 (CC BY 4.0).
 */
const axes = [
  [0.567, 0.2, 0.041],
  [0.582, -0.02, -0.1],
  [0.583, -0.174, 0.059],
] as const;
const meanColour = [0.49, 0.46, 0.42] as const;
/** Standard deviation along the axes; pixels then deviate by about 0.25 of the range, as in photographs. */
const spread = 0.42;
/** Standard deviation of the change of brightness across a disc: surfaces in photographs are seldom flat. */
const shading = 0.15;

/** One picture [height, width, channel], x in [-1, 1]. Same seed, index and shape give the same picture. */
export function naturalImage(
  shape: Shape,
  seed: number,
  index: number,
): Float32Array {
  const [height, width, channels] = shape;
  const random = randomStream(seed, 8, index);
  const side = Math.min(height, width);
  const image = new Float32Array(height * width * channels);
  const open = new Uint8Array(height * width).fill(1);
  let left = open.length;
  const paint = (pixel: number, colour: readonly number[], gain: number) => {
    open[pixel] = 0;
    left -= 1;
    for (let c = 0; c < channels; c++) {
      const value = 2 * (colour[c] ?? 0) * gain - 1;
      image[pixel * channels + c] = Math.max(-1, Math.min(1, value));
    }
  };
  // front to back: a pixel keeps the first disc that covers it
  for (let disc = 0; disc < mostDiscs && left > 0; disc++) {
    const colour = colourOf(random, channels);
    const radius = side * radiusOf(random.uniform());
    const y = random.uniform() * (height + 2 * radius) - radius;
    const x = random.uniform() * (width + 2 * radius) - radius;
    const [down, across] = [random.normal(), random.normal()];
    const bottom = Math.min(height - 1, Math.floor(y + radius));
    const right = Math.min(width - 1, Math.floor(x + radius));
    for (let row = Math.max(0, Math.ceil(y - radius)); row <= bottom; row++)
      for (let col = Math.max(0, Math.ceil(x - radius)); col <= right; col++) {
        const pixel = row * width + col;
        const [dy, dx] = [(row - y) / radius, (col - x) / radius];
        if (open[pixel] === 1 && dy * dy + dx * dx <= 1)
          paint(pixel, colour, 1 + shading * (down * dy + across * dx));
      }
  }
  const background = colourOf(random, channels);
  for (let pixel = 0; left > 0 && pixel < open.length; pixel++)
    if (open[pixel] === 1) paint(pixel, background, 1);
  return blurred(image, shape, softness * side);
}

/** Inverse of the distribution with density r^-3 between the least and the most. */
function radiusOf(uniform: number): number {
  const [a, b] = [radii.least ** -2, radii.most ** -2];
  return (a - uniform * (a - b)) ** -0.5;
}

function colourOf(
  random: { normal(): number },
  channels: number,
): readonly number[] {
  const [x, y, z] = [random.normal(), random.normal(), random.normal()];
  const colour = axes.map(
    ([a, b, c], i) => (meanColour[i] ?? 0) + spread * (a * x + b * y + c * z),
  );
  if (channels === 3) return colour;
  const grey = colour.reduce((sum, value) => sum + value, 0) / 3;
  return Array.from({ length: channels }, () => grey);
}

/** A separable Gaussian; beyond the edge the outermost pixel repeats. */
function blurred(
  image: Float32Array,
  [height, width, channels]: Shape,
  sigma: number,
): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const sum = kernel.reduce((a, b) => a + b, 0);
  const along = (
    from: Float32Array,
    stride: number,
    count: number,
  ): Float32Array =>
    from.map((_, i) => {
      const place = Math.floor(i / stride) % count;
      let value = 0;
      for (let j = -reach; j <= reach; j++) {
        const other = Math.max(0, Math.min(count - 1, place + j));
        value +=
          (kernel[j + reach] ?? 0) * (from[i + (other - place) * stride] ?? 0);
      }
      return value / sum;
    });
  return along(along(image, channels, width), channels * width, height);
}
