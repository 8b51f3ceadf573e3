/** Swin's windows: how a map falls into them, what the shift keeps apart, and where their pixels lie to each other. */
import { Fault } from "../../../../shared/fault";
import type { Shape } from "../../../network/op";
import type { Constant, Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Modules } from "../modules";

type Pair = readonly [number, number];

/** A map [1, height, width, channel] in square windows. */
export interface Windows {
  readonly window: number;
  readonly size: Pair;
  /** The size in whole windows. */
  readonly whole: Pair;
  /** Pixels that the map is rolled by before it is cut. */
  readonly shift: Pair;
}

export function windowsOf(
  [, height = 1, width = 1]: Shape,
  window: number,
  shifts: boolean,
): Windows {
  const along = (size: number): Pair => {
    const whole = Math.ceil(size / window) * window;
    // a single window sees everything as it is
    return [whole, shifts && window < whole ? Math.floor(window / 2) : 0];
  };
  const [rows, columns] = [along(height), along(width)];
  return {
    window,
    size: [height, width],
    whole: [rows[0], columns[0]],
    shift: [rows[1], columns[1]],
  };
}

/** The windows' pixels [window, pixel, channel]. */
export function inWindows(
  m: Modules,
  name: string,
  map: Value,
  { window, whole, size, shift }: Windows,
): Value {
  const { lowering } = m;
  const [rows, columns] = whole;
  const channels = map.dims[3] ?? 1;
  let x = padded(m, name, map, [rows - size[0], columns - size[1]]);
  x = rolled(m, name, x, [-shift[0], -shift[1]]);
  x = lowering.reshape(name, x, [
    ...[1, rows / window, window],
    ...[columns / window, window, channels],
  ]);
  x = lowering.transpose(name, x, [0, 1, 3, 2, 4, 5]);
  const count = (rows / window) * (columns / window);
  return lowering.reshape(name, x, [count, window * window, channels]);
}

/** The map of its windows' pixels. */
export function fromWindows(
  m: Modules,
  name: string,
  pixels: Value,
  { window, whole, size, shift }: Windows,
): Value {
  const { lowering } = m;
  const [rows, columns] = whole;
  const channels = pixels.dims[2] ?? 1;
  let x = lowering.reshape(name, pixels, [
    ...[1, rows / window, columns / window],
    ...[window, window, channels],
  ]);
  x = lowering.transpose(name, x, [0, 1, 3, 2, 4, 5]);
  x = lowering.reshape(name, x, [1, rows, columns, channels]);
  x = rolled(m, name, x, shift);
  if (rows === size[0] && columns === size[1]) return x;
  const begin = [0, 0, 0, 0];
  return lowering.slice(name, x, begin, [1, ...size, channels], [1, 1, 1, 1]);
}

/** A map [1, height, width, channel] with zeros after its rows and columns. */
export function padded(
  m: Modules,
  name: string,
  x: Value,
  [rows, columns]: Pair,
): Value {
  if (rows === 0 && columns === 0) return x;
  const amounts: Pair[] = [
    [0, 0],
    [0, rows],
    [0, columns],
    [0, 0],
  ];
  return m.lowering.pad(`${name}/pad`, x, amounts, "constant", 0);
}

/** Rows and columns that leave at one end come in at the other; by as many pixels forwards. */
function rolled(m: Modules, name: string, map: Value, by: Pair): Value {
  let x = map;
  by.forEach((pixels, i) => {
    if (pixels === 0) return;
    const axis = i + 1;
    const size = x.dims[axis] ?? 1;
    const first = ((-pixels % size) + size) % size;
    const parts = m.lowering.split(name, x, [first, size - first], axis);
    x = m.lowering.concat(`${name}/roll`, parts.toReversed(), axis);
  });
  return x;
}

/** -100 where two pixels of a window are neighbours only because the map was rolled; null where none are. */
export function shiftMask(
  m: Modules,
  { window, whole, shift }: Windows,
): Constant | null {
  if (shift[0] === 0 && shift[1] === 0) return null;
  const [rows, columns] = whole;
  const part = (at: number, axis: 0 | 1) => {
    const from = whole[axis] - at;
    if (shift[axis] === 0 || from > window) return 0;
    return from > shift[axis] ? 1 : 2;
  };
  const pixels = window * window;
  const count = (rows / window) * (columns / window);
  const data = new Float32Array(bounded(count * pixels * pixels));
  const regions = new Uint8Array(pixels);
  for (let index = 0; index < count; index++) {
    const top = Math.floor(index / (columns / window)) * window;
    const left = (index % (columns / window)) * window;
    for (let p = 0; p < pixels; p++)
      regions[p] =
        part(top + Math.floor(p / window), 0) * 3 +
        part(left + (p % window), 1);
    for (let p = 0; p < pixels; p++)
      for (let q = 0; q < pixels; q++)
        if (regions[p] !== regions[q])
          data[(index * pixels + p) * pixels + q] = -100;
  }
  return m.lowering.constant([count, 1, pixels, pixels], data);
}

