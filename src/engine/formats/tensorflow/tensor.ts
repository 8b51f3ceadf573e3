/** Tensors in protobufs: TensorProto and its many ways to hold values. */
import { Fault } from "../../../shared/fault";
import { spell } from "../../network/ops/check";
import {
  firstBad,
  integerWidths,
  numbers,
  numberWidths,
  type IntegerType,
  type NumberType,
} from "../floats";
import type { NetworkFile } from "../format";
import type { Constant } from "../lowering/index";
import type { Span } from "../protobuf";
import type { OpenDims, TensorSource } from "./attributes";
import { dataTypeOf, nameOfType } from "./data-types";
import type { TensorProto, TensorShapeProto } from "./protos";

type Data = Constant["data"];
type Tensor = Pick<Constant, "dims" | "type" | "data">;

/** A GiB as float32; no network Proxima can run has a larger weight. */
const mostValues = 2 ** 28;
/** Values that a file may ask for by repeating its last one. */
const mostRepeated = 2 ** 24;
const deepestRank = 16;

/** The floats by the number of their type. */
const floatTypes: Readonly<Record<number, NumberType>> = {
  1: "float32",
  2: "float64",
  14: "bfloat16",
  19: "float16",
};

/** Bytes of one value in a row of bytes; null for what is no number. */
export function widthOf(type: number): number | null {
  const stored = integerOf(type) ?? floatTypes[type];
  return stored ? numberWidths[stored] : null;
}

function integerOf(type: number): IntegerType | null {
  const name = nameOfType(type);
  return Object.hasOwn(integerWidths, name)
    ? // it is one of the names
      (name as IntegerType)
    : null;
}

/** Values from a row of bytes, little-endian. */
export function valuesOf(bytes: Uint8Array, type: number): Data {
  return numbers(bytes, integerOf(type) ?? floatTypes[type] ?? "float32");
}

/** Dimensions of a shape; open ones are null, and so is a shape of unknown rank. */
export function openDimsOf(shape: TensorShapeProto | null): OpenDims {
  if (!shape || shape.unknownRank) return null;
  return shape.dim.map(({ size }) => (size >= 0 ? size : null));
}

/** Dimensions whose product stays in bounds. Throws a Fault `damaged-file`. */
export function closedDims(dims: OpenDims, about: string): number[] {
  const closed = (dims ?? []).map((d) => d ?? -1);
  const total = closed.reduce((product, d) => product * d, 1);
  if (
    closed.length > deepestRank ||
    closed.some((d) => d < 0) ||
    !(total <= mostValues)
  )
    throw new Fault(
      "damaged-file",
      `${about} has the shape ${spell(closed.slice(0, deepestRank))}.`,
      "Export the network again.",
    );
  return closed;
}

/**
 * The values, checked: every one is finite, but a single number may be infinite (a limit).
 * Throws a Fault `damaged-file` that names `about`.
 */
export function checkedTensor(
  dims: readonly number[],
  type: Constant["type"],
  data: Data,
  about: string,
): Tensor {
  const bad = type === "float" ? firstBad(data) : null;
  if (bad !== null && !(data.length === 1 && !Number.isNaN(data[0])))
    throw new Fault(
      "damaged-file",
      `${about} of shape ${spell(dims)} holds ${data[bad]} at position ${bad}.`,
      "The network was damaged, or training diverged: export a sound one.",
    );
  return { dims, type, data };
}

/** A tensor of a protobuf; long ones are read from the file when they are asked for. */
export function protoTensor(
  proto: TensorProto,
  file: NetworkFile | null,
): TensorSource {
  const type = dataTypeOf(proto.dtype);
  const stored = nameOfType(proto.dtype);
  const dims = (openDimsOf(proto.shape) ?? []).map((d) => d ?? -1);
  return {
    dims,
    type,
    stored,
    async load(about) {
      if (type !== "float" && type !== "int" && type !== "bool")
        throw new Fault(
          "unsupported-network",
          `${about} holds values of the type ${stored}.`,
          "Weights are numbers.",
        );
      const closed = closedDims(dims, about);
      const total = closed.reduce((product, d) => product * d, 1);
      const bytes = await bytesOf(proto.content, file);
      const data =
        bytes.length > 0
          ? fromBytes(bytes, proto.dtype, total, about)
          : fromFields(proto, total, about);
      return checkedTensor(closed, type, data, about);
    },
    strings: () => proto.strings.map((s) => new TextDecoder().decode(s)),
  };
}

async function bytesOf(
  content: Uint8Array | Span,
  file: NetworkFile | null,
): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  if (!file) throw new RangeError("a located span without its file");
  return file.read(content.offset, content.length);
}

function fromBytes(
  bytes: Uint8Array,
  type: number,
  total: number,
  about: string,
): Data {
  const width = widthOf(type) ?? 4;
  if (bytes.length !== total * width)
    throw new Fault(
      "damaged-file",
      `${about} holds ${bytes.length} bytes, and its shape asks for ${total * width}.`,
      "Export the network again.",
    );
  return valuesOf(bytes, type);
}

/** Values written one by one; the last one stands for all that are missing. */
function fromFields(proto: TensorProto, total: number, about: string): Data {
  const given = fieldsOf(proto);
  if (given.length > total || (given.length < total && total > mostRepeated))
    throw new Fault(
      "damaged-file",
      `${about} holds ${given.length} values, and its shape asks for ${total}.`,
      "Export the network again.",
    );
  const data =
    dataTypeOf(proto.dtype) === "float"
      ? new Float32Array(total)
      : new Float64Array(total);
  data.set(given);
  return data.fill(given.at(-1) ?? 0, given.length);
}

function fieldsOf(proto: TensorProto): readonly number[] {
  switch (proto.dtype) {
    case 1:
      return proto.floats;
    case 2:
      return proto.doubles;
    case 9:
    case 23:
      return proto.int64s;
    case 10:
      return proto.bools.map(Number);
    case 14:
    case 19: {
      const bits = Uint16Array.from(proto.halves);
      return [...valuesOf(new Uint8Array(bits.buffer), proto.dtype)];
    }
    case 22:
      return proto.uint32s;
    default:
      return proto.ints;
  }
}
