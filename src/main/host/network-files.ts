/** A network's files on disk, as the engine reads them: nothing outside the folder, nothing but plain files. */
import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import {
  open,
  readdir,
  realpath,
  stat,
  type FileHandle,
} from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import type { NetworkFile, NetworkFiles } from "../../engine";
import { Fault } from "../../shared/fault";
import { codeOf } from "./folder";

export interface FilesOptions {
  /** Ours: a file may have several hard links, as package managers and backups make them. */
  readonly trusted?: boolean;
}

/** Buffers cannot be much larger; no network Proxima can run has a larger file. */
const largest = 2 ** 31 - 1;
/** A file is hashed whole, and its size may be a claim: a sparse one of terabytes takes no room on the disk. */
const mostHashed = 16 * 2 ** 30;
const chunk = 8 * 1024 * 1024;
/** A folder with more than this is not a network's; a home folder chosen by mistake ends here. */
const mostNames = 5000;
const deepest = 4;

/**
 * Opens a folder, or the folder around a single file; of the names, the chosen file's or model.json comes first.
 * Throws a Fault `damaged-file` where nothing can be read there.
 */
export async function openNetworkFiles(
  path: string,
  options: FilesOptions = {},
): Promise<NetworkFiles> {
  const { root, chosen } = await locate(path);
  const listed = await listNames(root);
  const first = chosen ?? "model.json";
  const names = listed.includes(first)
    ? [first, ...listed.filter((name) => name !== first)]
    : listed;
  const digests = new Map<string, Digest>();
  /** Every file is hashed once, however many formats look into it. */
  const opened = new Map<string, Promise<NetworkFile>>();
  const openOnce = async (name: string) => {
    const real = await resolveInside(root, name);
    const single = options.trusted !== true && name !== chosen;
    const file = await openPlain(real, name, single);
    digests.set(name, file);
    return file;
  };
  return {
    title: chosen && chosen !== "model.json" ? chosen : basename(root),
    chosen,
    names,
    open(name) {
      const file = opened.get(name) ?? openOnce(name);
      opened.set(name, file);
      return file;
    },
    async read(name, limit = largest) {
      const real = await resolveInside(root, name);
      const single = options.trusted !== true && name !== chosen;
      const { bytes, sha256 } = await readPlain(real, name, limit, single);
      digests.set(name, { size: bytes.byteLength, sha256 });
      return bytes;
    },
    hash: (names = [...digests.keys()]) =>
      hashOf(
        new Map([...digests].filter(([name]) => names.includes(name))),
        chosen,
      ),
  };
}

interface Digest {
  readonly size: number;
  readonly sha256: string;
}

/**
 * Of a single file its own sha256, as `sha256sum` prints it. Of several it is over "name, length, sha256" of each,
 * ordered by name, so that the order of reading does not count. A chosen file counts without its name: renamed, it
 * is the same network. (A model.json is not so much chosen as its folder is.)
 */
function hashOf(
  digests: ReadonlyMap<string, Digest>,
  chosen: string | null,
): string {
  const [only, ...others] = digests.values();
  if (only && others.length === 0) return only.sha256;
  const nameless = chosen === "model.json" ? null : chosen;
  const lines = [...digests].map(
    ([name, { size, sha256 }]) =>
      [name === nameless ? "" : name, `${size} ${sha256}`] as const,
  );
  const hash = createHash("sha256");
  for (const [name, digest] of lines.sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}\n${digest}\n`);
  return hash.digest("hex");
}

async function locate(path: string) {
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (found.isDirectory()) return { root: real, chosen: null };
    if (found.isFile()) {
      const folder = await realpath(dirname(path));
      // of a snapshot every file is a link, and its name and neighbours are the snapshot's
      return blobsOf(folder) === dirname(real)
        ? { root: folder, chosen: basename(path) }
        : { root: dirname(real), chosen: basename(real) };
    }
  } catch (error) {
    const why =
      codeOf(error) === "ENOENT"
        ? `There is nothing at ${path}.`
        : codeOf(error) === "EACCES"
          ? `${path} may not be read.`
          : `${path} cannot be opened (${codeOf(error)}).`;
    throw new Fault("damaged-file", why, "Choose a network's file or folder.", {
      cause: error,
    });
  }
  throw new Fault(
    "damaged-file",
    `${path} is neither a file nor a folder.`,
    "Choose a network's file or folder.",
  );
}

/**
 * Where Hugging Face's cache keeps what the links of a snapshot's folder stand for: beside `models--OWNER--NAME/
 * snapshots/REVISION` it is `models--OWNER--NAME/blobs`. Null for any other folder.
 */
function blobsOf(folder: string): string | null {
  const snapshots = dirname(folder);
  const model = dirname(snapshots);
  return basename(snapshots) === "snapshots" &&
    /^models--/.test(basename(model))
    ? join(model, "blobs")
    : null;
}

async function listNames(root: string): Promise<string[]> {
  const names: string[] = [];
  async function visit(folder: string, prefix: string, depth: number) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries) {
      if (names.length >= mostNames) return;
      if (entry.name.startsWith(".")) continue;
      const name = prefix + entry.name;
      if (entry.isFile() || entry.isSymbolicLink()) names.push(name);
      else if (entry.isDirectory() && depth < deepest)
        await visit(join(folder, entry.name), `${name}/`, depth + 1);
    }
  }
  await visit(root, "", 0);
  return names.sort();
}

/** The real path of a name inside the folder. */
async function resolveInside(root: string, name: string): Promise<string> {
  const outside = () =>
    new Fault(
      "damaged-file",
      `The network names the file "${name}", which is outside its folder.`,
      "Put all files of the network into one folder.",
    );
  const parts = name.split("/");
  if (
    name === "" ||
    isAbsolute(name) ||
    /[\\\0]/.test(name) ||
    /^[a-z][a-z0-9+.-]*:/i.test(name) ||
    parts.includes("..")
  )
    throw outside();
  let real: string;
  try {
    real = await realpath(join(root, ...parts));
  } catch (error) {
    throw readFault(error, name);
  }
  if (dirname(real) === blobsOf(root)) return real;
  const inside = relative(root, real);
  if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    throw outside();
  return real;
}

/** Runs `use` on a plain file that is closed afterwards. */
async function withPlain<T>(
  path: string,
  name: string,
  single: boolean,
  use: (file: FileHandle, stats: Stats) => Promise<T>,
): Promise<T> {
  // Not following links closes the gap to realpath; not blocking keeps a pipe from hanging the host.
  const flags =
    constants.O_RDONLY |
    (constants.O_NOFOLLOW ?? 0) |
    (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch((error: unknown) => {
    throw readFault(error, name);
  });
  try {
    const found = await file.stat();
    if (!found.isFile())
      throw new Fault("damaged-file", `"${name}" is not a plain file.`);
    if (single && found.nlink > 1)
      throw new Fault(
        "damaged-file",
        `"${name}" is a hard link to a file that may lie outside the network's folder.`,
        "Copy the folder's files, and open the copy.",
      );
    return await use(file, found);
  } finally {
    await file.close();
  }
}

