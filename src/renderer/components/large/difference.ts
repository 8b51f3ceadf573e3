import { pictureScale, type Picture } from "../../../shared/pictures";

export interface Difference {
  /** Of the pictures, `[height, width]`. */
  readonly height: number;
  readonly width: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  /** The difference in x (x in [-1, 1]) that is drawn as black or full; larger ones are cut. */
  readonly scale: number;
}

/** How the difference is drawn, in words for the legend. */
export const differenceRule =
  "signed difference of the raw values around grey; full scale at the 99 % quantile of its size";

export function comparable(a: Picture, b: Picture): boolean {
  return a.shape.every((length, i) => length === b.shape[i]);
}

/**
 * The full scale of `b - a` over all values: the 99 % quantile of |b - a|, in units of x,
 * and at least one quantisation step, so that equal pictures are drawn grey.
 */
export function differenceScale(a: Picture, b: Picture): number {
  const histogram = new Uint32Array(2 * pictureScale + 2);
  const count = a.values.length;
  for (let i = 0; i < count; i++) {
    const size = Math.abs((b.values[i] ?? 0) - (a.values[i] ?? 0));
    histogram[size] = (histogram[size] ?? 0) + 1;
  }
  const wanted = Math.ceil(0.99 * count);
  let seen = 0;
  let size = 0;
  for (; size < histogram.length - 1; size++) {
    seen += histogram[size] ?? 0;
    if (seen >= wanted) break;
  }
  return Math.max(1, size) / pictureScale;
}

/**
 * `b - a`, channel by channel: 128 where they are equal, brighter where b is larger.
 * Several pictures against one `a` share a scale so that they can be compared.
 */
export function drawDifference(
  a: Picture,
  b: Picture,
  scale = differenceScale(a, b),
): Difference {
  const [height, width, channels] = a.shape;
  const rgba = new Uint8ClampedArray(height * width * 4);
  const gain = 127 / (scale * pictureScale);
  // As the contrast rules do it: three and more are colour, fewer are grey.
  const last = channels >= 3 ? 2 : 0;
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let c = 0; c < 3; c++) {
      const i = pixel * channels + Math.min(c, last);
      const difference = (b.values[i] ?? 0) - (a.values[i] ?? 0);
      // Clamped by the array.
      rgba[pixel * 4 + c] = 128 + difference * gain;
    }
    rgba[pixel * 4 + 3] = 255;
  }
  return { height, width, rgba, scale };
}
