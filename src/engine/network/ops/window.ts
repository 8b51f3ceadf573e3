/** Geometry of sliding windows: convolutions and pools. All pairs are [height, width]. */
import type { Node } from "../op";
import { refuse } from "./check";

export type Pair = readonly [number, number];
/** [[top, bottom], [left, right]] */
export type Pads = readonly [Pair, Pair];
/** "same" is TensorFlow's: the output has ceil(input / stride) pixels, the odd pixel of padding comes last. */
export type Padding = "same" | "valid" | Pads;

export interface Window {
  readonly size: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Padding;
}

/** No image is larger; windows beyond it would only cost memory. */
const largest = 16_384;

export const noPads: Pads = [
  [0, 0],
  [0, 0],
];

/** Pixels a dilated window reaches over. */
export function reach(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

export function padsOf(window: Window, input: Pair): Pads {
  if (window.padding === "valid") return noPads;
  if (window.padding !== "same") return window.padding;
  return [samePads(window, input, 0), samePads(window, input, 1)];
}

/**
 * How many of a window's places along an axis lie on the input, `margins` [before, after] counted in,
 * for each output.
 */
export function placesAlong(
  window: Window,
  input: Pair,
  axis: 0 | 1,
  margins: Pair,
): number[] {
  const before = padsOf(window, input)[axis][0];
  return Array.from({ length: outputOf(window, input)[axis] }, (_, i) =>
    placesFrom(i * window.strides[axis] - before, window, input, axis, margins),
  );
}

/** Whether every window along an axis has a place on the input, `margins` counted in. */
export function everyWindowSees(
  window: Window,
  input: Pair,
  axis: 0 | 1,
  margins: Pair,
): boolean {
  const stride = window.strides[axis];
  const before = padsOf(window, input)[axis][0];
  const outputs = outputOf(window, input)[axis];
  const inner = input[axis] - reach(window.size[axis], window.dilations[axis]);
  for (let i = 0; i < outputs; i++) {
    const start = i * stride - before;
    // windows within the input see all of it: on to the first that sticks out again
    if (start >= 0 && start <= inner) i = Math.floor((inner + before) / stride);
    else if (placesFrom(start, window, input, axis, margins) === 0)
      return false;
  }
  return true;
}

function placesFrom(
  start: number,
  window: Window,
  input: Pair,
  axis: 0 | 1,
  margins: Pair,
): number {
  const dilation = window.dilations[axis];
  const first = Math.ceil((-margins[0] - start) / dilation);
  const last = Math.floor((input[axis] + margins[1] - 1 - start) / dilation);
  const from = Math.max(0, first);
  const to = Math.min(window.size[axis] - 1, last);
  return Math.max(0, to - from + 1);
}

function samePads(window: Window, input: Pair, axis: 0 | 1): Pair {
  const stride = window.strides[axis];
  const output = Math.ceil(input[axis] / stride);
  const total = Math.max(
    0,
    (output - 1) * stride +
      reach(window.size[axis], window.dilations[axis]) -
      input[axis],
  );
  const before = Math.floor(total / 2);
  return [before, total - before];
}

export function outputOf(window: Window, input: Pair): Pair {
  const pads = padsOf(window, input);
  return [
    outputAlong(window, input, pads, 0),
    outputAlong(window, input, pads, 1),
  ];
}

function outputAlong(
  window: Window,
  input: Pair,
  pads: Pads,
  axis: 0 | 1,
): number {
  const padded = input[axis] + pads[axis][0] + pads[axis][1];
  const rest = padded - reach(window.size[axis], window.dilations[axis]);
  return Math.floor(rest / window.strides[axis]) + 1;
}

/** {@link outputOf}, after a check of every number. */
export function checkedOutput(node: Node, window: Window, input: Pair): Pair {
  const whole = [...window.size, ...window.strides, ...window.dilations];
  if (!whole.every((n) => Number.isInteger(n) && n >= 1))
    refuse(
      node,
      `window ${window.size.join(" x ")}, strides ${window.strides.join(" x ")}, dilations ${window.dilations.join(" x ")}.`,
      "Window, strides and dilations are whole numbers from 1 on.",
    );
  const reaches = [
    reach(window.size[0], window.dilations[0]),
    reach(window.size[1], window.dilations[1]),
  ];
  if (Math.max(...reaches, ...window.strides) > largest)
    refuse(
      node,
      `its window reaches over ${reaches.join(" x ")} pixels with strides ${window.strides.join(" x ")}.`,
      `Supported are windows and strides of up to ${largest} pixels.`,
    );
  const pads = padsOf(window, input);
  if (!pads.flat().every((n) => Number.isInteger(n) && n >= 0))
    refuse(
      node,
      `padding ${JSON.stringify(pads)}.`,
      "Paddings are whole numbers from 0 on.",
    );
  if (Math.max(...pads.flat()) > largest)
    refuse(
      node,
      `padding ${JSON.stringify(pads)}.`,
      `Supported are paddings of up to ${largest} pixels.`,
    );
  const output = outputOf(window, input);
  if (output[0] < 1 || output[1] < 1)
    refuse(
      node,
      `its window of ${window.size.join(" x ")} is larger than its input of ${input.join(" x ")} pixels.`,
      "Choose a larger input size.",
    );
  return output;
}

export function isZero(pads: Pads): boolean {
  return pads.flat().every((n) => n === 0);
}

export function equalPads(a: Pads, b: Pads): boolean {
  const [x, y] = [a.flat(), b.flat()];
  return x.every((n, i) => n === y[i]);
}

/** Whether these pads are what TensorFlow's SAME makes, so that its faster paths can be used. */
export function isSame(window: Window, input: Pair): boolean {
  return equalPads(
    padsOf(window, input),
    padsOf({ ...window, padding: "same" }, input),
  );
}
