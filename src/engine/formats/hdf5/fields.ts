/** A structure of an HDF5 file, read field by field. Numbers are little-endian, offsets and lengths of 8 bytes. */
import { Fault } from "../../../shared/fault";

export class Fields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Of 8 bytes; what arithmetic would not keep exact is no length of a file. */
  length(): number {
    const value = Number(this.#view.getBigUint64(this.#take(8), true));
    if (!Number.isSafeInteger(value)) throw damaged("a length is out of range");
    return value;
  }

  /** Of 8 bytes; null where it is "undefined". */
  address(): number | null {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value === 0xffffffffffffffffn) return null;
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      throw damaged("an address is out of range");
    return number;
  }

  /** A whole number of 1 to 8 bytes. */
  uint(bytes: number): number {
    const start = this.#take(bytes);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--)
      value = value * 256 + this.#view.getUint8(start + i);
    if (!Number.isSafeInteger(value)) throw damaged("a number is out of range");
    return value;
  }

  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  skip(count: number): this {
    this.#take(count);
    return this;
  }

  /** To the next multiple of so many bytes, counted from the structure's start. */
  align(bytes: number): this {
    return this.skip((bytes - (this.#at % bytes)) % bytes);
  }

  /** Expects the four letters a structure begins with. */
  signature(letters: string): this {
    const found = String.fromCharCode(...this.bytes(4));
    if (found !== letters)
      throw damaged(`where "${letters}" should be, it is not`);
    return this;
  }

  #take(count: number): number {
    if (!(count >= 0 && count <= this.left))
      throw damaged("a structure ends too soon");
    const start = this.#at;
    this.#at += count;
    return start;
  }
}

/** Text of so many bytes, up to its first zero. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

export function damaged(what: string): Fault {
  return new Fault(
    "damaged-file",
    `The HDF5 file is damaged: ${what}.`,
    "The copy may be incomplete: copy it again, or save the network again.",
  );
}

/** Sound, but of a kind that Keras does not write. */
export function unusual(what: string): Fault {
  return new Fault(
    "unsupported-network",
    `The HDF5 file has ${what}, which Proxima does not read.`,
    "Load the network with Keras and save it again.",
  );
}
