import { randomUUID } from "node:crypto";
import {
  appendFile,
  copyFile,
  lstat,
  mkdir,
  open,
  rename,
  rm,
  rmdir,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault } from "../../../shared/fault";
import { codeOf, writeFault } from "../folder";
import { lockFolder, type HeldLock } from "../folder-lock";
import { exportPrefix, sweepLockedParts } from "../part-folder";

/** Files as they were before they were replaced. */
const asidePrefix = "old-";

/**
 * Files under construction beside their final place: nothing shows there before `commit`, and after a
 * cancel or a failure nothing new remains and nothing old is lost.
 * The temporary folder lies on the same file system as the final place, so that a move is a rename.
 */
export class Stage {
  readonly #base: string;
  readonly #path: string;
  /** While it is held, no other export sweeps the temporary folder away. */
  readonly #lock: HeldLock;
  readonly #files = new Map<string, number>();
  /** Set where replaced files could not be put back; they must outlive the stage. */
  #keep = false;

  private constructor(base: string, path: string, lock: HeldLock) {
    this.#base = base;
    this.#path = path;
    this.#lock = lock;
  }

  /** For files below `base`; a folder that is not there yet is made on commit. Throws `export-failed`. */
  static async create(base: string): Promise<Stage> {
    // A folder that is there may be writable where the one above it is not: a mounted disk.
    let beside = base;
    while ((await kindOf(beside)) === "nothing" && dirname(beside) !== beside)
      beside = dirname(beside);
    // a killed export may have left the user's own file, aside for the one that replaces it
    await sweepLockedParts(beside, exportPrefix, (entry) =>
      entry.startsWith(asidePrefix),
    );
    const path = join(beside, `${exportPrefix}${randomUUID().slice(0, 8)}`);
    try {
      await mkdir(path);
      return new Stage(base, path, await lockFolder(path));
    } catch (error) {
      throw writeFault(error, base);
    }
  }

  async write(name: string, bytes: Uint8Array | string): Promise<void> {
    await this.#put(name, (path) => writeFile(path, bytes), bytes);
  }

  /** Adds to the end of a file, for what is too big to hold. */
  async append(name: string, bytes: Uint8Array | string): Promise<void> {
    await this.#put(name, (path) => appendFile(path, bytes), bytes);
  }

  /** Copies a file that may be absent; whether it was there. */
  async copy(name: string, from: string): Promise<boolean> {
    const size = await lstat(from).then(
      (stat) => (stat.isFile() ? stat.size : null),
      () => null,
    );
    if (size === null) return false;
    await this.#put(name, (path) => copyFile(from, path), size);
    return true;
  }

  /**
   * Moves every file to its place. Without `overwrite` it moves none if one is taken, and returns those
   * names. A failure in the middle puts everything back. Throws `export-failed`.
   */
  async commit(
    overwrite: boolean,
  ): Promise<{ files: number; bytes: number } | { taken: string[] }> {
    const taken = overwrite
      ? []
      : await takenNames(this.#base, [...this.#files.keys()]);
    if (taken.length > 0) return { taken };
    const undo: (() => Promise<void>)[] = [];
    let bytes = 0;
    let name = "";
    try {
      let count = 0;
      for (const [file, size] of this.#files) {
        name = file;
        bytes += size;
        await this.#move(
          file,
          join(this.#path, `${asidePrefix}${count++}`),
          undo,
        );
      }
    } catch (error) {
      for (const step of undo.reverse())
        await step().catch(() => (this.#keep = true));
      const fault = writeFault(error, join(this.#base, name));
      if (!this.#keep) throw fault;
      throw new Fault(
        fault.code,
        `${fault.message} Files it had already replaced could not be put back.`,
        `The files as they were are in ${this.#path}.`,
        { cause: error },
      );
    }
    return { files: this.#files.size, bytes };
  }

  /** Removes the temporary folder. Never throws: there is nothing the caller could do. */
  async discard(): Promise<void> {
    this.#lock.release();
    if (!this.#keep)
      await rm(this.#path, { recursive: true, force: true }).catch(() => {});
  }

  async #put(
    name: string,
    write: (path: string) => Promise<void>,
    size: Uint8Array | string | number,
  ): Promise<void> {
    const path = join(this.#path, "new", name);
    try {
      if (!this.#files.has(name))
        await mkdir(dirname(path), { recursive: true });
      await write(path);
    } catch (error) {
      throw writeFault(error, join(this.#base, name));
    }
    const bytes = typeof size === "number" ? size : Buffer.byteLength(size);
    this.#files.set(name, (this.#files.get(name) ?? 0) + bytes);
  }

  async #move(
    name: string,
    old: string,
    undo: (() => Promise<void>)[],
  ): Promise<void> {
    const from = join(this.#path, "new", name);
    const to = join(this.#base, name);
    const made = await mkdir(dirname(to), { recursive: true });
    if (made) undo.push(() => removeEmpty(dirname(to), made));
    if (this.#files.size === 1) await flush(from);
    if ((await kindOf(to)) === "folder")
      throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    if ((await kindOf(to)) === "file") {
      await rename(to, old);
      undo.push(() => rename(old, to));
    }
    await rename(from, to);
    undo.push(() => rename(to, from));
  }
}

/** Which of the names exist below a folder, in their order, at most 20. */
export async function takenNames(
  base: string,
  names: readonly string[],
): Promise<string[]> {
  const taken: string[] = [];
  for (const name of names) {
    if (taken.length === 20) break;
    if ((await kindOf(join(base, name))) !== "nothing") taken.push(name);
  }
  return taken;
}

/** A link is what it is itself: one that points nowhere is in the way too. */
export async function kindOf(
  path: string,
): Promise<"nothing" | "file" | "folder"> {
  try {
    return (await lstat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "nothing";
    throw writeFault(error, path);
  }
}

/** Removes the folders from `folder` up to `top` that were made for the export. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  await rmdir(folder);
  if (folder !== top) await removeEmpty(dirname(folder), top);
}

/** After it, the file survives a loss of power; for many small files that would take too long. */
async function flush(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}
