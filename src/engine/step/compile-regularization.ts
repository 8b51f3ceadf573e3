/** R as native calls: blur, rotation, clip. Small graphs of their own, so that a step that does not rotate pays nothing. */
import { tensor, type Tensor, type Tensor4D } from "@tensorflow/tfjs-core";
import {
  edgeGain,
  gaussianKernel,
  projectiveTransforms,
  type Transforms,
} from "../ascent/regularization";
import { GraphBuilder, type Ref } from "./graph";
import type { NativeRuntime } from "./runtime";

export interface Regularizer {
  /** Takes the images over. */
  apply(images: Tensor4D, transforms: Transforms): Tensor4D;
  dispose(): void;
}

/** `shape`: [batch, height, width, channel]; `sigma`: of the blur in pixels, 0 is off. */
export function compileRegularization(
  shape: readonly [number, number, number, number],
  sigma: number,
  runtime: NativeRuntime,
): Regularizer {
  const [batch] = shape;
  const graph = new GraphBuilder();
  const image = graph.placeholder("image", shape);
  const blurred = sigma > 0 ? emitBlur(graph, image, sigma) : image;
  const still = graph.clip(blurred, -1, 1).name;
  // one angle for all images, or one for each
  const turned = new Map(
    [...new Set([1, batch])].map((count) => [
      count,
      graph.clip(emitRotation(graph, blurred, count), -1, 1).name,
    ]),
  );
  const loaded = runtime.load(runtime.encode(graph.definition));
  return {
    apply(images, transforms) {
      const rows = projectiveTransforms(transforms, shape);
      const count = rows?.length ?? 0;
      const fed = rows && tensor(rows.flat(), [count, 8]);
      const feeds: Record<string, Tensor> = fed
        ? { image: images, [`transform${count}`]: fed }
        : { image: images };
      const [result] = runtime.run(loaded, feeds, [turned.get(count) ?? still]);
      fed?.dispose();
      images.dispose();
      // the shape is the graph's own
      return result as Tensor4D;
    },
    dispose: () => runtime.unload(loaded),
  };
}

/** Gaussian blur, separable, zero padding made good at the edges: a constant image stays as it is. */
function emitBlur(graph: GraphBuilder, image: Ref, sigma: number): Ref {
  const [, height = 1, width = 1] = image.shape;
  const kernel = gaussianKernel(sigma);
  const taps = kernel.length;
  const rows = edgeGain(kernel, height);
  const columns = edgeGain(kernel, width);
  const gains = Float32Array.from(
    { length: height * width },
    (_, i) => (rows[Math.floor(i / width)] ?? 0) * (columns[i % width] ?? 0),
  );
  // one pass of a small kernel is faster than two; a large one is not
  const passes =
    taps <= 5
      ? [{ size: [taps, taps], weights: outer(kernel) }]
      : [
          { size: [taps, 1], weights: kernel },
          { size: [1, taps], weights: kernel },
        ];
  let blurred = image;
  for (const { size, weights } of passes)
    blurred = emitDepthwise(graph, blurred, size, weights);
  return graph.binary("Mul", blurred, graph.floats(gains, [height, width, 1]));
}

function outer(kernel: Float64Array): Float64Array {
  return Float64Array.from(
    { length: kernel.length ** 2 },
    (_, i) =>
      (kernel[Math.floor(i / kernel.length)] ?? 0) *
      (kernel[i % kernel.length] ?? 0),
  );
}

function emitDepthwise(
  graph: GraphBuilder,
  image: Ref,
  size: readonly number[],
  weights: Float64Array,
): Ref {
  const channels = image.shape[3] ?? 1;
  const filter = Float32Array.from(
    { length: weights.length * channels },
    (_, i) => weights[Math.floor(i / channels)] ?? 0,
  );
  return graph.add(
    "DepthwiseConv2dNative",
    [image, graph.floats(filter, [...size, channels, 1])],
    {
      T: { type: "float32" },
      strides: { ints: [1, 1, 1, 1] },
      padding: { string: "SAME" },
      explicit_paddings: { ints: [] },
      data_format: { string: "NHWC" },
      dilations: { ints: [1, 1, 1, 1] },
    },
    { shape: image.shape },
  );
}

/** Bilinear, the edge repeated outside. `count` transforms are fed: one, or one for each image. */
function emitRotation(graph: GraphBuilder, image: Ref, count: number): Ref {
  const [, height = 1, width = 1] = image.shape;
  return graph.add(
    "ImageProjectiveTransformV3",
    [
      image,
      graph.placeholder(`transform${count}`, [count, 8]),
      graph.ints([height, width]),
      graph.scalar(0),
    ],
    {
      dtype: { type: "float32" },
      interpolation: { string: "BILINEAR" },
      fill_mode: { string: "NEAREST" },
    },
    { shape: image.shape },
  );
}
