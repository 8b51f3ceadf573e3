/**
 * Zip archives of strangers: entries are read where they lie, in pieces, and nothing is ever written to disk.
 * The container is parsed by zip.js, and an archive which other tools would read otherwise is refused; sizes, names and ratios are held against what is really there before anything is allocated.
 */
import {
  Reader,
  Uint8ArrayWriter,
  ZipReader,
  type FileEntry,
} from "@zip.js/zip.js";
import { Fault } from "../../shared/fault";
import type { NetworkFile } from "./format";

export interface ZipEntry {
  readonly name: string;
  /** Bytes, decompressed. */
  readonly size: number;
  /** Whether the bytes lie in the archive as they are, so that parts of them can be read alone. */
  readonly stored: boolean;
}

/** Bytes read piece by piece, as {@link NetworkFile} gives them. */
export type Pieces = Pick<NetworkFile, "size" | "read">;

export interface ZipArchive {
  /** Files alone, no folders, by name. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * A whole entry, decompressed and checked against its checksum.
   * Throws a Fault `damaged-file` for a name that is not there, more than `limit` bytes, or damaged bytes.
   */
  read(name: string, limit?: number): Promise<Uint8Array>;
  /** A stored entry, to be read in pieces (without its checksum). A compressed one is decompressed whole, once. */
  open(name: string): Promise<Pieces>;
}

export interface ZipLimits {
  readonly entries: number;
  /** Bytes of one entry, decompressed. */
  readonly entry: number;
  /** Bytes of all entries, decompressed. */
  readonly total: number;
  /** Decompressed bytes for a compressed one, in entries from {@link mildSize} on. */
  readonly ratio: number;
}

/** Weights hardly compress; networks of thousands of tensors have an entry for each. */
export const zipLimits: ZipLimits = {
  entries: 20_000,
  entry: 2 ** 31 - 1,
  total: 4 * 2 ** 30,
  ratio: 200,
};

/** JSON and zeros may well shrink to a thousandth while they are small. */
const mildSize = 4 * 2 ** 20;
/** What zip.js wants at once is the list of entries; contents come in much smaller pieces. */
const mostAtOnce = 64 * 2 ** 20;
const storedMethod = 0;
const deflatedMethod = 8;

/** "PK" and the number of a local header: how a zip with entries begins. */
export function startsLikeZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((byte, i) => bytes[i] === byte);
}

/**
 * Lists the entries of a zip archive. `name` is the file's, for faults.
 * Throws a Fault `damaged-file` where the archive is damaged, ambiguous, encrypted or too large, or where an
 * entry's name would lead out of a folder.
 */
export async function openZip(
  file: Pieces,
  name: string,
  limits: Partial<ZipLimits> = {},
): Promise<ZipArchive> {
  const most = { ...zipLimits, ...limits };
  const found = await asFault(name, async () => {
    const reader = new ZipReader(await PiecesReader.of(file), {
      checkLocalFilename: true,
      maxAppendedDataSize: 0,
      useWebWorkers: false,
    });
    return list(reader, name, most);
  });
  const entryOf = (wanted: string): FileEntry => {
    const entry = found.get(wanted);
    if (!entry) throw damaged(name, `it holds no "${wanted}"`);
    return entry;
  };
  const read = async (wanted: string, limit = most.entry) => {
    const entry = entryOf(wanted);
    if (entry.uncompressedSize > limit)
      throw damaged(
        name,
        `"${wanted}" in it has ${entry.uncompressedSize} bytes, and at most ${limit} are read`,
      );
    return asFault(name, () =>
      entry.getData(new Uint8ArrayWriter(), { checkCrc32: true }),
    );
  };
  return {
    entries: new Map([...found].map(([key, entry]) => [key, entryFrom(entry)])),
    read,
    async open(wanted) {
      const entry = entryOf(wanted);
      if (entry.compressionMethod !== storedMethod)
        return inMemory(await read(wanted), wanted);
      return asFault(name, () => stored(entry, file, name));
    },
  };
}

async function list(
  reader: ZipReader<unknown>,
  archive: string,
  most: ZipLimits,
): Promise<Map<string, FileEntry>> {
  const entries = new Map<string, FileEntry>();
  let count = 0;
  let total = 0;
  for await (const entry of reader.getEntriesGenerator()) {
    const { filename } = entry;
    if (++count > most.entries)
      throw damaged(archive, `it holds more than ${most.entries} entries`);
    checkName(archive, filename);
    if (entry.encrypted)
      throw damaged(archive, `"${filename}" in it is encrypted`);
    if (entry.symlink) throw damaged(archive, `"${filename}" in it is a link`);
    if (entry.directory) continue;
    total += checkSize(archive, entry, most);
    if (total > most.total)
      throw damaged(archive, `it unpacks to more than ${most.total} bytes`);
    if (entries.has(filename))
      throw damaged(archive, `it holds "${filename}" twice`);
    entries.set(filename, entry);
  }
  const [odd] = reader.warnings ?? [];
  if (odd) throw damaged(archive, `it can be read in two ways (${odd.reason})`);
  return entries;
}

function checkName(archive: string, name: string): void {
  const parts = name.replace(/\/$/, "").split("/");
  const slips =
    /[\\\0]/.test(name) ||
    /^[a-z]:/i.test(name) ||
    parts.some((part) => part === "" || part === "." || part === "..");
  if (slips)
    throw damaged(
      archive,
      `an entry is called ${JSON.stringify(name.slice(0, 200))}, which is no path inside it`,
    );
}

