import { pow } from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Emission } from "../op";
import { two } from "./binary";
import { damaged, refuse, single } from "./check";
import { only, scale, sumTo } from "./emitting";
import { inferBroadcast } from "./merge";

export interface PowerAttributes {
  /** Missing: the second input is the exponent, value by value. */
  readonly exponent?: number;
}

/**
 * x to the power of a number, or of a second input; dimensions of 1 are repeated.
 * The gradient with respect to that input is 0 where x is not positive.
 */
export const power = defineOp<PowerAttributes>({
  kind: "power",

  infer(inputs, node) {
    const { exponent } = node.attributes;
    if (exponent === undefined) {
      if (inputs.length !== 2)
        damaged(node, `it has ${inputs.length} inputs and takes two.`);
      return inferBroadcast(inputs, node);
    }
    if (!Number.isFinite(exponent))
      refuse(
        node,
        `its exponent is ${exponent}.`,
        "Exponents are finite numbers.",
      );
    return single(inputs, node);
  },

  eager(inputs, node) {
    const { exponent } = node.attributes;
    if (exponent !== undefined) return pow(only(inputs), exponent);
    return pow(...two(inputs));
  },

  emit(inputs, node, { graph }) {
    const { exponent } = node.attributes;
    return exponent === undefined
      ? emitPower(graph, ...two(inputs))
      : emitFixed(graph, only(inputs), exponent);
  },
});

function emitFixed(graph: GraphBuilder, x: Ref, exponent: number): Emission {
  const wide = graph.cast(x, "float32");
  return {
    output: graph.cast(raise(graph, wide, exponent), x.dtype),
    adjoint(dy, { graph: g }) {
      if (exponent === 0) return [null];
      const slope = scale(g, raise(g, wide, exponent - 1), exponent);
      const dx = g.binary("Mul", g.cast(dy, "float32"), slope);
      return [g.cast(dx, x.dtype)];
    },
  };
}

/** Exponents with an operation of their own, which is faster than Pow. */
const named: ReadonlyMap<number, string> = new Map([
  [2, "Square"],
  [0.5, "Sqrt"],
  [-0.5, "Rsqrt"],
  [-1, "Reciprocal"],
]);

function raise(graph: GraphBuilder, x: Ref, exponent: number): Ref {
  if (exponent === 1) return x;
  const op = named.get(exponent);
  if (op !== undefined) return graph.unary(op, x);
  return graph.binary("Pow", x, graph.scalar(exponent));
}

function emitPower(graph: GraphBuilder, base: Ref, exponent: Ref): Emission {
  const [a, b] = [graph.cast(base, "float32"), graph.cast(exponent, "float32")];
  const y = graph.binary("Pow", a, b);
  return {
    output: graph.cast(y, base.dtype),
    adjoint(narrow, { graph: g }) {
      const dy = g.cast(narrow, "float32");
      const less = g.binary("Pow", a, g.binary("Sub", b, g.scalar(1)));
      const slope = g.binary("Mul", b, less);
      // dy y log(a), where a is positive
      const log = g.unary("Log", g.binary("Maximum", a, g.scalar(1e-37)));
      const steep = g.binary("Mul", g.binary("Mul", dy, y), log);
      const nothing = g.binary("Mul", steep, g.scalar(0));
      const positive = g.binary("AddV2", nothing, a);
      return [
        g.cast(sumTo(g, g.binary("Mul", dy, slope), a.shape), base.dtype),
        g.cast(
          sumTo(g, g.binary("ReluGrad", steep, positive), b.shape),
          base.dtype,
        ),
      ];
    },
  };
}
