/** Views of a picture under transforms that no run uses: what is left of a score on them is not a pattern of pixels. */
import { streams } from "../ascent/start";
import { randomStream } from "../random";

export interface View {
  /** Degrees, counter-clockwise. */
  readonly rotation: number;
  /** Above 1 enlarges. */
  readonly scale: number;
  /** Of the width, to the right. */
  readonly right: number;
  /** Of the height, downwards. */
  readonly down: number;
}

/** So many views make a held-out score. */
export const heldOutViews = 32;

/**
 * The views of a seed: rotation uniform in +-15 degrees, scale in 0.8..1.2, shift in +-8 % of each side.
 * They depend on the seed and on their place alone, so all pictures of a comparison are seen alike.
 */
export function viewsOf(seed: number, count = heldOutViews): View[] {
  return Array.from({ length: count }, (_, index) => {
    const random = randomStream(seed, streams.evaluation, index);
    const around = (most: number) => (2 * random.uniform() - 1) * most;
    return {
      rotation: around(15),
      scale: 1 + around(0.2),
      right: around(0.08),
      down: around(0.08),
    };
  });
}

/**
 * The picture under a view, bilinear, the edge repeated outside; [height, width, channel].
 * The picture is turned and scaled about its centre, then shifted.
 */
export function viewed(
  image: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  { rotation, scale, right, down }: View,
): Float32Array {
  const angle = (rotation * Math.PI) / 180;
  const cos = Math.cos(angle) / scale;
  const sin = Math.sin(angle) / scale;
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  const out = new Float32Array(image.length);
  let at = 0;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const dx = column - centreX - right * width;
      const dy = row - centreY - down * height;
      const x = Math.min(width - 1, Math.max(0, centreX + cos * dx - sin * dy));
      const y = Math.min(
        height - 1,
        Math.max(0, centreY + sin * dx + cos * dy),
      );
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      const fx = x - x0;
      const fy = y - y0;
      const west = x0 * channels;
      const east = Math.min(x0 + 1, width - 1) * channels;
      const north = y0 * width * channels;
      const south = Math.min(y0 + 1, height - 1) * width * channels;
      for (let channel = 0; channel < channels; channel++) {
        const top =
          (1 - fx) * (image[north + west + channel] ?? 0) +
          fx * (image[north + east + channel] ?? 0);
        const bottom =
          (1 - fx) * (image[south + west + channel] ?? 0) +
          fx * (image[south + east + channel] ?? 0);
        out[at++] = (1 - fy) * top + fy * bottom;
      }
    }
  return out;
}
