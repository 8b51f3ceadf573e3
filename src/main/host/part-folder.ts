/** Folders under construction: a reader never sees half of one. */
import { randomUUID } from "node:crypto";
import {
  copyFile,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { join } from "node:path";
import { exists, flush, writeFault } from "./folder";
import { lockFile, lockFolder, type HeldLock } from "./folder-lock";

const partPrefix = ".part-";
/** What a folder is called while the one that replaces it gets its name. */
const replacedPrefix = ".replaced-";
/** Of what an export writes before it is put into place. */
export const exportPrefix = ".export-";
/** What a killed process leaves of a record that it was replacing, or of a lock that it was taking over. */
const leftFile = /^gallery\.json\.\d+$|^\.proxima-lock\..+\.gone$/;
/** A part without a lock that is younger may be about to get one. */
const youngMs = 60_000;

/** Whether a name is of work in progress or of what a killed process left of it: no content of the user's. */
export function isLeftover(name: string): boolean {
  return (
    name.startsWith(partPrefix) ||
    name.startsWith(replacedPrefix) ||
    name.startsWith(exportPrefix) ||
    name === lockFile ||
    leftFile.test(name)
  );
}

export interface PartOptions {
  /**
   * Whether it is locked itself, for a folder that several processes make parts in at a time; else whoever makes a
   * part has the lock of the folder it lies in.
   */
  readonly locked?: boolean;
}

/** A folder under construction: it has a temporary name until `commit` renames it in one go. */
export class PartFolder {
  readonly #parent: string;
  readonly #name: string;
  readonly #path: string;
  readonly #lock: HeldLock | null;

  private constructor(
    parent: string,
    name: string,
    path: string,
    lock: HeldLock | null,
  ) {
    this.#parent = parent;
    this.#name = name;
    this.#path = path;
    this.#lock = lock;
  }

  /** Throws `export-failed`. */
  static async create(
    parent: string,
    name: string,
    { locked = false }: PartOptions = {},
  ): Promise<PartFolder> {
    const path = join(
      parent,
      `${partPrefix}${randomUUID().slice(0, 8)}-${name}`,
    );
    try {
      await mkdir(path);
      const lock = locked ? await lockFolder(path) : null;
      return new PartFolder(parent, name, path, lock);
    } catch (error) {
      throw writeFault(error, join(parent, name));
    }
  }

  /** Where it is until `commit`: folders under construction may lie in it. */
  get path(): string {
    return this.#path;
  }

  get #final(): string {
    return join(this.#parent, this.#name);
  }

  /** Adds bytes at the end of a file of the folder. */
  async append(name: string, bytes: Uint8Array): Promise<void> {
    await this.#write(name, bytes, "a");
  }

  async write(name: string, bytes: Uint8Array | string): Promise<void> {
    await this.#write(name, bytes, "w");
  }

  /** Copies a file into the folder. */
  async copy(name: string, from: string): Promise<void> {
    try {
      await copyFile(from, join(this.#path, name));
    } catch (error) {
      throw writeFault(error, join(this.#final, name));
    }
  }

  /**
   * Gives the folder its name; what had it before is replaced, unless `replace` is false: then it throws.
   * What is replaced is moved aside first, and a process that is killed in between leaves both: `placeOf` then finds
   * the old one, and a sweep gives it its name back. Afterwards it survives a loss of power.
   */
  async commit({ replace = true } = {}): Promise<void> {
    this.#lock?.check();
    const aside = join(this.#parent, `${replacedPrefix}${this.#name}`);
    try {
      for (const entry of await readdir(this.#path, { withFileTypes: true }))
        if (entry.isFile() && entry.name !== lockFile)
          await flush(join(this.#path, entry.name));
      this.#lock?.release();
      if (replace && (await exists(this.#final))) {
        await rm(aside, { recursive: true, force: true });
        await rename(this.#final, aside);
      }
      await rename(this.#path, this.#final);
      if (replace) await rm(aside, { recursive: true, force: true });
    } catch (error) {
      throw writeFault(error, this.#final);
    }
  }

  async discard(): Promise<void> {
    this.#lock?.release();
    await rm(this.#path, { recursive: true, force: true });
  }

  async #write(name: string, bytes: Uint8Array | string, flags: "a" | "w") {
    const path = join(this.#path, name);
    try {
      const file = await open(path, flags);
      try {
        await file.writeFile(bytes);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw writeFault(error, join(this.#final, name));
    }
  }
}

/** Where a folder lies that `PartFolder` wrote: under its name, or aside where a replacement was cut off. */
export async function placeOf(parent: string, name: string): Promise<string> {
  const place = join(parent, name);
  const aside = join(parent, `${replacedPrefix}${name}`);
  return !(await exists(place)) && (await exists(aside)) ? aside : place;
}

/** The name a folder has or gets back; null for one under construction. */
export function nameOf(entry: string): string | null {
  if (entry.startsWith(replacedPrefix))
    return entry.slice(replacedPrefix.length);
  return entry.startsWith(".") ? null : entry;
}

/**
 * Removes what killed processes left under construction in a folder, and gives back the names of what they were
 * replacing. For whoever has the folder's lock. Throws `export-failed` where it cannot be written.
 */
export async function sweepParts(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    try {
      if (name.startsWith(replacedPrefix)) {
        const final = join(folder, name.slice(replacedPrefix.length));
        if (await exists(final)) await rm(path, { recursive: true });
        else await rename(path, final);
      } else if (name.startsWith(partPrefix) || leftFile.test(name))
        await rm(path, { recursive: true, force: true });
    } catch (error) {
      throw writeFault(error, path);
    }
  }
}

/**
 * Removes what killed processes left in a folder that several may be working in: parts made with `locked`, whose
 * names begin with `prefix`. What cannot be removed stays, and so does one with an entry that `isKept`.
 */
export async function sweepLockedParts(
  folder: string,
  prefix = partPrefix,
  isKept: (entry: string) => boolean = () => false,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    try {
      if (!(await exists(join(path, lockFile)))) {
        const { mtimeMs } = await stat(path);
        if (Math.abs(Date.now() - mtimeMs) < youngMs) continue;
      }
      if ((await readdir(path)).some(isKept)) continue;
      const lock = await lockFolder(path, { watch: false });
      lock.release();
      await rm(path, { recursive: true, force: true });
    } catch {
      // at work, or on a disk that cannot be written
    }
  }
}
