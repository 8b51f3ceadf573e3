/** Numbers as files store them, little-endian, as float32: what every format's weights end as. */

/** float32 where the bytes lie on a multiple of 4: then a view of them; else a copy. Length in bytes: a multiple of 4. */
export function float32s(bytes: Uint8Array): Float32Array {
  return bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : new Float32Array(bytes.slice().buffer);
}

/** IEEE 754 binary16. */
export function float16s(bytes: Uint8Array): Float32Array {
  const table = halves();
  return mapped(uint16s(bytes), (half) => table[half] ?? NaN);
}

/** bfloat16: the upper half of a float32. */
export function bfloat16s(bytes: Uint8Array): Float32Array {
  const upper = uint16s(bytes);
  const words = new Uint32Array(upper.length);
  for (let i = 0; i < words.length; i++) words[i] = (upper[i] ?? 0) << 16;
  return new Float32Array(words.buffer);
}

export function float64s(bytes: Uint8Array): Float64Array {
  return bytes.byteOffset % 8 === 0
    ? new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
    : new Float64Array(bytes.slice().buffer);
}

export function uint16s(bytes: Uint8Array): Uint16Array {
  return bytes.byteOffset % 2 === 0
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)
    : new Uint16Array(bytes.slice().buffer);
}

/** Whole numbers a file may store, and bytes each takes. */
export const integerWidths = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
} as const;
export type IntegerType = keyof typeof integerWidths;

export type NumberType =
  IntegerType | "float16" | "bfloat16" | "float32" | "float64";

/** Bytes of one number. */
export const numberWidths: Readonly<Record<NumberType, number>> = {
  ...integerWidths,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
};

/** Floats of any width as float32, whole numbers exact; a view of the bytes where they are float32. */
export function numbers(
  bytes: Uint8Array,
  type: NumberType,
): Float32Array | Float64Array {
  switch (type) {
    case "float32":
      return float32s(bytes);
    case "float16":
      return float16s(bytes);
    case "bfloat16":
      return bfloat16s(bytes);
    case "float64":
      return new Float32Array(float64s(bytes));
    default:
      return integers(bytes, type);
  }
}

/** Numbers of any type as float32. */
export function asFloat32(bytes: Uint8Array, type: NumberType): Float32Array {
  const values = numbers(bytes, type);
  return values instanceof Float32Array ? values : new Float32Array(values);
}

/** The parts one after the other; one part is itself. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const all = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Whole numbers, exact; those of 64 bits go as far as safe integers go and no further. Bool: 0 or 1. */
export function integers(bytes: Uint8Array, type: IntegerType): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = integerWidths[type];
  const values = new Float64Array(Math.floor(bytes.byteLength / width));
  const read = integerReaders[type];
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * width);
  return values;
}

const integerReaders: Readonly<
  Record<IntegerType, (view: DataView, at: number) => number>
> = {
  bool: (v, at) => (v.getUint8(at) === 0 ? 0 : 1),
  int8: (v, at) => v.getInt8(at),
  uint8: (v, at) => v.getUint8(at),
  int16: (v, at) => v.getInt16(at, true),
  uint16: (v, at) => v.getUint16(at, true),
  int32: (v, at) => v.getInt32(at, true),
  uint32: (v, at) => v.getUint32(at, true),
  int64: (v, at) =>
    saturated(v.getInt32(at + 4, true) * 2 ** 32 + v.getUint32(at, true)),
  uint64: (v, at) =>
    saturated(v.getUint32(at + 4, true) * 2 ** 32 + v.getUint32(at, true)),
};

function saturated(value: number): number {
  const most = Number.MAX_SAFE_INTEGER;
  return Math.max(-most, Math.min(most, value));
}

/** Float32Array.from is many times slower, and there may be a hundred million values. */
export function mapped(
  numbers: Uint8Array | Uint16Array,
  value: (n: number) => number,
): Float32Array {
  const values = new Float32Array(numbers.length);
  for (let i = 0; i < values.length; i++) values[i] = value(numbers[i] ?? 0);
  return values;
}

/** The first position that holds no finite number; null where there is none. */
export function firstBad(values: Float32Array | Float64Array): number | null {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) return i;
  return null;
}

let table: Float32Array | undefined;

/** The value of each of the 65536 halves: there are fewer of them than weights. */
function halves(): Float32Array {
  if (table) return table;
  table = new Float32Array(1 << 16);
  for (let half = 0; half < table.length; half++) table[half] = fromHalf(half);
  return table;
}

/** Sign, 5 bits of exponent, 10 of fraction. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
