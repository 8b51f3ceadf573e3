import { pad as padTensor } from "@tensorflow/tfjs-core";
import { defineOp, type Node } from "../op";
import { damaged, refuse, single, spell } from "./check";
import { only, padAxes } from "./emitting";
import { eagerGather, emitGather, emitScatter } from "./gather";
import type { Pair } from "./window";

export interface PadAttributes {
  /** [before, after] for every axis, batch left out. */
  readonly amounts: readonly Pair[];
  /** "reflect" mirrors at the outermost value and leaves that out; "edge" repeats it. */
  readonly mode: "constant" | "reflect" | "edge";
  /** Of "constant". */
  readonly value: number;
}

/** Values around any axes. */
export const pad = defineOp<PadAttributes>({
  kind: "pad",

  infer(inputs, node) {
    const shape = single(inputs, node);
    const { amounts, mode, value } = node.attributes;
    if (amounts.length !== shape.length)
      damaged(node, `it pads ${amounts.length} axes of ${spell(shape)}.`);
    if (!amounts.flat().every((n) => Number.isInteger(n) && n >= 0))
      refuse(
        node,
        `padding ${JSON.stringify(amounts)}.`,
        "Paddings are whole numbers from 0 on.",
      );
    if (mode === "constant" && !Number.isFinite(value))
      refuse(node, `it pads with ${value}.`, "Padding is a finite number.");
    const wide = shape.findIndex((d, i) => Math.max(...pairAt(node, i)) >= d);
    if (mode === "reflect" && wide >= 0)
      refuse(
        node,
        `it reflects ${pairAt(node, wide).join(" and ")} values of ${spell(shape)} along axis ${wide}.`,
        "Reflection is narrower than its input.",
      );
    return shape.map((d, i) => {
      const [before, after] = pairAt(node, i);
      return before + d + after;
    });
  },

  eager(inputs, node) {
    const { amounts, mode, value } = node.attributes;
    const x = only(inputs);
    if (mode === "constant")
      return padTensor(
        x,
        [[0, 0] as const, ...amounts].map(([a, b]): [number, number] => [a, b]),
        value,
      );
    return picksOf(node, x.shape).reduce(
      (y, { axis, indices }) => eagerGather(y, indices, axis),
      x,
    );
  },

  // MirrorPad's own gradient drops what was reflected
  emit(inputs, node, { graph }) {
    const { amounts, mode, value } = node.attributes;
    const x = only(inputs);
    if (mode === "constant") {
      const begin = amounts.map(([before]) => before);
      return {
        output: padAxes(graph, x, [[0, 0], ...amounts], value),
        adjoint: (dy, { graph: g }) => [g.slice(dy, [0, ...begin], x.shape)],
      };
    }
    const picks = picksOf(node, x.shape);
    return {
      output: picks.reduce(
        (y, { axis, indices }) => emitGather(graph, y, indices, axis),
        x,
      ),
      adjoint: (dy, { graph: g }) => [
        picks.reduceRight(
          (d, { axis, indices }) =>
            emitScatter(g, d, indices, axis, x.shape[axis] ?? 1),
          dy,
        ),
      ],
    };
  },
});

function pairAt(node: Node<PadAttributes>, axis: number): Pair {
  return node.attributes.amounts[axis] ?? [0, 0];
}

/** Reflect and edge: where along each padded axis, the batch counted, every value comes from. */
function picksOf(
  node: Node<PadAttributes>,
  shape: readonly number[],
): { axis: number; indices: number[] }[] {
  const { amounts, mode } = node.attributes;
  return amounts.flatMap(([before, after], i) => {
    if (before === 0 && after === 0) return [];
    const last = (shape[i + 1] ?? 1) - 1;
    const indices = Array.from(
      { length: before + last + 1 + after },
      (_, k) => {
        const place = k - before;
        if (mode === "edge") return Math.min(last, Math.max(0, place));
        return place < 0 ? -place : place > last ? 2 * last - place : place;
      },
    );
    return [{ axis: i + 1, indices }];
  });
}
