/** safetensors: eight bytes with the header's length, the header as JSON, and the tensors without a gap. */
import { Fault } from "../../../shared/fault";
import { isCount, isObject, parseJson, type Json } from "../json";
import { numberWidths, type NumberType } from "../floats";
import {
  countOf,
  rowMajor,
  storedTensor,
  type StoredTensor,
} from "../state-dict/stored-tensor";
import type { Pieces } from "../zip";

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What its writer noted beside them. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The format allows 100 MB; a network of ten thousand tensors takes 2, and JSON swells when it is parsed. */
const mostHeaderBytes = 8 * 2 ** 20;
const mostDimensions = 8;

const types: ReadonlyMap<string, NumberType> = new Map([
  ["F64", "float64"],
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I64", "int64"],
  ["I32", "int32"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U64", "uint64"],
  ["U32", "uint32"],
  ["U16", "uint16"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);

/** Bytes of a header's length, and the brace it begins with. */
export const headBytes = 9;

/** Whether a file of this size that begins so looks like safetensors. */
export function startsLikeSafetensors(head: Uint8Array, size: number): boolean {
  const length = lengthIn(head);
  return length !== null && length + 8 <= size && head[8] === 0x7b;
}

function lengthIn(head: Uint8Array): number | null {
  if (head.length < headBytes) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = Number(view.getBigUint64(0, true));
  return length >= 2 && length <= mostHeaderBytes ? length : null;
}

/** Throws a Fault `damaged-file`, or `unsupported-network` for numbers of another kind. */
export async function readHeader(
  file: Pieces,
  name: string,
): Promise<SafetensorsFile> {
  const head = await file.read(0, Math.min(headBytes, file.size));
  const length = lengthIn(head);
  if (length === null || length + 8 > file.size)
    throw damaged(`"${name}" does not begin as a safetensors file does.`);
  const header = parseJson(await file.read(8, length), `${name} (its header)`);
  if (!isObject(header)) throw damaged(`The header of "${name}" is no object.`);
  const start = 8 + length;
  const entries = Object.entries(header).filter(([key]) => key !== metadataKey);
  const places = entries.map(([key, entry]) => placeOf(key, entry));
  checkPlaces(places, file.size - start, name);
  return {
    tensors: new Map(
      places.map((place) => [place.key, tensorAt(place, start, file)]),
    ),
    metadata: metadataIn(header),
  };
}

const metadataKey = "__metadata__";

function metadataIn(header: Json): Map<string, string> {
  const found = header[metadataKey];
  const metadata = new Map<string, string>();
  if (isObject(found))
    for (const [key, value] of Object.entries(found))
      if (typeof value === "string") metadata.set(key, value);
  return metadata;
}

interface Place {
  readonly key: string;
  readonly shape: readonly number[];
  readonly type: NumberType;
  /** Bytes from the end of the header on. */
  readonly begin: number;
  readonly end: number;
}

function placeOf(key: string, entry: unknown): Place {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  const type = typeof dtype === "string" ? types.get(dtype) : undefined;
  if (typeof dtype === "string" && !type)
    throw new Fault(
      "unsupported-network",
      `The tensor "${key}" is made of ${dtype.slice(0, 40)} numbers.`,
      `Supported are ${[...types.keys()].join(", ")}.`,
    );
  const dimensions: unknown[] = Array.isArray(shape) ? shape : [NaN];
  const ends: unknown[] = Array.isArray(offsets) ? offsets : [];
  const [begin, end] = ends;
  if (
    !type ||
    !dimensions.every(isCount) ||
    dimensions.length > mostDimensions ||
    !isCount(begin) ||
    !isCount(end) ||
    ends.length !== 2
  )
    throw damaged(`The header's entry of "${key}" cannot be read.`);
  if (countOf(dimensions) * numberWidths[type] !== end - begin)
    throw damaged(
      `The tensor "${key}" has ${end - begin} bytes, which its shape [${dimensions.join(", ")}] does not fill.`,
    );
  return { key, shape: dimensions, type, begin, end };
}

/** The tensors lie one after the other, and fill the file. */
function checkPlaces(
  places: readonly Place[],
  size: number,
  name: string,
): void {
  let at = 0;
  const inOrder = [...places].sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  );
  for (const { key, begin, end } of inOrder) {
    if (begin !== at)
      throw damaged(
        `The tensor "${key}" begins at byte ${begin}, and the one before it ends at ${at}.`,
      );
    at = end;
  }
  if (at !== size)
    throw damaged(
      `"${name}" holds ${size} bytes of tensors, and its header speaks of ${at}.`,
    );
}

function tensorAt(
  { key, shape, type, begin, end }: Place,
  start: number,
  file: Pieces,
): StoredTensor {
  const view = { shape, strides: rowMajor(shape), offset: 0 };
  const encoding = { type, littleEndian: true };
  const pieces: Pieces = {
    size: end - begin,
    read: (offset, length) => file.read(start + begin + offset, length),
  };
  return storedTensor(key, view, countOf(shape), encoding, () =>
    Promise.resolve(pieces),
  );
}

function damaged(message: string): Fault {
  return new Fault(
    "damaged-file",
    message,
    "The copy may be incomplete: copy or save the weights again.",
  );
}
