/** How the numbers of stored tensors become float32, whichever end of them comes first. */
import { asFloat32, numberWidths, type NumberType } from "../floats";

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
  if (!littleEndian) swap(bytes, numberWidths[type]);
  return asFloat32(bytes, type);
}

/** Turns every number's bytes around. */
function swap(bytes: Uint8Array, size: number): void {
  for (let start = 0; start + size <= bytes.length; start += size)
    bytes.subarray(start, start + size).reverse();
}
