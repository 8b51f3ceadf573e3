/** Shapes and weights: what a network and a graph both speak of. */

/** Dimensions of one image's activation, batch left out: [height, width, channel] or [feature]. */
export type Shape = readonly number[];

/** float32 values in row-major order; kernels are [kernel height, kernel width, in, out]. */
export interface Weight {
  readonly shape: Shape;
  readonly data: Float32Array;
}
export type Weights = Readonly<Record<string, Weight>>;