/** The entry's size, decompressed. */
function checkSize(archive: string, entry: FileEntry, most: ZipLimits): number {
  const { filename, uncompressedSize: size, compressedSize } = entry;
  const method = entry.compressionMethod;
  if (method !== storedMethod && method !== deflatedMethod)
    throw damaged(archive, `"${filename}" is compressed by method ${method}`);
  if (method === storedMethod && size !== compressedSize)
    throw damaged(archive, `"${filename}" is stored in two sizes`);
  if (size > most.entry)
    throw damaged(
      archive,
      `"${filename}" has ${size} bytes, more than ${most.entry}`,
    );
  if (size > mildSize && size > compressedSize * most.ratio)
    throw damaged(
      archive,
      `"${filename}" unpacks ${compressedSize} bytes to ${size}`,
    );
  return size;
}

function entryFrom(entry: FileEntry): ZipEntry {
  return {
    name: entry.filename,
    size: entry.uncompressedSize,
    stored: entry.compressionMethod === storedMethod,
  };
}

/** The bytes of a stored entry where they lie, after zip.js has found its local header sound and alone there. */
async function stored(
  entry: FileEntry,
  file: Pieces,
  archive: string,
): Promise<Pieces> {
  await entry.getData(new Uint8ArrayWriter(), {
    checkOverlappingEntryOnly: true,
  });
  const start = entry.localDirectory?.dataOffset;
  const size = entry.uncompressedSize;
  if (start === undefined || start + size > file.size)
    throw damaged(archive, `"${entry.filename}" does not lie within it`);
  return {
    size,
    read(offset, length) {
      if (!isInside(offset, length, size))
        return Promise.reject(endsTooSoon(entry.filename, size));
      return file.read(start + offset, length);
    },
  };
}

/** Bytes at hand, to be read as a file is. */
export function inMemory(bytes: Uint8Array, name: string): Pieces {
  return {
    size: bytes.length,
    read(offset, length) {
      if (!isInside(offset, length, bytes.length))
        return Promise.reject(endsTooSoon(name, bytes.length));
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
  };
}

function isInside(offset: number, length: number, size: number): boolean {
  return offset >= 0 && length >= 0 && offset + length <= size;
}

function endsTooSoon(name: string, size: number): Fault {
  return new Fault(
    "damaged-file",
    `"${name}" ends after ${size} bytes, too soon for what it should hold.`,
    "The copy is incomplete: copy or export the network again.",
  );
}

/** How zip.js reads a network's file. */
class PiecesReader extends Reader<Pieces> {
  readonly #file: Pieces;
  /** Where the end record holds the offset of the list of entries, if zip.js is to take the zip64 record's. */
  readonly #masked: number | null;

  private constructor(file: Pieces, masked: number | null) {
    super(file);
    this.#file = file;
    this.#masked = masked;
    this.size = file.size;
  }

  static async of(file: Pieces): Promise<PiecesReader> {
    const zip64 = await hasZip64(file);
    return new PiecesReader(file, zip64 ? file.size - 6 : null);
  }

  override async readUint8Array(
    index: number,
    length: number,
  ): Promise<Uint8Array> {
    const size = Math.max(0, Math.min(length, this.size - index));
    if (!Number.isSafeInteger(index) || index < 0 || !(size <= mostAtOnce))
      throw new RangeError("its list of entries is unsound");
    const bytes = await this.#file.read(index, size);
    if (this.#masked !== null && index + size > this.#masked) {
      const from = this.#masked - index;
      bytes.fill(0xff, Math.max(0, from), Math.max(0, from + 4));
    }
    return bytes;
  }
}

const endLength = 22;
const locatorLength = 20;
const zip64Length = 56;

/**
 * Whether an archive has zip64 records that nothing in it needs, as PyTorch writes them, and that agree with its end
 * record. zip.js (2.24.0, the newest) reads such records only where the end record has no room for a number. It then
 * takes them for the end of the list of entries and expects the list 76 bytes too far on. Where the first entry of
 * the list is just as long (46 + 21 + "/data.pkl"), a second entry begins there, and zip.js believes that one. So the
 * offset in the end record is shown to it as 0xffffffff, which means: see the zip64 record.
 */
async function hasZip64(file: Pieces): Promise<boolean> {
  const length = zip64Length + locatorLength + endLength;
  if (file.size < length) return false;
  const bytes = await file.read(file.size - length, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const locator = zip64Length;
  const end = zip64Length + locatorLength;
  return (
    view.getUint32(0, true) === 0x06064b50 &&
    view.getUint32(locator, true) === 0x07064b50 &&
    view.getUint32(end, true) === 0x06054b50 &&
    view.getUint16(end + 20, true) === 0 &&
    view.getBigUint64(locator + 8, true) === BigInt(file.size - length) &&
    view.getBigUint64(48, true) === BigInt(view.getUint32(end + 16, true))
  );
}

async function asFault<T>(archive: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw damaged(archive, reasonOf(error), error);
  }
}

/** What zip.js says, begun in lower case: it stands after a colon. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "it cannot be unpacked";
  const { message } = error;
  const detail =
    "reason" in error && typeof error.reason === "string"
      ? ` (${error.reason})`
      : "";
  return message.charAt(0).toLowerCase() + message.slice(1) + detail;
}

function damaged(archive: string, reason: string, cause?: unknown): Fault {
  return new Fault(
    "damaged-file",
    `"${archive}" is not a sound zip archive: ${reason}.`,
    "The copy may be incomplete: copy or export the network again.",
    { cause },
  );
}
