/** Tensors that are computed from others of a file when they are read. */
import type { Shape } from "../network/op";
import { countOf, type StoredTensor } from "./state-dict/stored-tensor";

/** `compute` gets all values of each part in row-major order, and gives those of `shape`. */
export function computedTensor(
  shape: Shape,
  parts: readonly StoredTensor[],
  compute: (values: readonly Float32Array[]) => Float32Array,
): StoredTensor {
  return {
    shape,
    type: parts[0]?.type ?? "float32",
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    async *pieces(count) {
      const values = [];
      for (const part of parts) values.push(await wholeOf(part));
      const result = compute(values);
      for (let at = 0; at < result.length; at += count)
        yield result.subarray(at, at + count);
    },
  };
}

async function wholeOf(tensor: StoredTensor): Promise<Float32Array> {
  const count = countOf(tensor.shape);
  for await (const values of tensor.pieces(Math.max(1, count))) return values;
  return new Float32Array(count);
}
