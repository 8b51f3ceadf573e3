/**
 * The same step through tfjs-core's own autodiff: for machines without the native library,
 * and as the independent check of what compile.ts differentiates by hand.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor4D } from "@tensorflow/tfjs-core";
import type { Method } from "../../shared/domain";
import { slopesOf, type Slopes } from "../../shared/method";
import {
  edgeGain,
  gaussianKernel,
  projectiveTransforms,
} from "../ascent/regularization";
import { fold } from "../network/fold";
import { classCount, inputName, type Network } from "../network/network";
import type { Node } from "../network/op";
import { preprocessOf, type Preprocess } from "../network/preprocess";
import type { Step, StepOptions } from "./step";

const plain: Method = { kind: "relu" };

/** Makes a step on tfjs-core's present backend. Precision is always float32. */
export function eagerStep(options: StepOptions): Step {
  const { batch, methods, regularization } = options;
  const network = fold(options.network);
  const classes = classCount(network);
  const regularizes = regularization.blur > 0 || regularization.rotate > 0;
  const weights = new WeightTensors();
  const preprocess = preprocessOf(network);

  const logitsUnder = (method: Method, images: Tensor): Tensor => {
    const input = preprocessed(images, preprocess);
    return forward(network, input, weights, (own) => slopesOf(method, own));
  };
  const logitsOf = (images: Tensor4D) =>
    tf.tidy(() => logitsUnder(plain, images).dataSync<"float32">());

  /** The gradient divided by its largest value, that value and the length of what is left: [batch, ...]. */
  const differentiate = (
    index: number,
    images: Tensor4D,
    directions: Float32Array,
  ) => {
    const method = methods[index];
    if (!method)
      throw new RangeError(`no method ${index} of ${methods.length}`);
    const direction = tf.tensor2d(directions, [batch, classes]);
    const gradient = tf.grad((x: Tensor) =>
      tf.sum(tf.mul(logitsUnder(method, x), direction)),
    )(images);
    const axes = [1, 2, 3];
    const largest = tf.max(tf.abs(gradient), axes, true);
    const scaled = tf.divNoNan(gradient, largest);
    const length = tf.sqrt(tf.sum(tf.square(scaled), axes, true));
    const norms = tf.mul(largest, length).dataSync<"float32">();
    return { gradient, scaled, length, norms };
  };

  const move: Step["move"] = (method, images, directions, stepSize) => {
    const [moved, norms] = withValue(() => {
      const { scaled, length, norms } = differentiate(
        method,
        images,
        directions,
      );
      const factor = tf.divNoNan(tf.scalar(stepSize), length);
      const moved: Tensor4D = tf.add(images, tf.mul(scaled, factor));
      return [regularizes ? moved : tf.clipByValue(moved, -1, 1), norms];
    });
    return { images: moved, norms };
  };

  return {
    batch,
    classes,
    advance(method, images, directions, stepSize) {
      const logits = logitsOf(images);
      return { ...move(method, images, directions, stepSize), logits };
    },
    move,
    regularize(images, transforms) {
      if (!regularizes) return images;
      const rows = projectiveTransforms(transforms, images.shape);
      const result = tf.tidy(() => {
        let current = images;
        if (regularization.blur > 0)
          current = blur(current, regularization.blur);
        if (rows) current = rotate(current, rows);
        return tf.clipByValue(current, -1, 1);
      });
      images.dispose();
      return result;
    },
    gradient(method, images, directions) {
      const logits = logitsOf(images);
      const [gradient, norms] = withValue(() => {
        const { gradient, norms } = differentiate(method, images, directions);
        return [gradient, norms];
      });
      const gradients = gradient.dataSync<"float32">();
      gradient.dispose();
      return { gradients, norms, logits };
    },
    score: logitsOf,
    dispose: () => weights.dispose(),
  };
}

/** Images [batch, height, width, channel], x in [-1, 1], as the network takes them. */
export function preprocessed(
  images: Tensor,
  preprocess: Preprocess | null,
): Tensor {
  if (!preprocess) return images;
  const { reversed, scale, offset } = preprocess;
  const ordered = reversed ? tf.reverse(images, 3) : images;
  return tf.add(tf.mul(ordered, tf.tensor1d([...scale])), [...offset]);
}

/** A tidy that keeps the tensor and hands out a value beside it. */
function withValue<T extends Tensor, V>(make: () => [T, V]): [T, V] {
  let value: V | undefined;
  const tensor = tf.tidy(() => {
    const [kept, beside] = make();
    value = beside;
    return kept;
  });
  // make has run, so the value is there
  return [tensor, value as V];
}

/** Logits [batch, class] of preprocessed images [batch, height, width, channel]. */
export function forward(
  network: Network,
  input: Tensor,
  weights: WeightTensors,
  slopes: (own: number) => Slopes,
): Tensor {
  const values = new Map<string, Tensor>([[inputName, input]]);
  const valueAt = (name: string) => {
    const value = values.get(name);
    if (!value) throw new RangeError(`no value "${name}"`);
    return value;
  };
  for (const node of network.nodes)
    values.set(
      node.name,
      node.op.eager(node.inputs.map(valueAt), node, {
        weight: (of, name) => weights.get(of, name),
        slopes,
      }),
    );
  return valueAt(network.output);
}

/** The weights of a network as tensors, made once. */
export class WeightTensors {
  readonly #tensors = new Map<Node, Map<string, Tensor>>();

  get(node: Node, name: string): Tensor {
    let ofNode = this.#tensors.get(node);
    if (!ofNode) this.#tensors.set(node, (ofNode = new Map<string, Tensor>()));
    let found = ofNode.get(name);
    if (found) return found;
    const weight = node.weights[name];
    if (!weight) throw new RangeError(`"${node.name}" has no weight "${name}"`);
    // kept beyond the tidy it is first used in, until dispose
    found = tf.keep(tf.tensor(weight.data, [...weight.shape]));
    ofNode.set(name, found);
    return found;
  }

  dispose(): void {
    for (const ofNode of this.#tensors.values())
      for (const weight of ofNode.values()) weight.dispose();
    this.#tensors.clear();
  }
}

function blur(images: Tensor4D, sigma: number): Tensor4D {
  const [, height, width, channels] = images.shape;
  const kernel = gaussianKernel(sigma);
  const taps = kernel.length;
  const weights = Float32Array.from(
    { length: taps * channels },
    (_, i) => kernel[Math.floor(i / channels)] ?? 0,
  );
  const filter = (height: number, width: number) =>
    tf.tensor4d(weights, [height, width, channels, 1]);
  const gain = (length: number) =>
    tf.tensor1d(Float32Array.from(edgeGain(kernel, length)));
  const rows = tf.reshape(gain(height), [height, 1, 1]);
  const columns = tf.reshape(gain(width), [1, width, 1]);
  const across = tf.depthwiseConv2d(images, filter(1, taps), 1, "same");
  const both = tf.depthwiseConv2d(across, filter(taps, 1), 1, "same");
  return tf.mul(tf.mul(both, rows), columns);
}

function rotate(
  images: Tensor4D,
  transforms: readonly (readonly number[])[],
): Tensor4D {
  return tf.image.transform(
    images,
    tf.tensor2d(transforms.flat(), [transforms.length, 8]),
    "bilinear",
    "nearest",
  );
}
