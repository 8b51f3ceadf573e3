/** What training a network takes and gives: plain data, so that a checkpoint is what these types say. */
import type { Precision } from "../../shared/domain";
import type { Slopes } from "../../shared/method";
import type { Network } from "../network/network";
import type { Weight } from "../network/weight";

/**
 * Weight decay is decoupled from the gradient and acts on kernels alone: neither biases nor batch norm's gamma and beta
 * decay, and LAMB does not adapt their rate by layer.
 */
export interface Optimizer {
  /** AdamW: Loshchilov and Hutter 2019, as PyTorch has it. LAMB: You et al. 2020, with bias correction. */
  readonly kind: "adamw" | "lamb";
  readonly weightDecay: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8 for AdamW, 1e-6 for LAMB. */
  readonly epsilon?: number;
}

export interface TrainOptions {
  /** Where training starts. Its output is the logits [class]. */
  readonly network: Network;
  /** Every step has exactly so many images. */
  readonly batch: number;
  /**
   * What every rectifier has, whatever its own slope: ReLU 0 and 0, Leaky ReLU s and s, ProxyGrad 0 and p
   * (Linse, Barth, Martinetz 2024). The trained network's rectifiers have the forward slope as their own.
   */
  readonly slopes: Slopes;
  readonly optimizer: Optimizer;
  /** epsilon: the target is (1 - epsilon) for the label and epsilon / classes for all. */
  readonly labelSmoothing: number;
  /** Of the maps; weights, moments and statistics are float32 in any case. */
  readonly precision: Precision;
}

/** float32 copies by "node/weight"; running statistics are the weights `mean` and `variance` of batch norms. */
export interface TrainState {
  /** Steps done. */
  readonly step: number;
  readonly weights: Readonly<Record<string, Weight>>;
  /** Running means of the gradients and of their squares. */
  readonly moments: {
    readonly first: Readonly<Record<string, Weight>>;
    readonly second: Readonly<Record<string, Weight>>;
  };
}

export interface BatchResult {
  /** Mean cross-entropy of the images; with label smoothing while training, without when evaluated. */
  readonly loss: number;
  /** Images whose largest logit is their label's. */
  readonly correct: number;
}

/** Training as one native call a step. Images: [batch, height, width, channel], x in [-1, 1]. */
export interface TrainStep {
  readonly batch: number;
  /** One step: forward with the batch's statistics, the rule's reverse pass, the optimizer. `labels`: [batch]. */
  advance(
    images: Float32Array,
    labels: Int32Array,
    learningRate: number,
  ): BatchResult;
  /**
   * With running statistics, nothing learned. The first `count` images of a batch count; loss is their mean.
   * `images` and `labels` may end after them.
   */
  evaluate(
    images: Float32Array,
    labels: Int32Array,
    count: number,
  ): BatchResult;
  /** A copy of everything a later run needs to go on to the bit. */
  state(): TrainState;
  /** Throws a Fault `invalid-request` where the state is of another network. */
  restore(state: TrainState): void;
  /** The network with the weights of now. */
  network(): Network;
  dispose(): void;
}
