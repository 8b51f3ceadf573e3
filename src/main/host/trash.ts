/** Where what was deleted waits for an undo: `.trash` in the folder it was deleted from. */
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../shared/fault";
import { parseJson } from "../../shared/json";
import {
  exists,
  folderSize,
  makeFolder,
  removeForGood,
  replaceFile,
  writeFault,
} from "./folder";

const trashName = ".trash";
/** An undo is wanted at once or not at all; after a week the trash lets go. */
const lifetime = 7 * 24 * 3600 * 1000;

/** Beside what was deleted; a file's times change when it is copied, and say nothing of starts. */
const recordSchema = z.object({
  deletedAt: z.iso.datetime(),
  /** Whether an earlier start found it too old already. */
  due: z.boolean(),
});
type TrashRecord = z.infer<typeof recordSchema>;

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
      await this.#note(id, { deletedAt: new Date().toISOString(), due: false });
      await rename(folder, trashed);
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
    try {
      await rename(trashed, folder);
      await rm(this.#recordOf(id), { force: true });
    } catch (error) {
      throw writeFault(error, folder);
    }
  }

  /**
   * Once a start: removes for good what has been there for a week, as its own record says, and was found so by an
   * earlier start. A clock that is wrong for one start empties nothing. Throws `export-failed`.
   */
  async letGo(): Promise<void> {
    for (const id of await this.#ids()) {
      const record = await this.#recorded(id);
      // of an unknown age: it counts from now
      const deletedAt = record?.deletedAt ?? new Date().toISOString();
      const due = Date.now() - Date.parse(deletedAt) > lifetime;
      if (due && record?.due) await this.#remove(id);
      else if (record?.due !== due) await this.#note(id, { deletedAt, due });
    }
  }

  /** Removes all for good. Throws `export-failed`. */
  async empty(): Promise<void> {
    for (const id of await this.#ids()) await this.#remove(id);
  }

  /** Bytes of what was deleted. */
  async size(): Promise<number> {
    let bytes = 0;
    for (const id of await this.#ids())
      bytes += await folderSize(join(this.#path, id));
    return bytes;
  }

  async #ids(): Promise<string[]> {
    const names = await readdir(this.#path).catch(() => []);
    return names.filter((name) => !name.startsWith("."));
  }

  async #remove(id: string): Promise<void> {
    await removeForGood(join(this.#path, id));
    await removeForGood(this.#recordOf(id));
  }

  /** No id begins with a dot. */
  #recordOf(id: string): string {
    return join(this.#path, `.${id}.json`);
  }

  async #recorded(id: string): Promise<TrashRecord | null> {
    const text = await readFile(this.#recordOf(id), "utf8").catch(() => "");
    return recordSchema.safeParse(parseJson(text)).data ?? null;
  }

  #note(id: string, record: TrashRecord): Promise<void> {
    return replaceFile(this.#recordOf(id), `${JSON.stringify(record)}\n`);
  }
}
