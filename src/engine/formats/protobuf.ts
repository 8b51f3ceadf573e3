/**
 * Protocol Buffers of strangers: a message is declared as a table of fields, and bytes are decoded by it.
 * Unknown fields are skipped, packed and single repeats are both read, and whatever is wrong is a Fault `damaged-file`.
 */
import protobuf from "protobufjs/minimal.js";
import { Fault } from "../../shared/fault";

/**
 * int64 and uint64 must be safe integers; "saturating-int64" goes as far as they go (ONNX writes "to the end" as the
 * largest int64). "bytes" are a view of what is decoded; so is a "span", but where a file is decoded
 * (`protobuf-file.ts`) a long one is only located in it.
 */
export type Scalar =
  | "int32"
  | "int64"
  | "saturating-int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "fixed32"
  | "sfixed32"
  | "fixed64"
  | "sfixed64"
  | "float"
  | "double"
  | "bool"
  | "string"
  | "bytes"
  | "span";

/** Where bytes lie in the file that was decoded. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

type ValueOf<T> =
  T extends Message<infer M>
    ? M
    : T extends "string"
      ? string
      : T extends "bool"
        ? boolean
        : T extends "bytes"
          ? Uint8Array
          : T extends "span"
            ? Uint8Array | Span
            : number;

export type Type = Scalar | Message<unknown>;

/** One field; `V` is what decoding makes of it. */
export interface Field<V> {
  readonly number: number;
  readonly type: Type;
  readonly many: "one" | "optional" | "repeated" | "map";
  /** Only there for inference. */
  readonly value?: V;
}
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** A message type; its fields are asked for late, so that messages may hold each other. */
export interface Message<M> {
  readonly name: string;
  readonly fields: () => Fields;
  /** Only there for inference. */
  readonly value?: M;
}

type ValuesOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer V> ? V : never;
};
export type Decoded<M> = M extends Message<infer V> ? V : never;

export function message<F extends Fields>(
  name: string,
  fields: F,
): Message<ValuesOf<F>> {
  return { name, fields: () => fields };
}

/** A message that holds itself somewhere: `const tree: Message<Tree> = recursiveMessage("Tree", () => ...)`. */
export function recursiveMessage<M>(
  name: string,
  fields: () => { readonly [K in keyof M]: Field<M[K]> },
): Message<M> {
  return { name, fields };
}

/** The default (0, false, "", no bytes) where it is missing; a message is null then. */
export function one<T extends Type>(
  number: number,
  type: T,
): Field<T extends Scalar ? ValueOf<T> : ValueOf<T> | null> {
  return { number, type, many: typeof type === "string" ? "one" : "optional" };
}

/** Null where it is missing: the members of a oneof, and fields with presence. */
export function optional<T extends Type>(
  number: number,
  type: T,
): Field<ValueOf<T> | null> {
  return { number, type, many: "optional" };
}

export function repeated<T extends Type>(
  number: number,
  type: T,
): Field<readonly ValueOf<T>[]> {
  return { number, type, many: "repeated" };
}

/** map<string, T>; of a key that stands there twice the last counts. */
export function map<T extends Type>(
  number: number,
  type: T,
): Field<ReadonlyMap<string, ValueOf<T>>> {
  return { number, type, many: "map" };
}

/** What a message may hold; files of real networks stay far below. */
const mostDepth = 64;
const mostMessages = 2 ** 20;
const mostValues = 2 ** 24;

type Reader = protobuf.Reader;

/** Decodes the bytes of one message. Throws a Fault `damaged-file` that names `file`. */
export function decode<M>(
  type: Message<M>,
  bytes: Uint8Array,
  file: string,
): M {
  return decodeOutline(type, { bytes, located: new Map() }, file);
}

/** A message's bytes, each long span in them left empty; where it lies in the file, by the position after it. */
export interface Outline {
  readonly bytes: Uint8Array;
  readonly located: ReadonlyMap<number, Span>;
}

