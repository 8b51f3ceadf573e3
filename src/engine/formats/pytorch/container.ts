/** The two ways PyTorch writes files, told apart by their first bytes: a pickle, and storages beside it. */
import { Fault } from "../../../shared/fault";
import { exportAdvice, saveAdvice } from "../state-dict/advice";
import { numberWidths } from "../floats";
import { archiveFault, objectKind } from "../foreign/index";
import { openZip, startsLikeZip, type Pieces, type ZipArchive } from "../zip";
import { PickleCut, unpickle, type Unpickled } from "./pickle";
import { isKind, type Storage, type Value } from "./values";

export interface TorchFile {
  /** What was saved. */
  readonly root: Value;
  readonly littleEndian: boolean;
  /** Who wrote it, for people. */
  readonly producer: string;
  /** The bytes of a storage; throws a Fault `damaged-file` where they are missing or too few. */
  open(storage: Storage): Promise<Pieces>;
}

/** Far above what a checkpoint of thousands of tensors takes. */
const mostPickleBytes = 32 * 2 ** 20;
const mostStorages = 100_000;

/** 0x1950a86a20f9469cfc6c as the pickle that every file of before PyTorch 1.6 begins with, from byte 2 on. */
const legacyMagic = [
  0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
];
/** Bytes that {@link containerOf} wants to see. */
export const headBytes = 512;

/** What a file's first bytes say it is: PyTorch's zip may still be another's. */
export function containerOf(
  head: Uint8Array,
): "zip" | "legacy" | "tar" | "pickle" | null {
  if (startsLikeZip(head)) return "zip";
  if (head[0] === 0x80 && (head[1] ?? 0) <= 5)
    return legacyMagic.every((byte, i) => head[i + 2] === byte)
      ? "legacy"
      : "pickle";
  const tar = new TextDecoder("latin1").decode(head.subarray(257, 262));
  return tar === "ustar" ? "tar" : null;
}

/** The name of the pickle in PyTorch's zip; null where the zip is something else. */
export function pickleIn(zip: ZipArchive): string | null {
  const names = [...zip.entries.keys()];
  return names.find((name) => /^([^/]*\/)?data\.pkl$/.test(name)) ?? null;
}

/** Throws a Fault `damaged-file`, or `unsupported-network` for PyTorch's files that are no weights. */
export async function openTorchFile(
  file: Pieces,
  name: string,
): Promise<TorchFile> {
  const head = await file.read(0, Math.min(headBytes, file.size));
  switch (containerOf(head)) {
    case "zip":
      return fromZip(await openZip(file, name), name);
    case "legacy":
      return fromStream(file, name);
    case "tar":
      throw new Fault(
        "unsupported-network",
        `"${name}" is a tar archive, as PyTorch wrote them before 2017.`,
        `Load it in Python and save it again: ${saveAdvice}`,
      );
    case "pickle":
      throw await barePickle(file, name);
    case null:
      throw new Fault(
        "damaged-file",
        `"${name}" does not begin as a PyTorch file does.`,
        "The copy may be incomplete: copy or save the weights again.",
      );
  }
}

async function fromZip(zip: ZipArchive, name: string): Promise<TorchFile> {
  const pickle = pickleIn(zip);
  if (pickle === null) throw archiveFault(name, [...zip.entries.keys()]);
  const root = pickle.slice(0, -"data.pkl".length);
  if (isScript(zip, root))
    throw new Fault(
      "unsupported-network",
      `"${name}" is a TorchScript program (torch.jit.save): code, not weights alone.`,
      `Save the weights of the model it was made from: ${saveAdvice} ${exportAdvice}`,
    );
  const order = zip.entries.has(`${root}byteorder`)
    ? new TextDecoder().decode(await zip.read(`${root}byteorder`, 16)).trim()
    : "little";
  if (order !== "little" && order !== "big")
    throw damaged(`"${name}" has the byte order ${JSON.stringify(order)}.`);
  const { value } = unpickle(await zip.read(pickle, mostPickleBytes));
  const opened = new Map<string, Pieces>();
  return {
    root: value,
    littleEndian: order === "little",
    producer: "PyTorch (torch.save, zip)",
    async open(storage) {
      const entry = `${root}data/${storage.key}`;
      if (!zip.entries.has(entry))
        throw damaged(`"${name}" holds no storage "${storage.key}".`);
      // tensors share storages
      const pieces = opened.get(entry) ?? (await zip.open(entry));
      if (zip.entries.get(entry)?.stored) opened.set(entry, pieces);
      return enough(pieces, storage, name);
    },
  };
}

