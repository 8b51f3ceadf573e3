/** Datasets: what they promise, and their values as float32. */
import { asFloat32, type NumberType } from "../floats";
import type { Bytes } from "./bytes";
import { elementsOf, readDataspace, readDatatype } from "./datatype";
import { damaged, Fields, unusual } from "./fields";
import { messages, type Message } from "./object-header";

export interface Dataset {
  readonly shape: readonly number[];
  readonly elements: number;
  readonly type: NumberType;
  /** Bytes in the file. */
  readonly bytes: number;
  read(): Promise<Float32Array>;
}

/** Null where the object is no dataset of numbers. `asBfloat16`: what its bytes without a meaning are. */
export function readDataset(
  bytes: Bytes,
  header: readonly Message[],
  asBfloat16: boolean,
): Dataset | null {
  const body = (type: number) => header.find((m) => m.type === type)?.body;
  const type = body(messages.datatype);
  const space = body(messages.dataspace);
  const layout = body(messages.layout);
  if (!type || !space || !layout) return null;
  const shape = readDataspace(space);
  const datatype = readDatatype(type);
  const isBfloat16 =
    asBfloat16 && datatype.kind === "opaque" && datatype.size === 2;
  if (datatype.kind !== "number" && !isBfloat16) return null;
  if (shape === null) return null;
  const elements = elementsOf(shape);
  const size = elements * datatype.size;
  if (body(messages.filters) && elements > 0)
    throw unusual("compressed values");
  const numbers = datatype.kind === "number" ? datatype.type : "bfloat16";
  const place = placeOf(new Fields(layout), size);
  return {
    shape,
    elements,
    type: numbers,
    bytes: size,
    async read() {
      if (size === 0) return new Float32Array();
      return asFloat32(await place(bytes), numbers);
    },
  };
}

/** How the values of so many bytes are got. */
function placeOf(
  layout: Fields,
  size: number,
): (bytes: Bytes) => Promise<Uint8Array> {
  const version = layout.u8();
  if (version < 3) return oldPlaceOf(layout, size);
  const kind = layout.u8();
  if (kind === 0) {
    const values = layout.bytes(layout.u16());
    return () => Promise.resolve(compact(values, size));
  }
  if (kind === 1) return contiguous(layout.address(), size);
  throw unusual("values in pieces");
}

/** Versions 1 and 2: how it is stored stands behind the number of dimensions. */
function oldPlaceOf(layout: Fields, size: number) {
  const rank = layout.u8();
  const kind = layout.u8();
  layout.skip(5);
  if (kind === 1) return contiguous(layout.address(), size);
  if (kind !== 0) throw unusual("values in pieces");
  const values = layout.skip(4 * rank).bytes(layout.u32());
  return () => Promise.resolve(compact(values, size));
}

function contiguous(address: number | null, size: number) {
  return (bytes: Bytes) => {
    if (address === null) throw damaged("a weight was never written");
    return bytes.values(address, size);
  };
}

function compact(values: Uint8Array, size: number): Uint8Array {
  if (values.length < size) throw damaged("a weight ends too soon");
  return values.slice(0, size);
}
