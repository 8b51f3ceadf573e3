/** Fractal heaps: where groups keep many links, and objects many attributes, in files of HDF5's newer versions. */
import type { Bytes } from "./bytes";
import { damaged, Fields, unusual } from "./fields";

const mostBlocks = 100_000;

/** Says what an object's name in the heap ("ID") stands for: its bytes. */
export class FractalHeap {
  readonly #bytes: Bytes;
  readonly #offsetBytes: number;
  readonly #lengthBytes: number;
  /** Where the heap's own space lies in the file, in order. */
  readonly #blocks: readonly HeapBlock[];
  /** Bytes of an ID. */
  readonly idBytes: number;

  private constructor(bytes: Bytes, header: HeapHeader, blocks: HeapBlock[]) {
    this.#bytes = bytes;
    this.idBytes = header.idBytes;
    this.#offsetBytes = header.offsetBytes;
    this.#lengthBytes = header.lengthBytes;
    this.#blocks = blocks;
  }

  static async open(bytes: Bytes, address: number): Promise<FractalHeap> {
    const header = headerOf(await bytes.fieldsUpTo(address, 146));
    return new FractalHeap(bytes, header, await blocksOf(bytes, header));
  }

  async object(id: Uint8Array): Promise<Fields> {
    const fields = new Fields(id);
    const flags = fields.u8();
    const kind = (flags >> 4) & 0x03;
    if (kind === 2) return new Fields(fields.bytes((flags & 0x0f) + 1));
    if (kind !== 0) throw unusual("an attribute of more than 64 KB");
    const offset = fields.uint(this.#offsetBytes);
    const length = fields.uint(this.#lengthBytes);
    const block = this.#blocks.find(
      ({ start, size }) => offset >= start && offset + length <= start + size,
    );
    if (!block) throw damaged("an object is outside its heap");
    return this.#bytes.fields(block.address + offset - block.start, length);
  }
}

interface HeapBlock {
  readonly address: number;
  /** In the heap's own space. */
  readonly start: number;
  readonly size: number;
}

interface HeapHeader {
  readonly idBytes: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly width: number;
  readonly startSize: number;
  readonly largestDirect: number;
  readonly root: number | null;
  /** 0: the root is a block of values itself. */
  readonly rows: number;
}

function headerOf(fields: Fields): HeapHeader {
  fields.signature("FRHP").skip(1);
  const idBytes = fields.u16();
  if (fields.u16() > 0) throw unusual("compressed names");
  fields.skip(1);
  const largestObject = fields.u32();
  fields.skip(12 * 8);
  const width = fields.u16();
  const startSize = fields.length();
  const largestDirect = fields.length();
  const offsetBytes = Math.ceil(fields.u16() / 8);
  fields.skip(2);
  const root = fields.address();
  const rows = fields.u16();
  const isPower = (n: number) => n >= 1 && Number.isInteger(Math.log2(n));
  if (
    ![width, startSize, largestDirect].every(isPower) ||
    largestDirect < startSize ||
    offsetBytes < 1 ||
    offsetBytes > 8
  )
    throw damaged("a heap has impossible sizes");
  const lengthBytes = Math.min(
    Math.floor((Math.log2(largestDirect) + 7) / 8),
    bytesFor(largestObject),
  );
  return {
    idBytes,
    offsetBytes,
    lengthBytes,
    width,
    startSize,
    largestDirect,
    root,
    rows,
  };
}

/** Bytes that hold numbers up to this one. */
export function bytesFor(largest: number): number {
  return Math.floor(Math.log2(Math.max(1, largest)) / 8) + 1;
}

async function blocksOf(
  bytes: Bytes,
  header: HeapHeader,
): Promise<HeapBlock[]> {
  const { root, rows, width, startSize, largestDirect, offsetBytes } = header;
  if (root === null) return [];
  if (rows === 0) return [{ address: root, start: 0, size: startSize }];
  const sizeOf = (row: number) => startSize * 2 ** Math.max(0, row - 1);
  const found: HeapBlock[] = [];
  const waiting = [{ address: root, start: 0, rows }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const entries = width * next.rows;
    if (found.length + waiting.length + entries > mostBlocks)
      throw damaged("a heap has too many blocks");
    const fields = await bytes.fields(
      next.address,
      5 + 8 + offsetBytes + 8 * entries,
    );
    fields.signature("FHIB").skip(1 + 8 + offsetBytes);
    let start = next.start;
    for (let entry = 0; entry < entries; entry++) {
      const size = sizeOf(Math.floor(entry / width));
      const address = fields.address();
      if (address !== null && size <= largestDirect)
        found.push({ address, start, size });
      else if (address !== null) {
        const inside = Math.log2(size) - Math.log2(startSize * width) + 1;
        if (!(inside >= 1 && inside < next.rows))
          throw damaged("a heap has impossible blocks");
        waiting.push({ address, start, rows: inside });
      }
      start += size;
    }
  }
  return found;
}
