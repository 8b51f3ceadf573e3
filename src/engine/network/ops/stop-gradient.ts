import { clone, zerosLike } from "@tensorflow/tfjs-core";
import { defineOp } from "../op";
import { single } from "./check";
import { withGradient } from "./eagerly";
import { only } from "./emitting";

/** x, through which no gradient flows back under any gradient rule: a branch that is held still (tf.stop_gradient). */
export const stopGradient = defineOp<Record<string, never>>({
  kind: "stop-gradient",

  infer: single,

  eager: (inputs) =>
    withGradient(
      only(inputs),
      (x) => ({ value: clone(x), saved: [] }),
      (dy) => zerosLike(dy),
    ),

  emit: (inputs) => ({
    output: only(inputs),
    adjoint: () => [null],
  }),
});
