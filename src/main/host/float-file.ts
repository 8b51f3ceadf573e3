/**
 * A header and float32 arrays in one piece:
 *
 *   length of the header, uint32 LE | header, JSON | the arrays' values one after another, LE
 *
 * Little-endian is what every machine is that the app runs on.
 */
import { parseJson } from "../../shared/json";

const lengthBytes = 4;

export function encodeFloats(
  header: unknown,
  arrays: readonly Float32Array[],
): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(text.length);
  return Buffer.concat([
    length,
    text,
    ...arrays.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    ),
  ]);
}

export interface FloatFile {
  /** As it was parsed: to be checked. */
  readonly header: unknown;
  /** Copies of the arrays; null where the file does not hold just as many values. */
  split(lengths: readonly number[]): Float32Array[] | null;
}

/** Null for bytes that have no header. */
export function decodeFloats(bytes: Buffer): FloatFile | null {
  if (bytes.length < lengthBytes) return null;
  const start = lengthBytes + bytes.readUInt32LE(0);
  if (start > bytes.length) return null;
  return {
    header: parseJson(bytes.toString("utf8", lengthBytes, start)),
    split(lengths) {
      const total = lengths.reduce((a, b) => a + b, 0);
      if (start + total * 4 !== bytes.length) return null;
      let at = start;
      return lengths.map((length) => {
        // copied, since the file's bytes need not be aligned
        const values = new Float32Array(length);
        new Uint8Array(values.buffer).set(bytes.subarray(at, at + length * 4));
        at += length * 4;
        return values;
      });
    },
  };
}
