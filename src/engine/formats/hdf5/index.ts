/**
 * HDF5 files as Keras writes them: groups, texts as attributes, and plain datasets, in all versions of the file format.
 *
 * Written here because of strangers' files: libhdf5 (as WebAssembly) runs out of bounds on every thirtieth file with a
 * few random bytes, and into endless loops on some. Here every structure is read once, in bounds, and counted; values
 * are read where they lie, so that a weight is in memory once.
 */
import type { Pieces } from "../zip";
import { readTexts } from "./attributes";
import { Bytes } from "./bytes";
import { readDataset, type Dataset } from "./dataset";
import { damaged, type Fields, unusual } from "./fields";
import { readLinks } from "./links";
import { readHeader, type Message } from "./object-header";

export type { Dataset } from "./dataset";

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Something else may stand before, of 512 bytes or a doubling of them. */
const lastStart = 2 ** 20;
/** Objects whose headers are kept. */
const mostObjects = 200_000;

/** Whether the bytes begin as an HDF5 file does. */
export function startsLikeHdf5(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** An object of the file, group or dataset. Throws Faults `damaged-file` and `unsupported-network`. */
export class Hdf5Object {
  readonly #bytes: Bytes;
  readonly #header: readonly Message[];
  readonly #objects: Map<number, Hdf5Object>;
  #links: ReadonlyMap<string, number> | null = null;
  /** Where it lies: the same for all its names. */
  readonly address: number;

  private constructor(
    bytes: Bytes,
    address: number,
    header: readonly Message[],
    objects: Map<number, Hdf5Object>,
  ) {
    this.#bytes = bytes;
    this.#header = header;
    this.#objects = objects;
    this.address = address;
  }

  /** @internal use {@link openHdf5} */
  static async at(
    bytes: Bytes,
    address: number,
    objects: Map<number, Hdf5Object>,
  ): Promise<Hdf5Object> {
    const known = objects.get(address);
    if (known) return known;
    if (objects.size >= mostObjects) throw damaged("it has too many objects");
    const header = await readHeader(bytes, address);
    const made = new Hdf5Object(bytes, address, header, objects);
    objects.set(address, made);
    return made;
  }

  /** Names in it. */
  async names(): Promise<readonly string[]> {
    return [...(await this.#children()).keys()];
  }

  /** What lies under a path ("a/b"); null where nothing does. */
  async find(path: string): Promise<Hdf5Object | null> {
    // a walk of its own length: a path cannot be longer than its text
    let here: Hdf5Object | null = null;
    for (const part of path.split("/").filter((p) => p !== "")) {
      const links: ReadonlyMap<string, number> = await (
        here ?? this
      ).#children();
      const address = links.get(part);
      if (address === undefined) return null;
      here = await Hdf5Object.at(this.#bytes, address, this.#objects);
    }
    return here ?? this;
  }

  /** An attribute that is text, or several texts; null where there is none. */
  texts(name: string): Promise<readonly string[] | null> {
    return readTexts(this.#bytes, this.#header, name);
  }

  /** Its numbers; null where it has none. */
  async dataset(): Promise<Dataset | null> {
    const [stored] = (await this.texts("dtype")) ?? [];
    return readDataset(this.#bytes, this.#header, stored === "bfloat16");
  }

  async #children(): Promise<ReadonlyMap<string, number>> {
    this.#links ??= await readLinks(this.#bytes, this.#header);
    return this.#links;
  }
}

/** The root of an HDF5 file. */
export async function openHdf5(file: Pieces): Promise<Hdf5Object> {
  const start = await startOf(file);
  const bytes = new Bytes(file, start);
  const root = rootOf((await bytes.fieldsUpTo(0, 100)).skip(8));
  return Hdf5Object.at(bytes, root, new Map());
}

async function startOf(file: Pieces): Promise<number> {
  for (let at = 0; at + 8 <= file.size; at = at === 0 ? 512 : 2 * at) {
    if (at > lastStart) break;
    if (startsLikeHdf5(await file.read(at, 8))) return at;
  }
  throw damaged("it does not begin as one");
}

/** Address of the root's header: from the superblock, after its signature. */
function rootOf(superblock: Fields): number {
  const version = superblock.u8();
  const isOld = version <= 1;
  if (version > 3) throw unusual(`a superblock of version ${version}`);
  if (isOld) superblock.skip(4);
  const offsets = superblock.u8();
  const lengths = superblock.u8();
  if (offsets !== 8 || lengths !== 8)
    throw unusual(`offsets of ${offsets} and lengths of ${lengths} bytes`);
  if (isOld) superblock.skip(version === 0 ? 9 : 13);
  else superblock.skip(1);
  // base, free space (or extension), end of file, driver information
  superblock.skip(isOld ? 32 : 24);
  // the root's entry: its name comes first
  if (isOld) superblock.skip(8);
  const root = superblock.address();
  if (root === null) throw damaged("it has no root");
  return root;
}
