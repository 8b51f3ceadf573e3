export interface ImageMeasures {
  /** The population's standard deviation over all values. */
  readonly std: number;
  /** Share of values at the edge of the box, |x| > 0.99. */
  readonly edge: number;
  /** Mean |difference| of neighbouring values, across and down, in units of x. */
  readonly variation: number;
}

/**
 * How strong, how saturated and how rough an image [height, width, channel] is, x in [-1, 1]. White noise of standard
 * deviation s has the variation 2 s / sqrt(pi); a picture of smooth parts has far less.
 *
 * The numbers are float32's, so that they survive a checkpoint to the last bit.
 */
export function measureImage(
  image: Float32Array,
  [height, width, channels]: readonly [number, number, number],
): ImageMeasures {
  const row = width * channels;
  let sum = 0;
  let squares = 0;
  let edge = 0;
  let differences = 0;
  for (let i = 0, y = 0; y < height; y++)
    for (let j = 0; j < row; j++, i++) {
      const x = image[i] ?? 0;
      sum += x;
      squares += x * x;
      if (x > 0.99 || x < -0.99) edge++;
      if (j >= channels)
        differences += Math.abs(x - (image[i - channels] ?? 0));
      if (y > 0) differences += Math.abs(x - (image[i - row] ?? 0));
    }
  const count = height * row;
  const pairs = (2 * height * width - height - width) * channels;
  const mean = sum / count;
  return {
    std: Math.fround(Math.sqrt(Math.max(0, squares / count - mean * mean))),
    edge: Math.fround(edge / count),
    variation: Math.fround(pairs > 0 ? differences / pairs : 0),
  };
}
