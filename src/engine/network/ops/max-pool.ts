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
import { eagerDilated, emitDilated } from "./dilated";
import {
  checkedOutput,
  everyWindowSees,
  isSame,
  noPads,
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
  /** Explicit pads say what PyTorch's and ONNX's ceil mode adds at the end, too. */
  readonly padding: Padding;
  /** Missing: none. */
  readonly dilations?: Pair;
}

/** Below every activation, and finite in bfloat16 too. */
const lowest = -1e38;

/** The largest value of each window; padding never wins. Ties go to the window's first pixel. */
export const maxPool = defineOp<MaxPoolAttributes>({
  kind: "max-pool",

  infer(inputs, node) {
    const shape = inferPool(inputs, node);
    refuseEmpty(node, inputs, noPads);
    return shape;
  },

  eager(inputs, node) {
    const x = rank4(only(inputs));
    const window = poolWindow(node.attributes);
    return isDilated(window)
      ? eagerDilated(x, window, belowAll(x), eagerPool)
      : eagerPool(x, window);
  },

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const window = poolWindow(node.attributes);
    return isDilated(window)
      ? emitDilated(graph, x, window, lowest, (part, close) =>
          emitMaxPool(graph, part, close),
        )
      : emitMaxPool(graph, x, window);
  },
});

/** A value that never wins against x. The lift on wasm takes one that is near. */
function belowAll(x: Tensor): number {
  if (getBackend() !== "wasm") return lowest;
  return (min(x).dataSync<"float32">()[0] ?? 0) - 1;
}

function eagerPool(x: Tensor4D, window: Window): Tensor {
  const pads = padsOf(window, [x.shape[1], x.shape[2]]);
  if (getBackend() === "wasm") return poolOnWasm(x, window, pads);
  return pool(
    padMaps(x, pads, lowest),
    [...window.size],
    [...window.strides],
    "valid",
  );
}

/**
 * The gradient of tfjs-backend-wasm 4.22 loses windows without a positive value and gives ties to the last pixel.
 * So all values are lifted above 0, and the maps are pooled upside down and back to front.
 */
function poolOnWasm(x: Tensor4D, window: Window, pads: Pads): Tensor {
  const [batch, height, width, channels] = x.shape;
  const floor = belowAll(x);
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
  return [...size, channels];
}

export function poolWindow(attributes: MaxPoolAttributes): Window {
  const { window, strides, padding, dilations = [1, 1] } = attributes;
  return { size: window, strides, dilations, padding };
}

export function isDilated({ dilations }: Window): boolean {
  return dilations.some((d) => d > 1);
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

/** A window that sees nothing has no value. `margins`: the part of the padding that counts. */
export function refuseEmpty(
  node: Node<MaxPoolAttributes>,
  inputs: readonly Shape[],
  margins: Pads,
): void {
  const [height, width] = singleMap(inputs, node);
  const window = poolWindow(node.attributes);
  const sees = (axis: 0 | 1) =>
    everyWindowSees(window, [height, width], axis, margins[axis]);
  if (!sees(0) || !sees(1))
    refuse(
      node,
      `with padding ${JSON.stringify(padsOf(window, [height, width]))} a window of ${window.size.join(" x ")} lies outside of its input.`,
      "Every window of a pool covers a pixel.",
    );
}
