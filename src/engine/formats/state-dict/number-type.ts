/** The numbers that stored tensors are made of, and how their bytes become float32. */
import {
  bfloat16s,
  float16s,
  float32s,
  float64s,
  integers,
  integerWidths,
  type IntegerType,
} from "../floats";

export type NumberType =
  "float64" | "float32" | "float16" | "bfloat16" | IntegerType;

/** Bytes of one number. */
export const bytesOf: Readonly<Record<NumberType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  ...integerWidths,
};

/** What {@link decode} is to make of a run of bytes. */
export interface Encoding {
  readonly type: NumberType;
  readonly littleEndian: boolean;
}

/** All numbers in the bytes as float32; the bytes are whole numbers of them, and may be turned around in place. */
export function decode(
  bytes: Uint8Array,
  { type, littleEndian }: Encoding,
): Float32Array {
  if (!littleEndian) swap(bytes, bytesOf[type]);
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
      return new Float32Array(integers(bytes, type));
  }
}

/** Turns every number's bytes around. */
function swap(bytes: Uint8Array, size: number): void {
  for (let start = 0; start + size <= bytes.length; start += size)
    bytes.subarray(start, start + size).reverse();
}