/** {@link decode} for `protobuf-file.ts`. */
export function decodeOutline<M>(
  type: Message<M>,
  { bytes, located }: Outline,
  file: string,
): M {
  try {
    const decoder = new Decoder(located);
    // not Reader.create: that of a Buffer makes strings and views in its own way
    const reader = new protobuf.Reader(bytes);
    // the values are those the fields say: see Field
    return decoder.message(reader, bytes.length, type, 0) as M;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** What decoding throws, as a Fault about the file. */
export function unreadable(file: string, error: unknown): Fault {
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof Fault) return error;
  return new Fault(
    "damaged-file",
    `"${file}" is not readable: ${why}.`,
    "The copy is incomplete, or it is no such file: copy or export the network again.",
    { cause: error },
  );
}

const nothing: readonly unknown[] = Object.freeze([]);
const noEntries: ReadonlyMap<string, unknown> = new Map();
const noBytes = new Uint8Array(0);

/** Wire types: how a value is written. */
const varint = 0;
const eight = 1;
const delimited = 2;
const four = 5;

interface Slot {
  readonly key: string;
  readonly field: Field<unknown>;
}
interface Table {
  readonly byNumber: ReadonlyMap<number, Slot>;
  readonly slots: readonly Slot[];
}
const tables = new WeakMap<Message<unknown>, Table>();

function tableOf(type: Message<unknown>): Table {
  let table = tables.get(type);
  if (!table) {
    const slots = Object.entries(type.fields()).map(([key, field]) => ({
      key,
      field,
    }));
    table = { byNumber: new Map(slots.map((s) => [s.field.number, s])), slots };
    tables.set(type, table);
  }
  return table;
}

type Values = Record<string, unknown>;

class Decoder {
  readonly #located: ReadonlyMap<number, Span>;
  #messages = 0;
  #values = 0;

  constructor(located: ReadonlyMap<number, Span>) {
    this.#located = located;
  }

  /** Reads up to `end`; into `into` where the message began before (a field that stands there twice is merged). */
  message(
    reader: Reader,
    end: number,
    type: Message<unknown>,
    depth: number,
    into?: Values,
  ): Values {
    if (depth > mostDepth)
      throw new RangeError(
        `${type.name} is nested more than ${mostDepth} deep`,
      );
    if (++this.#messages > mostMessages)
      throw new RangeError(`it holds more than ${mostMessages} messages`);
    const table = tableOf(type);
    const values = into ?? emptyOf(table);
    while (reader.pos < end) {
      const tag = reader.tag();
      const slot = table.byNumber.get(tag >>> 3);
      const wire = tag & 7;
      if (slot) this.#field(reader, wire, slot, values, type, depth);
      else {
        if (tag >>> 3 === 0) throw new RangeError("a field has the number 0");
        reader.skipType(wire, 0, tag >>> 3);
      }
    }
    if (reader.pos !== end)
      throw new RangeError(`a field of ${type.name} goes past its end`);
    return values;
  }

  #field(
    reader: Reader,
    wire: number,
    { key, field }: Slot,
    values: Values,
    type: Message<unknown>,
    depth: number,
  ): void {
    const { many } = field;
    if (many === "one" || many === "optional")
      values[key] = this.#value(reader, wire, field, type, depth, values[key]);
    else if (many === "map") {
      const [name, value] = this.#entry(reader, wire, field, type, depth);
      if (values[key] === noEntries) values[key] = new Map();
      // it was made by the line above
      (values[key] as Map<string, unknown>).set(name, value);
    } else {
      if (values[key] === nothing) values[key] = [];
      // it was made by the line above
      const list = values[key] as unknown[];
      const packed =
        wire === delimited &&
        typeof field.type === "string" &&
        wireOf(field.type) !== delimited;
      if (!packed)
        list.push(this.#value(reader, wire, field, type, depth, null));
      else {
        const end = endOf(reader);
        while (reader.pos < end) list.push(this.#scalar(reader, field.type));
        if (reader.pos !== end)
          throw new RangeError(`a list in ${type.name} goes past its end`);
      }
    }
  }

  #value(
    reader: Reader,
    wire: number,
    { type, number }: Field<unknown>,
    parent: Message<unknown>,
    depth: number,
    before: unknown,
  ): unknown {
    const expected = typeof type === "string" ? wireOf(type) : delimited;
    if (wire !== expected)
      throw new RangeError(
        `field ${number} of ${parent.name} has the wire type ${wire}, expected ${expected}`,
      );
    if (typeof type === "string") return this.#scalar(reader, type);
    const end = endOf(reader);
    // only messages are stored under this key
    const into = before ? (before as Values) : undefined;
    return this.message(reader, end, type, depth + 1, into);
  }

  /** A map's entry: { 1: key, 2: value }. */
  #entry(
    reader: Reader,
    wire: number,
    { type, number }: Field<unknown>,
    parent: Message<unknown>,
    depth: number,
  ): [string, unknown] {
    if (wire !== delimited)
      throw new RangeError(`the map ${number} of ${parent.name} is none`);
    const end = endOf(reader);
    const entry = this.message(reader, end, entryOf(type), depth + 1);
    const missing = entry["value"] === null && typeof type !== "string";
    // see entryOf
    const key = entry["key"] as string;
    return [key, missing ? emptyOf(tableOf(type)) : entry["value"]];
  }

  #scalar(reader: Reader, type: Scalar): unknown {
    if (++this.#values > mostValues)
      throw new RangeError(`it holds more than ${mostValues} values`);
    return type === "span" ? this.#span(reader) : readers[type](reader);
  }

  #span(reader: Reader): Uint8Array | Span {
    const bytes = readBytes(reader);
    return this.#located.get(reader.pos) ?? bytes;
  }
}

