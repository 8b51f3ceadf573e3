/**
 * Sorted string tables as LevelDB and TensorFlow's checkpoints have them: blocks of keys in order, each key without
 * what it shares with the one before, and a last block that says where the others lie.
 */
import { Fault } from "../../../shared/fault";

/** 48 bytes: two block handles, padding, and the magic number. */
const footerBytes = 48;
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** After each block: how it is compressed, and a checksum. */
const trailerBytes = 5;
/** Variables of a network; those of the largest stay far below. */
const mostEntries = 200_000;
const longestKey = 4096;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

/** Values by key, as views of the bytes. Throws a Fault `damaged-file`, or `unsupported-network` for a compressed table. */
export function readTable(
  bytes: Uint8Array,
  name: string,
): ReadonlyMap<string, Uint8Array> {
  const table = new Table(bytes, name);
  return table.read();
}

class Table {
  readonly #bytes: Uint8Array;
  readonly #name: string;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  read(): ReadonlyMap<string, Uint8Array> {
    const entries = new Map<string, Uint8Array>();
    for (const [, where] of this.#block(this.#indexHandle())) {
      const [handle] = this.#handle(where, 0);
      for (const [key, value] of this.#block(handle)) {
        if (entries.has(key)) this.#fail(`the key "${key}" stands there twice`);
        if (entries.size >= mostEntries)
          this.#fail(`it has more than ${mostEntries} entries`);
        entries.set(key, value);
      }
    }
    return entries;
  }

  #indexHandle(): Handle {
    const start = this.#bytes.length - footerBytes;
    const end = this.#bytes.subarray(-magic.length);
    if (start < 0 || !magic.every((byte, i) => end[i] === byte))
      this.#fail("it does not end as a checkpoint's index does");
    const footer = this.#bytes.subarray(start);
    const [, after] = this.#handle(footer, 0);
    return this.#handle(footer, after)[0];
  }

  *#block({ offset, size }: Handle): Generator<[string, Uint8Array]> {
    const bytes = this.#bytes;
    if (offset + size + trailerBytes > bytes.length)
      this.#fail("a block lies outside the file");
    if (bytes[offset + size] !== 0)
      throw new Fault(
        "unsupported-network",
        `"${this.#name}" is compressed.`,
        "Save the network with TensorFlow 2: it does not compress the index of its variables.",
      );
    const block = bytes.subarray(offset, offset + size);
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const restarts = size >= 4 ? view.getUint32(size - 4, true) : Infinity;
    const end = size - 4 - 4 * restarts;
    if (end < 0) this.#fail("a block is too short");
    let at = 0;
    let key = new Uint8Array(0);
    while (at < end) {
      let shared: number, fresh: number, length: number;
      [shared, at] = this.#varint(block, at);
      [fresh, at] = this.#varint(block, at);
      [length, at] = this.#varint(block, at);
      if (
        shared > key.length ||
        shared + fresh > longestKey ||
        at + fresh + length > end
      )
        this.#fail("an entry goes past the end of its block");
      const longer = new Uint8Array(shared + fresh);
      longer.set(key.subarray(0, shared));
      longer.set(block.subarray(at, at + fresh), shared);
      key = longer;
      at += fresh;
      yield [new TextDecoder().decode(key), block.subarray(at, at + length)];
      at += length;
    }
  }

  #handle(bytes: Uint8Array, at: number): [Handle, number] {
    const [offset, middle] = this.#varint(bytes, at);
    const [size, end] = this.#varint(bytes, middle);
    return [{ offset, size }, end];
  }

  #varint(bytes: Uint8Array, from: number): [number, number] {
    let value = 0;
    for (let i = 0; i < 7; i++) {
      const byte = bytes[from + i];
      if (byte === undefined) break;
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return [value, from + i + 1];
    }
    return this.#fail("a number goes past its end");
  }

  #fail(why: string): never {
    throw new Fault(
      "damaged-file",
      `"${this.#name}" is not readable: ${why}.`,
      "The copy is incomplete: copy or export the network again.",
    );
  }
}
