/** TensorFlow's element types, as numbers in protobufs and as names in JSON. */
import type { Constant } from "../lowering/index";

export type DataType = Constant["type"] | "string" | "resource" | "other";

/** Of types.proto; what is missing holds no weights. */
const numbers: Readonly<Record<string, number>> = {
  DT_FLOAT: 1,
  DT_DOUBLE: 2,
  DT_INT32: 3,
  DT_UINT8: 4,
  DT_INT16: 5,
  DT_INT8: 6,
  DT_STRING: 7,
  DT_INT64: 9,
  DT_BOOL: 10,
  DT_BFLOAT16: 14,
  DT_UINT16: 17,
  DT_HALF: 19,
  DT_RESOURCE: 20,
  DT_UINT32: 22,
  DT_UINT64: 23,
};

/** A type of types.proto by its number or name; a reference to a variable (its number + 100) is as good. */
export function typeNumber(type: unknown): number {
  const number =
    typeof type === "string" ? (numbers[type] ?? Number(type)) : Number(type);
  return number > 100 ? number - 100 : number;
}

export function nameOfType(number: number): string {
  const found = Object.entries(numbers).find(([, n]) => n === number);
  return found?.[0].slice(3).toLowerCase() ?? `type ${number}`;
}

/** What the values of a type are to the lowering. */
export function dataTypeOf(number: number): DataType {
  switch (number) {
    case 1: // float
    case 2: // double
    case 14: // bfloat16
    case 19: // half
      return "float";
    case 3: // int32
    case 4: // uint8
    case 5: // int16
    case 6: // int8
    case 9: // int64
    case 17: // uint16
    case 22: // uint32
    case 23: // uint64
      return "int";
    case 10:
      return "bool";
    case 7:
      return "string";
    case 20:
      return "resource";
    default:
      return "other";
  }
}
