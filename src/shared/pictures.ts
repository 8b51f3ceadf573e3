/** Pictures in flight and in the window: int16 values of x in [-1, 1], row by row, channels last. */
export interface Picture {
  /** [height, width, channel] */
  readonly shape: readonly [number, number, number];
  readonly values: Int16Array;
}

export const pictureScale = 32767;

/** Quantises an image, x in [-1, 1], to a picture; the error is at most 1.6e-5. */
export function toPicture(
  shape: Picture["shape"],
  image: ArrayLike<number>,
): Picture {
  const values = new Int16Array(image.length);
  for (let i = 0; i < values.length; i++) {
    const x = image[i] ?? 0;
    values[i] = Math.round(Math.min(1, Math.max(-1, x)) * pictureScale);
  }
  return { shape, values };
}
