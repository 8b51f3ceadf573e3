/** Weights on their way from PyTorch's layout to a network's, piece by piece: no second copy of a large one is held. */
import { Fault } from "../../../shared/fault";
import { countOf, type StoredTensor } from "./stored-tensor";

/** Numbers in one piece: 4 MiB of float32. */
const pieceSize = 2 ** 20;
/** Rows that are transposed together: one cache line of each row of the result is written at once. */
const together = 32;

/** The values as they are, [n] or any other shape. Throws a Fault `damaged-file` where one is not finite. */
export async function readPlain(
  name: string,
  tensor: StoredTensor,
): Promise<Float32Array> {
  const values = new Float32Array(countOf(tensor.shape));
  let at = 0;
  for await (const piece of tensor.pieces(pieceSize)) {
    checkFinite(name, piece, at);
    values.set(piece, at);
    at += piece.length;
  }
  return values;
}

/**
 * [out, in, area] as [area, in, out]: a convolution's kernel [out, in, height, width] as [height, width, in, out],
 * a linear layer's matrix [out, in] (area 1) as [in, out], and one that follows a flattened map [in, height, width]
 * for a map [height, width, in].
 */
export async function readTransposed(
  name: string,
  tensor: StoredTensor,
  { out, inputs, area }: { out: number; inputs: number; area: number },
): Promise<Float32Array> {
  const row = inputs * area;
  const values = new Float32Array(out * row);
  const rows = Math.max(
    together,
    Math.floor(pieceSize / row / together) * together,
  );
  let first = 0;
  for await (const piece of tensor.pieces(rows * row)) {
    checkFinite(name, piece, first * row);
    const count = piece.length / row;
    for (let from = 0; from < count; from += together)
      transposeRows(piece, values, {
        from,
        to: Math.min(count, from + together),
        first,
        out,
        inputs,
        area,
      });
    first += count;
  }
  return values;
}

interface Rows {
  /** Rows of the piece. */
  readonly from: number;
  readonly to: number;
  /** The piece's first row in the tensor. */
  readonly first: number;
  readonly out: number;
  readonly inputs: number;
  readonly area: number;
}

function transposeRows(
  piece: Float32Array,
  values: Float32Array,
  { from, to, first, out, inputs, area }: Rows,
): void {
  const row = inputs * area;
  for (let i = 0; i < inputs; i++)
    for (let a = 0; a < area; a++) {
      const target = (a * inputs + i) * out + first;
      const source = i * area + a;
      for (let o = from; o < to; o++)
        values[target + o] = piece[o * row + source] ?? NaN;
    }
}

function checkFinite(name: string, values: Float32Array, start: number): void {
  // 0 as long as all are finite: faster than asking each
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? NaN) * 0;
  if (sum === 0) return;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  throw new Fault(
    "damaged-file",
    `The weight "${name}" holds ${values[bad]} at position ${start + bad}.`,
    "The file was damaged, or training diverged: save sound weights.",
  );
}
