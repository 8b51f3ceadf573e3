import type { Tensor4D } from "@tensorflow/tfjs-core";
import type { Method, Precision, Regularization } from "../../shared/domain";
import type { Transforms } from "../ascent/regularization";
import type { Network } from "../network/network";

/** What a step is made for. One Step serves all its methods and shares the weights among them. */
export interface StepOptions {
  readonly network: Network;
  readonly methods: readonly Method[];
  /** Every call has exactly so many images. */
  readonly batch: number;
  readonly precision: Precision;
  readonly regularization: Pick<Regularization, "blur" | "rotate">;
}

export interface Advance {
  /** The images after the update and the clip to [-1, 1]; where anything regularizes, before both R and clip. Owned by the caller. */
  readonly images: Tensor4D;
  /** Logits of the original network on the images that went in, [batch, class] row by row. */
  readonly logits: Float32Array;
  /** L2 norms of the gradients, [batch]. */
  readonly norms: Float32Array;
}

/** One ascent step of a batch. Images are [batch, height, width, channel], x in [-1, 1], float32. */
export interface Step {
  readonly batch: number;
  /** Number of classes. */
  readonly classes: number;
  /**
   * x + stepSize * g / ||g||_2, one norm an image (method 1.1). A zero gradient leaves the image as it is.
   * `directions`: [batch, class], what is maximised: the sum of direction times logit.
   */
  advance(
    method: number,
    images: Tensor4D,
    directions: Float32Array,
    stepSize: number,
  ): Advance;
  /**
   * The same without the logits, for who scores seldom: where a method's forward pass is not the original network's,
   * a pass less.
   */
  move(
    method: number,
    images: Tensor4D,
    directions: Float32Array,
    stepSize: number,
  ): Omit<Advance, "logits">;
  /** R: blur, rotation, then the clip to [-1, 1]. Takes the images over. */
  regularize(images: Tensor4D, transforms: Transforms): Tensor4D;
  /** The gradient itself, of the method's own network, with respect to x. */
  gradient(
    method: number,
    images: Tensor4D,
    directions: Float32Array,
  ): {
    gradients: Float32Array;
    norms: Float32Array;
    logits: Float32Array;
  };
  /** Logits of the original network in float32, [batch, class] row by row. */
  score(images: Tensor4D): Float32Array;
  dispose(): void;
}
