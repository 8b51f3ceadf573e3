import type { Tensor } from "@tensorflow/tfjs-core";
import type { Slopes } from "../../shared/method";
import type { GraphBuilder, Ref } from "../step/graph";
import type { Shape, Weights } from "./weight";

export type { Shape, Weight, Weights } from "./weight";

/** One node of a network: an operation with its attributes, the names of its inputs and its weights. */
export interface Node<A extends object = object> {
  readonly name: string;
  readonly op: Op<A>;
  readonly inputs: readonly string[];
  readonly attributes: A;
  readonly weights: Weights;
}

/**
 * An operation: everything the engine needs to know of it, in one file of `ops/`.
 * Methods are written in method syntax, so that an Op<A> is an Op.
 */
export interface Op<A extends object = object> {
  /** The name in reports: "conv2d", "max-pool". */
  readonly kind: string;
  /** Whether a gradient rule acts on it (ReLU, ReLU6, LeakyReLU). */
  readonly rectifier?: boolean;
  /** Whether it is an activation function of any kind; rectifiers are. */
  readonly activation?: boolean;
  /** Names of the weights that training may change: those whose gradients `weightAdjoint` emits. Missing: none. */
  readonly trainable?: readonly string[];
  /** Names of the weights that follow the `statistics` of the batches while training: running values. Missing: none. */
  readonly running?: readonly string[];
  /**
   * The output's shape. Throws a Fault `unsupported-network` or `damaged-file` that names the node
   * where inputs, attributes and weights do not fit.
   */
  infer(inputs: readonly Shape[], node: Node<A>): Shape;
  /** Forward through tfjs-core, differentiable by its autodiff; inputs have the batch in front. */
  eager(
    inputs: readonly Tensor[],
    node: Node<A>,
    context: EagerContext,
  ): Tensor;
  /** Forward as graph nodes; what comes back knows how to emit the reverse pass. */
  emit(inputs: readonly Ref[], node: Node<A>, context: EmitContext): Emission;
}

export interface EagerContext {
  /** The node's weight as a tensor; owned by the context, never disposed by the op. */
  weight(node: Node, name: string): Tensor;
  /** What the gradient rule makes of a rectifier whose own slope is `own`. */
  slopes(own: number): Slopes;
}

export interface EmitContext {
  readonly graph: GraphBuilder;
  /** The node's weight as a graph value, in the precision of this pass. */
  weight(node: Node, name: string): Ref;
  /** The forward slope this pass gives a rectifier whose own slope is `own`. */
  forwardSlope(own: number): number;
  /**
   * Whether the network is being trained: batch norm then works with the batch's own statistics, and weights are
   * what `weight` gives, never the values they have in the node.
   */
  readonly training: boolean;
}

export interface AdjointContext {
  readonly graph: GraphBuilder;
  /** The backward slope the gradient rule gives a rectifier whose own slope is `own`. */
  backwardSlope(own: number): number;
}

export interface Emission {
  readonly output: Ref;
  /**
   * Emits the gradients with respect to the inputs, in their order; null where none flows.
   * Called at most once per gradient rule; the forward values are shared between rules.
   */
  adjoint(dy: Ref, context: AdjointContext): readonly (Ref | null)[];
  /** Emits the gradients with respect to the weights the operation calls trainable, those the node has, by name. */
  weightAdjoint?(
    dy: Ref,
    context: AdjointContext,
  ): Readonly<Record<string, Ref>>;
  /**
   * In training: what was measured in the batch for weights that follow it, by name, float32. Batch norm's `mean`
   * and `variance`, the variance divided by n - 1, as PyTorch keeps it.
   */
  readonly statistics?: Readonly<Record<string, Ref>>;
}

/** Declares an operation; only helps inference. */
export function defineOp<A extends object>(op: Op<A>): Op<A> {
  return op;
}

/** Makes a node. */
export function node<A extends object>(
  op: Op<A>,
  name: string,
  inputs: readonly string[],
  attributes: A,
  weights: Weights = {},
): Node<A> {
  return { name, op, inputs, attributes, weights };
}