/** What a pickle that torch.save did not write holds. */
async function barePickle(file: Pieces, name: string): Promise<Fault> {
  const root = await pickleAt(file, 0).then(
    ({ value }) => value,
    (error: unknown) => {
      if (error instanceof Fault && error.code === "damaged-file") return null;
      throw error;
    },
  );
  const maker = makerIn(root);
  const kind = maker === null ? null : objectKind(maker);
  return kind
    ? new Fault(
        "unsupported-network",
        `"${name}" holds ${kind.title}.`,
        kind.remedy,
      )
    : new Fault(
        "unsupported-network",
        `"${name}" is a bare Python pickle${maker === null ? "" : ` (${maker})`}, not a file that torch.save wrote.`,
        `Load it in Python and save its weights: ${saveAdvice}`,
      );
}

/** The class of what was pickled, or of what a dict holds; null where it is plain data. */
function makerIn(value: Value, depth = 0): string | null {
  if (isKind(value, "opaque")) return value.name;
  if (!isKind(value, "dict") || depth > 2) return null;
  for (const entry of value.values) {
    const maker = makerIn(entry, depth + 1);
    if (maker !== null) return maker;
  }
  return null;
}

function isScript(zip: ZipArchive, root: string): boolean {
  return [...zip.entries.keys()].some(
    (name) =>
      name === `${root}constants.pkl` ||
      name === `${root}bytecode.pkl` ||
      name.startsWith(`${root}code/`),
  );
}

/** Magic number, protocol, system, what was saved, keys of the storages; then for each its length and its bytes. */
async function fromStream(file: Pieces, name: string): Promise<TorchFile> {
  let at = 0;
  const next = async (): Promise<Unpickled> => {
    const read = await pickleAt(file, at);
    at += read.end;
    return read;
  };
  await next();
  const protocol = (await next()).value;
  if (protocol !== 1001)
    throw damaged(`"${name}" has an unknown version of PyTorch's old format.`);
  await next();
  const { value: root, storages } = await next();
  const keys = (await next()).value;
  if (!isKind(keys, "list") || keys.items.length > mostStorages)
    throw damaged(`"${name}" does not list its storages.`);
  const places = new Map<string, Pieces>();
  for (const key of keys.items) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (!storage || places.has(storage.key))
      throw damaged(`"${name}" lists a storage that nothing uses, or twice.`);
    const length = new DataView((await file.read(at, 8)).buffer);
    const size = bytesIn(storage);
    // always little-endian, whatever machine wrote it
    if (length.getBigInt64(0, true) !== BigInt(storage.numbers))
      throw damaged(
        `"${name}" gives the storage "${storage.key}" two different lengths.`,
      );
    const start = at + 8;
    at = start + size;
    if (at > file.size)
      throw damaged(`"${name}" ends within the storage "${storage.key}".`);
    places.set(storage.key, {
      size,
      read: (offset, bytes) => file.read(start + offset, bytes),
    });
  }
  return {
    root,
    littleEndian: true,
    producer: "PyTorch (torch.save, format of before 1.6)",
    open(storage) {
      const place = places.get(storage.key);
      return place
        ? Promise.resolve(enough(place, storage, name))
        : Promise.reject(
            damaged(`"${name}" holds no storage "${storage.key}".`),
          );
    },
  };
}

/** The pickle that begins here. Its length is written nowhere, so more is read until it is enough. */
async function pickleAt(file: Pieces, offset: number): Promise<Unpickled> {
  const rest = Math.min(file.size - offset, mostPickleBytes);
  for (let size = 64 * 1024; ; size *= 8) {
    const bytes = await file.read(offset, Math.min(size, rest));
    try {
      return unpickle(bytes);
    } catch (error) {
      if (!(error instanceof PickleCut) || size >= rest) throw error;
    }
  }
}

function bytesIn({ numbers, type }: Storage): number {
  return numbers * (type === null ? 1 : numberWidths[type]);
}

function enough(pieces: Pieces, storage: Storage, name: string): Pieces {
  const size = bytesIn(storage);
  if (pieces.size < size)
    throw damaged(
      `"${name}" has ${pieces.size} bytes for the storage "${storage.key}" of ${size}.`,
    );
  return pieces;
}

function damaged(message: string): Fault {
  return new Fault(
    "damaged-file",
    message,
    "The copy may be incomplete: copy or save the weights again.",
  );
}