/** What is added to the attention of every two pixels of a window. */
export interface Positions {
  readonly window: number;
  readonly heads: number;
  /** [1, head, pixel, pixel] */
  readonly bias: Constant;
}

/** From a table of every distance [(2 window - 1)^2, head]. */
export async function relativePositions(
  m: Modules,
  name: string,
): Promise<Positions> {
  const key = `${name}.relative_position_bias_table`;
  const { dims, data } = await m.parameter(key, 2);
  const [distances = 1, heads = 1] = dims;
  const window = windowFor(Math.sqrt(distances), key);
  return { window, heads, bias: biasOf(m, window, heads, data) };
}

/** v2: a small network of its own gives the table: 2 coordinates, a hidden layer, one value a head. */
export async function continuousPositions(
  m: Modules,
  name: string,
): Promise<Positions> {
  const key = `${name}.relative_coords_table`;
  const window = windowFor(m.keys.shape(key)?.[1] ?? 0, key);
  const first = await m.parameter(`${name}.cpb_mlp.0.weight`, 2);
  const offset = await m.parameter(`${name}.cpb_mlp.0.bias`, 1);
  const last = await m.parameter(`${name}.cpb_mlp.2.weight`, 2);
  const [heads = 1, hidden = 1] = last.dims;
  if (first.dims[0] !== hidden || first.dims[1] !== 2)
    throw m.weights.misfit(`${name}.cpb_mlp.0.weight`, "2 coordinates");
  const side = 2 * window - 1;
  const table = new Float32Array(side * side * heads);
  bounded(table.length * hidden);
  for (let at = 0; at < side * side; at++) {
    const y = coordinate(Math.floor(at / side), window);
    const x = coordinate(at % side, window);
    for (let j = 0; j < hidden; j++) {
      const [a = 0, b = 0] = [first.data[2 * j], first.data[2 * j + 1]];
      const value = Math.max(0, a * y + b * x + (offset.data[j] ?? 0));
      for (let head = 0; head < heads; head++)
        table[at * heads + head] =
          (table[at * heads + head] ?? 0) +
          value * (last.data[head * hidden + j] ?? 0);
    }
  }
  const scaled = table.map((value) => 16 / (1 + Math.exp(-value)));
  return { window, heads, bias: biasOf(m, window, heads, scaled) };
}

/** What a window of 32 pixels takes, and no more: a small table must not become gigabytes. */
function bounded(numbers: number): number {
  if (numbers <= 2 ** 26) return numbers;
  throw new Fault(
    "unsupported-network",
    `The attention within the windows takes ${numbers} numbers.`,
    exportAdvice,
  );
}

/** A distance from -(window - 1) on, in the logarithmic units of Swin v2. */
function coordinate(index: number, window: number): number {
  const scaled = (8 * (index - window + 1)) / (window - 1);
  return (Math.sign(scaled) * Math.log2(Math.abs(scaled) + 1)) / 3;
}

function windowFor(side: number, key: string): number {
  const window = (side + 1) / 2;
  if (Number.isInteger(window) && window >= 2) return window;
  throw new Fault(
    "unsupported-network",
    `The weight "${key}" is for no square window.`,
    exportAdvice,
  );
}

function biasOf(
  m: Modules,
  window: number,
  heads: number,
  table: Float32Array | Float64Array,
): Constant {
  const pixels = window * window;
  const side = 2 * window - 1;
  const data = new Float32Array(bounded(heads * pixels * pixels));
  for (let p = 0; p < pixels; p++)
    for (let q = 0; q < pixels; q++) {
      const rows = Math.floor(p / window) - Math.floor(q / window);
      const columns = (p % window) - (q % window);
      const distance = (rows + window - 1) * side + columns + window - 1;
      for (let head = 0; head < heads; head++)
        data[(head * pixels + p) * pixels + q] =
          table[distance * heads + head] ?? NaN;
    }
  return m.lowering.constant([1, heads, pixels, pixels], data);
}