/** An end inside the buffer; the enclosing message checks that it is inside it as well. */
function endOf(reader: Reader): number {
  const length = reader.size();
  const end = reader.pos + length;
  if (end > reader.len)
    throw new RangeError(
      `${length} bytes should follow byte ${reader.pos}, and only ${reader.len - reader.pos} do`,
    );
  return end;
}

function emptyOf(table: Table): Values {
  const values: Values = {};
  for (const { key, field } of table.slots) values[key] = defaultOf(field);
  return values;
}

function defaultOf({ many, type }: Field<unknown>): unknown {
  if (many === "optional") return null;
  if (many === "repeated") return nothing;
  if (many === "map") return noEntries;
  if (type === "string") return "";
  if (type === "bool") return false;
  return type === "bytes" || type === "span" ? noBytes : 0;
}

const entries = new Map<Type, Message<unknown>>();

/** The message a map's entry is. */
export function entryOf(type: Type): Message<unknown> {
  let entry = entries.get(type);
  if (!entry) {
    entry = message("a map's entry", {
      key: one(1, "string"),
      value: one(2, type),
    });
    entries.set(type, entry);
  }
  return entry;
}

function wireOf(type: Scalar): number {
  switch (type) {
    case "string":
    case "bytes":
    case "span":
      return delimited;
    case "float":
    case "fixed32":
    case "sfixed32":
      return four;
    case "double":
    case "fixed64":
    case "sfixed64":
      return eight;
    default:
      return varint;
  }
}

const readers: Readonly<
  Record<Exclude<Scalar, "span">, (reader: Reader) => unknown>
> = {
  int32: (r) => r.int32(),
  uint32: (r) => r.uint32(),
  sint32: (r) => r.sint32(),
  fixed32: (r) => r.fixed32(),
  sfixed32: (r) => r.sfixed32(),
  float: (r) => r.float(),
  double: (r) => r.double(),
  bool: (r) => r.bool(),
  int64: (r) => safe(long(r)),
  uint64: (r) => safe(unsigned(long(r))),
  fixed64: (r) => safe(unsigned(fixed(r))),
  sfixed64: (r) => safe(fixed(r)),
  "saturating-int64": (r) => saturated(long(r)),
  string: (r) => text.decode(readBytes(r)),
  bytes: readBytes,
};

/** Names in other encodings stay told apart by their other letters. */
const text = new TextDecoder("utf-8");

function readBytes(reader: Reader): Uint8Array {
  const end = endOf(reader);
  const bytes = reader.buf.subarray(reader.pos, end);
  reader.pos = end;
  return bytes;
}

/** The whole numbers of a packed list, as far as safe integers go; null where the bytes are none. */
export function unpackInts(
  bytes: Uint8Array,
  isUnsigned: boolean,
): Float64Array | null {
  let numbers = 0;
  for (const byte of bytes) if (byte < 128) numbers++;
  const values = new Float64Array(numbers);
  const reader = new protobuf.Reader(bytes);
  try {
    for (let i = 0; i < numbers; i++) {
      const value = long(reader);
      values[i] = saturated(isUnsigned ? unsigned(value) : value);
    }
  } catch {
    return null;
  }
  return reader.pos === bytes.length ? values : null;
}

/** A varint of up to 64 bits; the Reader's own value depends on which packages it finds. */
function long(reader: Reader): bigint | number {
  const { buf } = reader;
  let value = 0;
  for (let i = 0; i < 7; i++) {
    const byte = buf[reader.pos + i];
    if (byte === undefined) throw new RangeError("a number goes past the end");
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) {
      reader.pos += i + 1;
      return value;
    }
  }
  return longer(reader);
}

function longer(reader: Reader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.buf[reader.pos++];
    if (byte === undefined) throw new RangeError("a number goes past the end");
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asIntN(64, value);
  }
  throw new RangeError("a number has more than 64 bits");
}

function fixed(reader: Reader): bigint {
  const low = BigInt(reader.fixed32());
  return (BigInt(reader.sfixed32()) << 32n) | low;
}

function unsigned(value: bigint | number): bigint | number {
  return typeof value === "bigint" ? BigInt.asUintN(64, value) : value;
}

function safe(value: bigint | number): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new RangeError(`it holds the number ${value}`);
  return number;
}

function saturated(value: bigint | number): number {
  const most = Number.MAX_SAFE_INTEGER;
  return Math.max(-most, Math.min(most, Number(value)));
}
