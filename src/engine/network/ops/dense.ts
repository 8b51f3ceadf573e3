import { add, matMul, reshape, type Tensor2D } from "@tensorflow/tfjs-core";
import { defineOp } from "../op";
import { channelsOf, optionalWeightOf, single, weightOf } from "./check";
import { biasAdd, biasGradient, only } from "./emitting";

/**
 * A matrix product along the last dimension.
 * Weights: `kernel` [in, out], optional `bias` [out].
 */
export const dense = defineOp<Record<string, never>>({
  kind: "dense",
  trainable: ["kernel", "bias"],

  infer(inputs, node) {
    const shape = single(inputs, node);
    const kernel = weightOf(node, "kernel", [channelsOf(shape, node), null]);
    const out = kernel.shape[1] ?? 0;
    optionalWeightOf(node, "bias", [out]);
    return [...shape.slice(0, -1), out];
  },

  eager(inputs, node, context) {
    const x = only(inputs);
    const kernel = context.weight(node, "kernel");
    const [features = 0, out = 0] = kernel.shape;
    const rows: Tensor2D = reshape(x, [x.size / features, features]);
    const matrix: Tensor2D = reshape(kernel, [features, out]);
    const y = reshape(matMul(rows, matrix), [...x.shape.slice(0, -1), out]);
    return node.weights["bias"] ? add(y, context.weight(node, "bias")) : y;
  },

  emit(inputs, node, context) {
    const x = only(inputs);
    const { graph } = context;
    const kernel = context.weight(node, "kernel");
    const [features = 0, out = 0] = kernel.shape;
    const before = x.shape.slice(0, -1);
    const rows = before.reduce((product, d) => product * d, 1);
    const flat = before.length === 1;
    const product = graph.add(
      "MatMul",
      [flat ? x : graph.reshape(x, [rows, features]), kernel],
      {
        T: { type: x.dtype },
        transpose_a: { bool: false },
        transpose_b: { bool: false },
      },
      { shape: [rows, out] },
    );
    const y = node.weights["bias"]
      ? biasAdd(graph, product, context.weight(node, "bias"))
      : product;
    return {
      output: flat ? y : graph.reshape(y, [...before, out]),
      adjoint(dy, { graph: reverse }) {
        const dx = reverse.add(
          "MatMul",
          [flat ? dy : reverse.reshape(dy, [rows, out]), kernel],
          {
            T: { type: x.dtype },
            transpose_a: { bool: false },
            transpose_b: { bool: true },
          },
          { shape: [rows, features] },
        );
        return [flat ? dx : reverse.reshape(dx, x.shape)];
      },
      weightAdjoint: (dy, { graph: reverse }) => ({
        kernel: reverse.add(
          "MatMul",
          [
            reverse.reshape(x, [rows, features]),
            reverse.reshape(dy, [rows, out]),
          ],
          {
            T: { type: x.dtype },
            transpose_a: { bool: true },
            transpose_b: { bool: false },
          },
          { shape: kernel.shape },
        ),
        ...(node.weights["bias"] ? { bias: biasGradient(reverse, dy) } : {}),
      }),
    };
  },
});
