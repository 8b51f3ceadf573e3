// @ts-check
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Refusal } from "./refusal.mjs";

/**
 * The parsed file, or null where there is none or it is not JSON. Its shape is the caller's promise: only files of
 * npm and of set-up itself are read with it.
 * @template T
 * @param {string} path
 * @returns {T | null}
 */
export function readJson(path) {
  try {
    return /** @type {T} */ (JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}

/**
 * Replaces the file in one go.
 * @param {string} path
 * @param {unknown} value
 */
export function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(temporary, path);
}

/**
 * Bytes of a file, following links; -1 where there is none.
 * @param {string} path
 */
export function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

/**
 * Bytes of all files below a folder; 0 where there is none. Files may vanish while it looks.
 * @param {string} folder
 */
export function bytesBelow(folder) {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      bytes += entry.isDirectory()
        ? bytesBelow(path)
        : Math.max(0, sizeOf(path));
    }
  } catch {
    // gone in between
  }
  return bytes;
}

/**
 * @param {string} path
 * @param {"sha256" | "sha512"} algorithm
 * @param {"hex" | "base64"} encoding
 * @returns {Promise<string>}
 */
export async function digest(path, algorithm, encoding) {
  const hash = createHash(algorithm);
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  stream.on("data", (chunk) => hash.update(chunk));
  await once(stream, "end");
  return hash.digest(encoding);
}

/**
 * Makes a folder for half work and removes what earlier, interrupted set-ups left beside it. Needs the lock.
 * @param {string} parent
 */
export function freshStaging(parent) {
  const all = join(parent, "staging");
  rmSync(all, { recursive: true, force: true });
  const staging = join(all, randomBytes(6).toString("hex"));
  mkdirSync(staging, { recursive: true });
  return staging;
}

/**
 * Puts a finished file or folder where it belongs; what was there is replaced.
 * @param {string} from on the same file system
 * @param {string} to
 * @param {string} staging takes the old one until it is removed
 */
export function moveIntoPlace(from, to, staging) {
  mkdirSync(dirname(to), { recursive: true });
  const old = join(staging, `old-${randomBytes(4).toString("hex")}`);
  try {
    renameSync(to, old);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
  renameSync(from, to);
  rmSync(old, { recursive: true, force: true });
}

/**
 * @param {unknown} error
 * @param {string} code
 */
export function isErrno(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}

/** @param {number} bytes */
export function inMegabytes(bytes) {
  return `${Math.round(bytes / 1e6).toLocaleString("en-US")} MB`;
}

/**
 * Refuses before any work when the disk of a folder has too little room.
 * @param {string} folder exists
 * @param {number} bytes needed
 * @param {string} what is to be put there
 * @param {(folder: string) => { bavail: number, bsize: number }} stat
 */
export function requireSpace(folder, bytes, what, stat = statfsSync) {
  const { bavail, bsize } = stat(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new Refusal(
    `The disk of ${folder} has ${inMegabytes(free)} free and ${what} needs ${inMegabytes(bytes)}: make room, or let XDG_CACHE_HOME name a folder on another disk, and run node scripts/setup.mjs again.`,
  );
}
