import {
  add,
  getBackend,
  maxPool as pool,
  min,
  reverse,
  slice,
  sub,
  type Tensor,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import type { Attribute, GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Emission, type Node, type Shape } from "../op";
import { refuse, singleMap } from "./check";
import { padMaps, rank4 } from "./eagerly";
import { crop, mapOf, only, pad, spatial } from "./emitting";
import {
  checkedOutput,
  isSame,
  outputOf,
  padsOf,
  type Padding,
  type Pads,
  type Pair,
  type Window,
} from "./window";

export interface MaxPoolAttributes {
  readonly window: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

/** Below every activation, and finite in bfloat16 too. */
const lowest = -1e38;

/** The largest value of each window; padding never wins. Ties go to the window's first pixel. */
export const maxPool = defineOp<MaxPoolAttributes>({
  kind: "max-pool",

  infer: inferPool,

  eager(inputs, node) {
    const x = rank4(only(inputs));
    const window = poolWindow(node.attributes);
    const pads = padsOf(window, [x.shape[1], x.shape[2]]);
    if (getBackend() === "wasm") return poolOnWasm(x, window, pads);
    return pool(
      padMaps(x, pads, lowest),
      [...window.size],
      [...window.strides],
      "valid",
    );
  },

  emit(inputs, node, { graph }) {
    return emitMaxPool(graph, only(inputs), poolWindow(node.attributes));
  },
});

/**
 * The gradient of tfjs-backend-wasm 4.22 loses windows without a positive value and gives ties to the last pixel.
 * So all values are lifted above 0, and the maps are pooled upside down and back to front.
 */
function poolOnWasm(x: Tensor4D, window: Window, pads: Pads): Tensor {
  const [batch, height, width, channels] = x.shape;
  const floor = (min(x).dataSync<"float32">()[0] ?? 0) - 1;
  const lifted = padMaps(rank4(sub(x, floor)), pads, 0);
  const output = outputOf(window, [height, width]);
  const covered = [0, 1].map(
    (axis) =>
      ((output[axis] ?? 1) - 1) * (window.strides[axis] ?? 1) +
      (window.size[axis] ?? 1),
  );
  const seen = slice(lifted, 0, [batch, ...covered, channels]);
  const turned = rank4(reverse(seen, [1, 2]));
  const pooled = pool(turned, [...window.size], [...window.strides], "valid");
  return add(reverse(pooled, [1, 2]), floor);
}

export function emitMaxPool(
  graph: GraphBuilder,
  x: Ref,
  window: Window,
): Emission {
  const [batch, height, width, channels] = mapOf(x);
  const same = isSame(window, [height, width]);
  const pads: Pads = same
    ? [
        [0, 0],
        [0, 0],
      ]
    : padsOf(window, [height, width]);
  const padded = pad(graph, x, pads, lowest);
  const attributes: Record<string, Attribute> = {
    ...poolAttributes(x, window, same),
    explicit_paddings: { ints: [] },
  };
  const y = graph.add("MaxPool", [padded], attributes, {
    shape: [batch, ...outputOf(window, [height, width]), channels],
  });
  return {
    output: y,
    adjoint: (dy, { graph: back }) => [
      crop(
        back,
        back.add("MaxPoolGrad", [padded, y, dy], attributes, {
          shape: padded.shape,
        }),
        pads,
      ),
    ],
  };
}

/** The shape of a pooled map; refuses windows and paddings that do not fit. */
export function inferPool(
  inputs: readonly Shape[],
  node: Node<MaxPoolAttributes>,
): Shape {
  const [height, width, channels] = singleMap(inputs, node);
  const window = poolWindow(node.attributes);
  const size = checkedOutput(node, window, [height, width]);
  checkPads(node, window, [height, width]);
  return [...size, channels];
}

export function poolWindow(attributes: MaxPoolAttributes): Window {
  const { window, strides, padding } = attributes;
  return { size: window, strides, dilations: [1, 1], padding };
}

export function poolAttributes(
  x: Ref,
  window: Window,
  same: boolean,
): Record<string, Attribute> {
  return {
    T: { type: x.dtype },
    ksize: spatial(window.size),
    strides: spatial(window.strides),
    padding: { string: same ? "SAME" : "VALID" },
    data_format: { string: "NHWC" },
  };
}

/** A window that lies in the padding altogether would have no value. */
function checkPads(node: Node, window: Window, input: Pair): void {
  const pads = padsOf(window, input);
  const wide = ([before, after]: Pair, size: number) =>
    before >= size || after >= size;
  if (wide(pads[0], window.size[0]) || wide(pads[1], window.size[1]))
    refuse(
      node,
      `its padding ${JSON.stringify(pads)} is as large as its window of ${window.size.join(" x ")}.`,
      "The padding of a pool is smaller than its window.",
    );
}