/** Hashes the file in pieces and keeps none of it; it is opened again for every read, so that nothing is left open. */
async function openPlain(
  path: string,
  name: string,
  single: boolean,
): Promise<NetworkFile> {
  return withPlain(path, name, single, async (file, { size, ino, mtimeMs }) => {
    if (size > mostHashed)
      throw new Fault(
        "damaged-file",
        `"${name}" has ${size} bytes; a file of a network has at most ${mostHashed}.`,
        "Export the network with its weights in files of their own.",
      );
    const hash = createHash("sha256");
    const buffer = new Uint8Array(Math.min(chunk, size));
    for (let at = 0; at < size;) {
      const piece = buffer.subarray(0, Math.min(chunk, size - at));
      await fill(file, name, piece, at);
      hash.update(piece);
      at += piece.length;
    }
    return {
      size,
      sha256: hash.digest("hex"),
      async read(offset, length) {
        if (!(offset >= 0 && length >= 0 && offset + length <= size))
          throw new Fault(
            "damaged-file",
            `"${name}" has ${size} bytes and should hold ${length} more from byte ${offset} on.`,
            "The copy is incomplete: copy or export the network again.",
          );
        return withPlain(path, name, single, async (again, now) => {
          if (now.size !== size || now.ino !== ino || now.mtimeMs !== mtimeMs)
            throw changed(name);
          const bytes = new Uint8Array(length);
          await fill(again, name, bytes, offset);
          return bytes;
        });
      },
    };
  });
}

async function readPlain(
  path: string,
  name: string,
  limit: number,
  single: boolean,
) {
  return withPlain(path, name, single, async (file, { size }) => {
    if (size > limit)
      throw new Fault(
        "damaged-file",
        `"${name}" has ${size} bytes; at most ${limit} are read.`,
      );
    const bytes = new Uint8Array(size);
    const hash = createHash("sha256");
    for (let at = 0; at < size;) {
      const piece = bytes.subarray(at, Math.min(at + chunk, size));
      await fill(file, name, piece, at);
      hash.update(piece);
      at += piece.length;
    }
    return { bytes, sha256: hash.digest("hex") };
  });
}

/** Fills `bytes` from the file's position on. */
async function fill(
  file: FileHandle,
  name: string,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await file.read(
      bytes,
      at,
      bytes.length - at,
      position + at,
    );
    if (bytesRead === 0) throw changed(name);
    at += bytesRead;
  }
}

function changed(name: string): Fault {
  return new Fault(
    "damaged-file",
    `"${name}" changed while it was read.`,
    "Open it again once it has been written.",
  );
}

function readFault(error: unknown, name: string): Fault {
  const code = codeOf(error);
  const why =
    code === "ENOENT" || code === "ENOTDIR"
      ? `The file "${name}" is missing.`
      : code === "EACCES" || code === "EPERM"
        ? `The file "${name}" may not be read.`
        : `The file "${name}" cannot be read (${code || String(error)}).`;
  return new Fault(
    "damaged-file",
    why,
    "Check that the folder holds all files of the network.",
    { cause: error },
  );
}
