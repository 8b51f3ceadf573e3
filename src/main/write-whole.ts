/** Files of which a reader, or the next start, never sees a part. */
import { randomInt } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";

/** The last write of each file that is on its way: the next one waits for it, so that the last call wins. */
const writing = new Map<string, Promise<void>>();

/**
 * Replaces a file: it holds the old bytes or the new ones, also after a loss of power and where the disk is full.
 * Writes to `<name>.<digits>` beside it; only a killed process leaves that behind. Links are followed, and the file's
 * mode stays. Rejects with Node's error.
 *
 * Not `write-file-atomic` nor `atomically`: both write once and take a write that ended early for a whole one, which
 * on a disk that fills up puts a cut file into the place of a good one.
 */
export async function writeWhole(
  path: string,
  data: Uint8Array | string,
): Promise<void> {
  const name = resolve(path);
  const before = writing.get(name) ?? Promise.resolve();
  const write = before.catch(() => undefined).then(() => replace(name, data));
  writing.set(name, write);
  try {
    await write;
  } finally {
    if (writing.get(name) === write) writing.delete(name);
  }
}

async function replace(name: string, data: Uint8Array | string) {
  const path = await realpath(name).catch(() => name);
  const mode = await stat(path).then(
    ({ mode }) => mode,
    () => undefined,
  );
  const part = `${path}.${randomInt(2 ** 47)}`;
  try {
    const file = await open(part, "wx", mode);
    try {
      // goes on until every byte is written, or throws
      await file.writeFile(data);
      // what the process' mask has taken away
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
