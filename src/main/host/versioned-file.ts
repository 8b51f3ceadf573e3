/** A small JSON file with a version in the app's data, as the host keeps it. */
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { z } from "zod";
import { parseJson } from "../../shared/json";
import { isPlain, upgraded, type Upgrades } from "../../shared/stored";
import { setAside, whyUnreadable } from "../set-aside";
import { codeOf, makeFolder, replaceFile } from "./folder";

/**
 * Read once, replaced atomically.
 *
 * | what is found   | what happens                                                    |
 * | --------------- | --------------------------------------------------------------- |
 * | nothing         | the defaults                                                    |
 * | this version    | it                                                              |
 * | an earlier one  | it, upgraded; the file keeps its version until it is saved      |
 * | another version | the defaults, and the file is never written                     |
 * | damage          | the defaults, and the file is kept beside as `.damaged`         |
 * | what cannot be  | the same: a folder, a link to itself, a file without permission |
 * | read            |                                                                 |
 */
export class VersionedFile<T extends { readonly version: number }> {
  readonly #path: string;
  #value: T;
  #foreign = false;
  /** Writes follow each other; what is saved while one waits for its turn goes with it. */
  #writing: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | null = null;

  private constructor(path: string, defaults: T) {
    this.#path = path;
    this.#value = defaults;
  }

  static async open<T extends { readonly version: number }>(
    path: string,
    schema: z.ZodType<T>,
    defaults: T,
    log: (line: string) => void,
    upgrades: Upgrades = {},
  ): Promise<VersionedFile<T>> {
    const file = new VersionedFile(path, defaults);
    const name = basename(path);
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT")
        log(
          `${name} cannot be read: ${whyUnreadable(error)}. ${setAside(path)}`,
        );
      return null;
    });
    if (text === null) return file;
    const content = parseJson(text);
    const { version } = defaults;
    const current = isPlain(content)
      ? upgraded(content, { version, upgrades })
      : null;
    const parsed = schema.safeParse(current);
    if (parsed.success) {
      file.#value = parsed.data;
      return file;
    }
    file.#foreign = current === null && isPlain(content);
    if (file.#foreign)
      log(`${name} was written by another version; it is left as it is`);
    else log(`${name} is damaged. ${setAside(path)}`);
    return file;
  }

  get value(): T {
    return this.#value;
  }

  /** Holds at once; rejects with a Fault `export-failed` where it cannot be written. */
  save(value: T): Promise<void> {
    this.#value = value;
    if (this.#foreign) return Promise.resolve();
    if (this.#waiting) return this.#waiting;
    const write = this.#writing.then(async () => {
      this.#waiting = null;
      await makeFolder(dirname(this.#path));
      await replaceFile(this.#path, `${JSON.stringify(this.#value)}\n`);
    });
    this.#waiting = write;
    this.#writing = write.catch(() => undefined);
    return write;
  }
}
