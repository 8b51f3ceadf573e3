import { add, matMul, zeros, type Tensor } from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Node, type Shape } from "../op";
import { two } from "./binary";
import { damaged, refuse, spell } from "./check";
import { sumTo } from "./emitting";

export interface MatmulAttributes {
  /** The last two axes of the first input change places first. */
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Matrix products over the last two axes of two values; the axes before are equal, or 1 and repeated. */
export const matmul = defineOp<MatmulAttributes>({
  kind: "matmul",

  infer(inputs, node) {
    if (inputs.length !== 2)
      damaged(node, `it has ${inputs.length} inputs and takes two.`);
    const [a, b] = two(inputs);
    if (a.length !== b.length || a.length < 2)
      refuse(
        node,
        `its inputs have the shapes ${spell(a)} and ${spell(b)}.`,
        "Both have equally many dimensions, at least two.",
      );
    const product = productShape(a, b, node.attributes);
    if (!product)
      damaged(node, `its inputs ${spell(a)} and ${spell(b)} do not fit.`);
    return product;
  },

  eager(inputs, node) {
    const [a, b] = two(inputs);
    const { transposeA, transposeB } = node.attributes;
    const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const before = left.map((d, i) => Math.max(d, right[i] ?? 1));
    // tfjs-core's gradient forgets to sum over what was repeated; that of addition does not
    const full = (x: Tensor) => {
      const shape = [...before, ...x.shape.slice(-2)];
      return x.shape.join() === shape.join() ? x : add(x, zeros(shape));
    };
    return matMul(full(a), full(b), transposeA, transposeB);
  },

  emit(inputs, node, { graph }) {
    const [a, b] = two(inputs);
    const { transposeA, transposeB } = node.attributes;
    return {
      output: product(graph, a, b, node),
      adjoint(dy, { graph: g }) {
        const times = (x: Ref, y: Ref, turnX: boolean, turnY: boolean) =>
          product(g, x, y, node, {
            transposeA: turnX,
            transposeB: turnY,
          });
        const da = transposeA
          ? times(b, dy, transposeB, true)
          : times(dy, b, false, !transposeB);
        const db = transposeB
          ? times(dy, a, true, transposeA)
          : times(a, dy, !transposeA, false);
        return [sumTo(g, da, a.shape), sumTo(g, db, b.shape)];
      },
    };
  },
});

function product(
  graph: GraphBuilder,
  a: Ref,
  b: Ref,
  node: Node<MatmulAttributes>,
  attributes: MatmulAttributes = node.attributes,
): Ref {
  const shape = productShape(a.shape, b.shape, attributes);
  if (!shape) throw new RangeError(`"${node.name}": matrices that do not fit`);
  return emitMatmul(graph, a, b, attributes, shape);
}

/** A matrix product in the graph, broadcast over the axes before the last two. */
export function emitMatmul(
  graph: GraphBuilder,
  a: Ref,
  b: Ref,
  { transposeA, transposeB }: MatmulAttributes,
  shape: Shape,
): Ref {
  return graph.add(
    "BatchMatMulV2",
    [a, b],
    {
      T: { type: a.dtype },
      adj_x: { bool: transposeA },
      adj_y: { bool: transposeB },
    },
    { shape },
  );
}

/** Null where the shapes do not fit. */
function productShape(
  a: Shape,
  b: Shape,
  { transposeA, transposeB }: MatmulAttributes,
): Shape | null {
  const [rows, inner] = ends(a, transposeA);
  const [other, columns] = ends(b, transposeB);
  const before = a.slice(0, -2).map((d, i) => {
    const e = b[i] ?? 1;
    return d === e || d === 1 || e === 1 ? Math.max(d, e) : NaN;
  });
  if (inner !== other || before.some(Number.isNaN)) return null;
  return [...before, rows, columns];
}

function ends(shape: Shape, turned: boolean): readonly [number, number] {
  const [rows = 1, columns = 1] = shape.slice(-2);
  return turned ? [columns, rows] : [rows, columns];
}
