import { defineOp } from "../op";
import { refuse, singleMap } from "./check";
import { padMaps } from "./eagerly";
import { crop, only, pad } from "./emitting";
import type { Pads } from "./window";

export interface ZeroPadAttributes {
  readonly padding: Pads;
}

/** Zeros around a map. */
export const zeroPad = defineOp<ZeroPadAttributes>({
  kind: "zero-pad",

  infer(inputs, node) {
    const [height, width, channels] = singleMap(inputs, node);
    const [[top, bottom], [left, right]] = node.attributes.padding;
    const amounts = [top, bottom, left, right];
    if (!amounts.every((n) => Number.isInteger(n) && n >= 0))
      refuse(
        node,
        `padding ${JSON.stringify(node.attributes.padding)}.`,
        "Paddings are whole numbers from 0 on.",
      );
    return [height + top + bottom, width + left + right, channels];
  },

  eager: (inputs, node) => padMaps(only(inputs), node.attributes.padding),

  emit(inputs, node, { graph }) {
    const { padding } = node.attributes;
    return {
      output: pad(graph, only(inputs), padding),
      adjoint: (dy, { graph: reverse }) => [crop(reverse, dy, padding)],
    };
  },
});
