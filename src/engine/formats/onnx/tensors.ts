/** Tensors of an ONNX file: where their values lie, and what they are as constants. */
import { Fault } from "../../../shared/fault";
import { count, spell } from "../../network/ops/check";
import {
  bfloat16s,
  firstBad,
  float16s,
  integerWidths,
  joined,
  numbers,
  type IntegerType,
} from "../floats";
import type { NetworkFile, NetworkFiles } from "../format";
import type { Constant } from "../lowering/index";
import { unpackInts, type Span } from "../protobuf";
import type { TensorProto } from "./model";

type Stored =
  | { readonly name: "float" | "float16" | "bfloat16" | "double" }
  | { readonly name: IntegerType };
type StoredName = Stored["name"];

/** TensorProto.DataType; others (strings, complex numbers, 8-bit floats and less) hold no weights. */
export const storedTypes: ReadonlyMap<number, StoredName> = new Map([
  [1, "float"],
  [2, "uint8"],
  [3, "int8"],
  [4, "uint16"],
  [5, "int16"],
  [6, "int32"],
  [7, "int64"],
  [9, "bool"],
  [10, "float16"],
  [11, "double"],
  [12, "uint32"],
  [13, "uint64"],
  [16, "bfloat16"],
]);

const widths: Readonly<Record<StoredName, number>> = {
  ...integerWidths,
  float: 4,
  float16: 2,
  bfloat16: 2,
  double: 8,
};

/** What the values of a type are: "float", "int" or "bool"; null: a type that is not read. */
export function kindOf(dataType: number): Constant["type"] | null {
  const stored = storedTypes.get(dataType);
  if (stored === undefined) return null;
  if (stored === "bool") return "bool";
  return stored in integerWidths ? "int" : "float";
}

type Numbers = Constant["data"];

interface Decoded {
  readonly dims: readonly number[];
  readonly type: Constant["type"];
  readonly data: Numbers;
}

/** Of float32 values; more than any network Proxima can run has. */
const mostValues = 2 ** 30;

/** Reads tensors from the model's file and the files beside it. */
export class Tensors {
  readonly #files: NetworkFiles;
  readonly #name: string;
  readonly #opened = new Map<string, Promise<NetworkFile>>();

  /** `name` is the model's own file. */
  constructor(files: NetworkFiles, name: string, file: NetworkFile) {
    this.#files = files;
    this.#name = name;
    this.#opened.set(name, Promise.resolve(file));
  }

  /** Throws a Fault `damaged-file` or `unsupported-network` that names the tensor. */
  async read(tensor: TensorProto): Promise<Decoded> {
    const { values, stored } = checked(tensor);
    if (tensor.dataLocation === 1) {
      const bytes = await this.#external(tensor, values * widths[stored]);
      return decoded(tensor, rawValues(stored, bytes));
    }
    const { parts, raw } = partsOf(tensor, stored);
    const bytes = await Promise.all(parts.map((p) => this.#bytes(p)));
    return assembled(tensor, stored, values, raw, bytes);
  }

  async #bytes(part: Uint8Array | Span): Promise<Uint8Array> {
    if (part instanceof Uint8Array) return part;
    const file = await this.#open(this.#name);
    return file.read(part.offset, part.length);
  }

  async #external(tensor: TensorProto, bytes: number): Promise<Uint8Array> {
    const entries = new Map(tensor.externalData.map((e) => [e.key, e.value]));
    const location = entries.get("location") ?? "";
    const path = this.#resolve(tensor, location);
    const offset = numberOf(tensor, entries, "offset") ?? 0;
    const length = numberOf(tensor, entries, "length");
    if (length !== null && length !== bytes)
      throw damaged(
        tensor,
        `has ${length} bytes in "${location}", and its shape ${spell(tensor.dims)} asks for ${bytes}.`,
      );
    const file = await this.#open(path).catch((error: unknown) => {
      if (this.#files.names.includes(path)) throw error;
      throw new Fault(
        "damaged-file",
        `The weights of the network lie in "${location}", which is not there.`,
        `Put "${location}" beside "${this.#name}": the exporter wrote both.`,
        { cause: error },
      );
    });
    if (!(offset + bytes <= file.size))
      throw damaged(
        tensor,
        `should have ${bytes} bytes from byte ${offset} of "${location}" on, which has ${file.size}.`,
      );
    return file.read(offset, bytes);
  }

  /** A location is relative to the model's file, and never outside of its folder. */
  #resolve(tensor: TensorProto, location: string): string {
    const parts = location.split("/").filter((part) => part !== ".");
    const plain =
      location !== "" &&
      location.length <= 1000 &&
      !/^[a-z][a-z0-9+.-]*:/i.test(location) &&
      !/[\\\0]/.test(location) &&
      !parts.includes("..") &&
      !parts.includes("");
    if (!plain)
      throw new Fault(
        "damaged-file",
        `The tensor "${tensor.name}" lies in the file ${JSON.stringify(location.slice(0, 200))}, which is outside the network's folder.`,
        "Export the network with its weights beside it.",
      );
    const folder = this.#name.slice(0, this.#name.lastIndexOf("/") + 1);
    return folder + parts.join("/");
  }

  #open(name: string): Promise<NetworkFile> {
    const opened = this.#opened.get(name) ?? this.#files.open(name);
    this.#opened.set(name, opened);
    return opened;
  }
}

