/** Protobuf files read piece by piece: everything but their long spans. */
import protobuf from "protobufjs/minimal.js";
import type { NetworkFile } from "./format";
import {
  decodeOutline,
  entryOf,
  unreadable,
  type Message,
  type Span,
  type Type,
} from "./protobuf";

/** Bytes of a span, or of a message, from which it is worth another read. */
const long = 4096;
/** Of everything but long spans; the topology of thousands of layers takes a few MB. */
const mostBytes = 256 * 2 ** 20;
const mostDepth = 16;
const windowBytes = 64 * 1024;
/** A tag and a length, 5 bytes each at most. */
const headBytes = 10;

/**
 * Decodes a file without reading its long spans: they are located only.
 * Throws a Fault `damaged-file` that names `name`.
 */
export async function decodeFile<M>(
  type: Message<M>,
  file: NetworkFile,
  name: string,
): Promise<M> {
  const outline = new Outliner(file);
  try {
    await outline.message(type, { offset: 0, length: file.size }, 0);
  } catch (error) {
    throw unreadable(name, error);
  }
  return decodeOutline(type, outline.finish(), name);
}

/** Writes the outline of a message, front to back. */
class Outliner {
  readonly #file: NetworkFile;
  readonly #pieces: Uint8Array[] = [];
  readonly #located = new Map<number, Span>();
  #length = 0;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;

  constructor(file: NetworkFile) {
    this.#file = file;
  }

  finish() {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return { bytes, located: this.#located };
  }

  /** Outlines the fields from `offset` on; recursion ends at {@link mostDepth}, below that all is copied. */
  async message(
    type: Message<unknown>,
    { offset, length }: Span,
    depth: number,
  ): Promise<void> {
    const end = offset + length;
    const fields = new Map(
      Object.values(type.fields()).map((f) => [
        f.number,
        f.many === "map" ? entryOf(f.type) : f.type,
      ]),
    );
    // fields that are copied as they are, in one run
    let run = offset;
    for (let at = offset; at < end;) {
      const head = await this.#head(at, end);
      const inner = fields.get(head.number);
      const isLong = head.delimited && head.length > long;
      if (isLong && inner === "span") {
        await this.#copy(run, at);
        this.#put(encoded(head.number, 0));
        this.#located.set(this.#length, {
          offset: head.start,
          length: head.length,
        });
        run = head.start + head.length;
      } else if (
        isLong &&
        typeof inner === "object" &&
        depth < mostDepth &&
        holdsSpans(inner)
      ) {
        await this.#copy(run, at);
        await this.#nested(inner, head, depth);
        run = head.start + head.length;
      }
      at = head.start + head.length;
    }
    await this.#copy(run, end);
  }

  /** A field that is a message: its length is known when it is written. */
  async #nested(
    type: Message<unknown>,
    { number, start, length }: Head,
    depth: number,
  ): Promise<void> {
    // as many bytes for the length as any takes, so that positions hold
    const place = this.#put(encoded(number, 0, 5));
    const before = this.#length;
    await this.message(type, { offset: start, length }, depth + 1);
    place.set(encoded(number, this.#length - before, 5));
  }

  async #copy(from: number, to: number): Promise<void> {
    if (to > from) this.#put((await this.#bytes(from, to - from)).slice());
  }

  #put(piece: Uint8Array): Uint8Array {
    this.#length += piece.length;
    if (this.#length > mostBytes)
      throw new RangeError(
        `it holds more than ${mostBytes / 2 ** 20} MiB beside its tensors`,
      );
    this.#pieces.push(piece);
    return piece;
  }

  /** The field at a position: its number, where its payload starts, and how long it is. */
  async #head(at: number, end: number): Promise<Head> {
    const bytes = await this.#bytes(at, Math.min(headBytes, end - at));
    const reader = new protobuf.Reader(bytes);
    const tag = reader.tag();
    const number = tag >>> 3;
    const delimited = (tag & 7) === 2;
    let length: number;
    if (delimited) length = reader.size();
    else {
      const before = reader.pos;
      // groups have no length, and the formats that are read here have none
      if ((tag & 7) === 3 || (tag & 7) === 4)
        throw new RangeError(`field ${number} is a group`);
      const all = await this.#bytes(at, Math.min(2 * headBytes, end - at));
      const rest = new protobuf.Reader(all);
      rest.pos = before;
      rest.skipType(tag & 7, 0, number);
      length = rest.pos - before;
    }
    const start = at + reader.pos;
    if (number === 0) throw new RangeError("a field has the number 0");
    if (start + length > end)
      throw new RangeError(
        `${length} bytes should follow byte ${start}, and only ${end - start} do`,
      );
    return { number, delimited, start, length };
  }

  /** Bytes that hold until the next call. */
  async #bytes(offset: number, length: number): Promise<Uint8Array> {
    const at = offset - this.#windowAt;
    if (at >= 0 && at + length <= this.#window.length)
      return this.#window.subarray(at, at + length);
    if (length >= windowBytes) return this.#file.read(offset, length);
    const rest = Math.min(windowBytes, this.#file.size - offset);
    this.#window = await this.#file.read(offset, rest);
    this.#windowAt = offset;
    return this.#window.subarray(0, length);
  }
}

interface Head {
  readonly number: number;
  /** Whether its payload has a length in front. */
  readonly delimited: boolean;
  /** In the file. */
  readonly start: number;
  readonly length: number;
}

/** Tag and length of a field; the length in so many bytes at least. */
function encoded(number: number, length: number, width = 1): Uint8Array {
  const bytes: number[] = [];
  const put = (value: number, least: number) => {
    let rest = value;
    for (let i = 1; rest > 127 || i < least; i++) {
      bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  };
  put(number * 8 + 2, 1);
  put(length, width);
  return Uint8Array.from(bytes);
}

const known = new Map<Type, boolean>();

/** Whether there may be a span somewhere in it. */
function holdsSpans(type: Type): boolean {
  const before = known.get(type);
  if (before !== undefined) return before;
  if (typeof type === "string") return type === "span";
  const seen = new Set<Type>([type]);
  // grows while it is walked
  for (const each of seen)
    if (typeof each === "object")
      for (const field of Object.values(each.fields())) seen.add(field.type);
  known.set(type, seen.has("span"));
  return seen.has("span");
}
