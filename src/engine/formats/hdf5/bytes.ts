/** The bytes of an HDF5 file: small structures through a few pages held in memory, large ones as they are. */
import type { Pieces } from "../zip";
import { damaged, Fields } from "./fields";

const pageBytes = 8192;
const mostPages = 256;
/** Structures are small; a network of ten thousand layers needs some hundred thousand of them. */
const mostReads = 2_000_000;
/** Of one structure: lists of names, a topology. */
const mostStructure = 64 * 2 ** 20;

export class Bytes {
  readonly #file: Pieces;
  /** Where the file's addresses count from: something else may stand before. */
  readonly #base: number;
  /** Least recently used first. */
  readonly #pages = new Map<number, Uint8Array>();
  #reads = 0;

  constructor(file: Pieces, base = 0) {
    this.#file = file;
    this.#base = base;
  }

  /** From its base on. */
  get size(): number {
    return this.#file.size - this.#base;
  }

  /** A structure at an address. Throws a Fault `damaged-file` where it is not inside the file. */
  async fields(address: number, length: number): Promise<Fields> {
    this.#check(address, length);
    if (length > mostStructure) throw damaged("a structure is too large");
    if (++this.#reads > mostReads) throw damaged("its structures have no end");
    const start = this.#base + address;
    if (length > pageBytes)
      return new Fields(await this.#file.read(start, length));
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = start + done;
      const page = await this.#page(Math.floor(at / pageBytes));
      const part = page.subarray(
        at % pageBytes,
        (at % pageBytes) + length - done,
      );
      bytes.set(part, done);
      done += part.length;
    }
    return new Fields(bytes);
  }

  /** Values at an address, a copy. */
  async values(address: number, length: number): Promise<Uint8Array> {
    this.#check(address, length);
    return this.#file.read(this.#base + address, length);
  }

  /** As many bytes of a structure as there are, where its own length is inside it. */
  async fieldsUpTo(address: number, length: number): Promise<Fields> {
    this.#check(address, 0);
    return this.fields(address, Math.min(length, this.size - address));
  }

  #check(address: number, length: number): void {
    if (!(address >= 0 && length >= 0 && address + length <= this.size))
      throw damaged(
        `${length} bytes should be at ${address}, and it ends at ${this.size}`,
      );
  }

  async #page(number: number): Promise<Uint8Array> {
    const start = number * pageBytes;
    const page =
      this.#pages.get(number) ??
      (await this.#file.read(
        start,
        Math.min(pageBytes, this.#file.size - start),
      ));
    this.#pages.delete(number);
    this.#pages.set(number, page);
    if (this.#pages.size > mostPages)
      for (const oldest of this.#pages.keys()) {
        this.#pages.delete(oldest);
        break;
      }
    return page;
  }
}