/** The values of a tensor that holds them itself: those of attributes. */
export function inlineTensor(tensor: TensorProto): Decoded {
  const { values, stored } = checked(tensor);
  const { parts, raw } = partsOf(tensor, stored);
  const bytes = parts.map((part) => {
    if (part instanceof Uint8Array && tensor.dataLocation !== 1) return part;
    throw damaged(tensor, "is too long for an attribute.");
  });
  return assembled(tensor, stored, values, raw, bytes);
}

/** Bytes of float32 and of float64 the values take. */
export function valueCount(tensor: TensorProto): number {
  return checked(tensor).values;
}

function checked(tensor: TensorProto): { values: number; stored: StoredName } {
  const { dims, dataType } = tensor;
  const stored = storedTypes.get(dataType);
  if (!stored)
    throw new Fault(
      "unsupported-network",
      `The tensor "${tensor.name}" is stored as type ${dataType} of ONNX.`,
      `Supported are ${[...storedTypes.values()].join(", ")}.`,
    );
  const values = count(dims);
  if (!dims.every((d) => d >= 0) || !(values <= mostValues))
    throw damaged(tensor, `has the shape ${spell(dims)}.`);
  if (tensor.segment) throw damaged(tensor, "is only a segment of one.");
  return { values, stored };
}

/** Where the values are: as raw bytes, or as a packed list of a protobuf type. */
function partsOf(
  tensor: TensorProto,
  stored: StoredName,
): { parts: readonly (Uint8Array | Span)[]; raw: boolean } {
  const list = listOf(tensor, stored);
  if (tensor.rawData && lengthOf(tensor.rawData) > 0) {
    if (list.length > 0) throw damaged(tensor, "holds its values twice.");
    return { parts: [tensor.rawData], raw: true };
  }
  return { parts: list, raw: false };
}

function lengthOf(part: Uint8Array | Span): number {
  return part.length;
}

function listOf(tensor: TensorProto, stored: StoredName) {
  switch (stored) {
    case "float":
      return tensor.floatData;
    case "double":
      return tensor.doubleData;
    case "int64":
      return tensor.int64Data;
    case "uint32":
    case "uint64":
      return tensor.uint64Data;
    default:
      return tensor.int32Data;
  }
}

function assembled(
  tensor: TensorProto,
  stored: StoredName,
  values: number,
  raw: boolean,
  parts: readonly Uint8Array[],
): Decoded {
  const bytes = joined(parts);
  if (raw || stored === "float" || stored === "double") {
    if (bytes.length !== values * widths[stored])
      throw damaged(
        tensor,
        `holds ${bytes.length} bytes, and its shape ${spell(tensor.dims)} of ${stored} asks for ${values * widths[stored]}.`,
      );
    return decoded(tensor, rawValues(stored, bytes));
  }
  const list = unpackInts(bytes, stored.startsWith("u"));
  if (list?.length !== values)
    throw damaged(
      tensor,
      list
        ? `holds ${list.length} values, and its shape is ${spell(tensor.dims)}.`
        : "holds a list of numbers that cannot be read.",
    );
  return decoded(tensor, listValues(stored, list));
}

function rawValues(stored: StoredName, bytes: Uint8Array): Numbers {
  if (stored === "float") return numbers(bytes, "float32");
  return numbers(bytes, stored === "double" ? "float64" : stored);
}

/** Halves stand in a list by their bits. */
function listValues(stored: StoredName, list: Float64Array): Numbers {
  if (stored !== "float16" && stored !== "bfloat16")
    return stored === "bool" ? list.map((v) => (v === 0 ? 0 : 1)) : list;
  const bits = new Uint16Array(list.length);
  for (let i = 0; i < bits.length; i++) bits[i] = list[i] ?? 0;
  const bytes = new Uint8Array(bits.buffer);
  return stored === "float16" ? float16s(bytes) : bfloat16s(bytes);
}

function decoded(tensor: TensorProto, data: Numbers): Decoded {
  const type = kindOf(tensor.dataType) ?? "float";
  const bad = type === "float" ? firstBad(data) : null;
  // one infinity is a limit or a mask's value
  const limit = data.length === 1 && Math.abs(data[0] ?? 0) === Infinity;
  if (bad !== null && !limit)
    throw new Fault(
      "damaged-file",
      `The tensor "${tensor.name}" of shape ${spell(tensor.dims)} holds ${data[bad]} at position ${bad}.`,
      "The network was damaged, or training diverged: export a sound one.",
    );
  return { dims: tensor.dims, type, data };
}

function numberOf(
  tensor: TensorProto,
  entries: ReadonlyMap<string, string>,
  key: string,
): number | null {
  const text = entries.get(key);
  if (text === undefined || text === "") return null;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value))
    throw damaged(tensor, `has the ${key} "${text.slice(0, 100)}".`);
  return value;
}

function damaged(tensor: TensorProto, found: string): Fault {
  return new Fault(
    "damaged-file",
    `The tensor "${tensor.name}" ${found}`,
    "Export the network again.",
  );
}
