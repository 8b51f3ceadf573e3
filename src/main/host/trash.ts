/** Where what was deleted waits for an undo: `.trash` in the folder it was deleted from. */
import { readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../shared/fault";
import {
  exists,
  folderSize,
  makeFolder,
  removeForGood,
  writeFault,
} from "./folder";

const trashName = ".trash";
/** An undo is wanted at once or not at all; after a week the trash lets go. */
const lifetime = 7 * 24 * 3600 * 1000;

export class Trash {
  readonly #folder: string;
  readonly #path: string;

  /** Of the folders in `folder`. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, trashName);
  }

  /** Moves a folder in; one of its name that was there is gone. Throws `export-failed`. */
  async take(id: string): Promise<void> {
    const folder = join(this.#folder, id);
    const trashed = join(this.#path, id);
    await makeFolder(this.#path);
    try {
      await rm(trashed, { recursive: true, force: true });
      await rename(folder, trashed);
      const now = new Date();
      await utimes(trashed, now, now);
    } catch (error) {
      throw writeFault(error, folder);
    }
  }

  /** Moves it back. Throws a Fault `invalid-request` with these words where it cannot, and `export-failed`. */
  async giveBack(
    id: string,
    { gone, present }: { readonly gone: string; readonly present: string },
  ): Promise<void> {
    const folder = join(this.#folder, id);
    const trashed = join(this.#path, id);
    if (!(await exists(trashed))) throw new Fault("invalid-request", gone);
    if (await exists(folder)) throw new Fault("invalid-request", present);
    await rename(trashed, folder).catch((error: unknown) => {
      throw writeFault(error, folder);
    });
  }

  /** Removes for good what has been there for a week. Throws `export-failed`. */
  letGo(): Promise<void> {
    return this.#remove(Date.now() - lifetime);
  }

  /** Removes all for good. Throws `export-failed`. */
  empty(): Promise<void> {
    return this.#remove(Infinity);
  }

  /** Bytes of what is in it. */
  size(): Promise<number> {
    return folderSize(this.#path);
  }

  async #remove(before: number): Promise<void> {
    for (const name of await readdir(this.#path).catch(() => [])) {
      const path = join(this.#path, name);
      const age = await stat(path).then(
        (s) => s.mtimeMs,
        () => Infinity,
      );
      if (age < before) await removeForGood(path);
    }
  }
}
