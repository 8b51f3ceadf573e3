/** Operations with one input that treat every value alike: a curve and its derivative. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Node, type Op } from "../op";
import { single } from "./check";
import { only } from "./emitting";

type None = Record<string, never>;

/** A curve's graph: its value and what turns dy into dx. */
export interface Curve {
  readonly y: Ref;
  readonly backward: (dy: Ref, graph: GraphBuilder) => Ref;
}

type Emit<A> = (x: Ref, graph: GraphBuilder, attributes: A) => Curve;

/** An elementary function. `check` refuses attributes that do not fit. */
export function curve<A extends object = None>(
  kind: string,
  eager: (x: Tensor, attributes: A) => Tensor,
  emit: Emit<A>,
  check: (node: Node<A>) => void = () => undefined,
): Op<A> {
  return defineOp<A>({
    kind,
    infer(inputs, node) {
      check(node);
      return single(inputs, node);
    },
    eager: (inputs, node) => eager(only(inputs), node.attributes),
    emit(inputs, node, { graph }) {
      const { y, backward } = emit(only(inputs), graph, node.attributes);
      return {
        output: y,
        adjoint: (dy, context) => [backward(dy, context.graph)],
      };
    },
  });
}

/** A {@link curve} that counts as an activation function, but is no rectifier: a gradient rule leaves it alone. */
export function activation<A extends object = None>(
  ...parts: Parameters<typeof curve<A>>
): Op<A> {
  return { ...curve(...parts), activation: true };
}

/**
 * In float32 whatever the precision: bfloat16 would round at each step of a formula, and TensorFlow 2.21 computes
 * exponentials several times as slowly in it.
 */
export function widely<A extends object = None>(emit: Emit<A>): Emit<A> {
  return (x, graph, attributes) => {
    const wide = emit(graph.cast(x, "float32"), graph, attributes);
    return {
      y: graph.cast(wide.y, x.dtype),
      backward: (dy, reverse) =>
        reverse.cast(
          wide.backward(reverse.cast(dy, "float32"), reverse),
          x.dtype,
        ),
    };
  };
}
