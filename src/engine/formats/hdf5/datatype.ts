/** What an element is, and how many there are: the messages "datatype" and "dataspace". */
import { integerWidths, type IntegerType, type NumberType } from "../floats";
import { damaged, Fields } from "./fields";

export type Datatype =
  | {
      readonly kind: "number";
      readonly type: NumberType;
      /** Bytes of an element. */
      readonly size: number;
    }
  /** Padded with zeros or spaces to its size. */
  | { readonly kind: "string"; readonly size: number }
  /** Each is a reference into the global heap. */
  | { readonly kind: "long-string"; readonly size: number }
  /** `opaque`: bytes without a meaning of their own, as h5py keeps bfloat16. */
  | { readonly kind: "opaque" | "other"; readonly size: number };

const floats: Readonly<Record<string, NumberType>> = {
  // size, bits of exponent and fraction
  "2 5 10": "float16",
  "2 8 7": "bfloat16",
  "4 8 23": "float32",
  "8 11 52": "float64",
};

export function readDatatype(body: Uint8Array): Datatype {
  const fields = new Fields(body);
  const kind = fields.u8() & 0x0f;
  const bits = fields.uint(3);
  const size = fields.u32();
  if (size === 0) throw damaged("its elements have no bytes");
  // two bits say it of floats, which may also be of a VAX
  const isLittle = (bits & (kind === 1 ? 0x41 : 0x01)) === 0;
  switch (kind) {
    case 0: {
      const type = `${bits & 0x08 ? "int" : "uint"}${8 * size}`;
      return isInteger(type) && isLittle
        ? { kind: "number", type, size }
        : { kind: "other", size };
    }
    case 1: {
      fields.skip(5);
      const exponent = fields.u8();
      fields.skip(1);
      const fraction = fields.u8();
      const type = floats[`${size} ${exponent} ${fraction}`];
      return type && isLittle
        ? { kind: "number", type, size }
        : { kind: "other", size };
    }
    case 3:
      return { kind: "string", size };
    case 5:
      return { kind: "opaque", size };
    case 9:
      return { kind: (bits & 0x0f) === 1 ? "long-string" : "other", size };
    default:
      return { kind: "other", size };
  }
}

function isInteger(type: string): type is IntegerType {
  return Object.hasOwn(integerWidths, type);
}

const deepestRank = 32;

/** Dimensions; [] holds one element, null none. */
export function readDataspace(body: Uint8Array): readonly number[] | null {
  const fields = new Fields(body);
  const version = fields.u8();
  const rank = fields.u8();
  if ((version !== 1 && version !== 2) || rank > deepestRank)
    throw damaged(`a dataspace has version ${version} and ${rank} dimensions`);
  fields.skip(1);
  if (version === 1) fields.skip(5);
  else if (fields.u8() === 2) return null;
  return Array.from({ length: rank }, () => fields.length());
}

/** Elements of a dataspace, exactly. */
export function elementsOf(shape: readonly number[] | null): number {
  const count = shape?.reduce((product, d) => product * d, 1) ?? 0;
  if (!Number.isSafeInteger(count))
    throw damaged(`it promises ${JSON.stringify(shape)} values`);
  return count;
}
