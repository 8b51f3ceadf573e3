/** Global heaps: texts of any length, kept in collections all over the file. */
import type { Bytes } from "./bytes";
import { damaged, type Fields } from "./fields";

interface Place {
  readonly address: number;
  readonly length: number;
}

/** Bytes before an object: its number, references, its length. */
const objectHeader = 16;

export class GlobalHeap {
  readonly #bytes: Bytes;
  /** Objects by number, by the collection's address. */
  readonly #collections = new Map<number, ReadonlyMap<number, Place>>();

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** What a reference (length, collection, number) stands for. */
  async object(reference: Fields): Promise<Uint8Array> {
    const length = reference.u32();
    const collection = reference.address();
    const number = reference.u32();
    if (length === 0 || collection === null || number === 0)
      return new Uint8Array();
    const place = (await this.#collection(collection)).get(number);
    if (!place || length > place.length)
      throw damaged("a text is not where it should be");
    const fields = await this.#bytes.fields(place.address, length);
    return fields.bytes(length);
  }

  async #collection(address: number): Promise<ReadonlyMap<number, Place>> {
    const known = this.#collections.get(address);
    if (known) return known;
    const objects = new Map<number, Place>();
    const header = (await this.#bytes.fields(address, 16)).signature("GCOL");
    const end = address + header.skip(4).length();
    for (let at = address + 16; at + objectHeader <= end;) {
      const fields = await this.#bytes.fields(at, objectHeader);
      const number = fields.u16();
      const length = fields.skip(6).length();
      // the free space at the end
      if (number === 0) break;
      objects.set(number, { address: at + objectHeader, length });
      at += objectHeader + Math.ceil(length / 8) * 8;
    }
    this.#collections.set(address, objects);
    return objects;
  }
}
