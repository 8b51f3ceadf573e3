import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { z } from "zod";
import { Fault } from "../shared/fault";
import { parseJson } from "../shared/json";
import { setAside, whyUnreadable } from "./set-aside";
import { writeWhole } from "./write-whole";

/** Writes on their way, of all files. */
const writes = new Set<Promise<void>>();

/** Settles once nothing is being written: before the app ends. */
export async function writesDone(): Promise<void> {
  await Promise.allSettled(writes);
}

const versioned = z.object({ version: z.unknown() });

/**
 * A small JSON file with a version, read once and replaced atomically. Making one never throws.
 *
 * | what is found | what happens |
 * |---|---|
 * | nothing | the defaults |
 * | this version | it |
 * | another version | the defaults, a message, and the file is never written |
 * | damage, a folder, a link to itself, what may not be read | the defaults, a message, and it is kept beside as `.damaged` |
 */
export class StoredFile<T extends { readonly version: number }> {
  readonly #path: string;
  #value: T;
  #foreign = false;
  /** For the user; undefined where all is well. */
  problem: string | undefined;

  constructor(path: string, schema: z.ZodType<T>, defaults: T) {
    this.#path = path;
    this.#value = defaults;
    const name = basename(path);
    let text: string | undefined;
    try {
      text = readIfThere(path);
    } catch (error) {
      this.problem = `${name} cannot be read: ${whyUnreadable(error)}. ${setAside(path)}`;
      return;
    }
    if (text === undefined) return;
    const content = parseJson(text);
    const parsed = schema.safeParse(content);
    if (parsed.success) {
      this.#value = parsed.data;
      return;
    }
    const found = versioned.safeParse(content);
    this.#foreign = found.success && found.data.version !== defaults.version;
    if (this.#foreign) {
      this.problem = `${name} was written by another version of Proxima. It is left as it is, and changes are not saved.`;
    } else {
      this.problem = `${name} is damaged. ${setAside(path)}`;
    }
  }

  get value(): T {
    return this.#value;
  }

  /** Rejects with a Fault where the file belongs to another version or cannot be written; then the value stays. */
  save(value: T): Promise<void> {
    const write = this.#write(value).finally(() => writes.delete(write));
    writes.add(write);
    return write;
  }

  async #write(value: T): Promise<void> {
    if (this.#foreign)
      throw new Fault(
        "invalid-request",
        this.problem ?? "The file is of another version.",
        "Start the version of Proxima that wrote it, or move the file away.",
      );
    const before = this.#value;
    this.#value = value;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      await writeWhole(this.#path, `${JSON.stringify(value, undefined, 2)}\n`);
    } catch (error) {
      if (this.#value === value) this.#value = before;
      throw new Fault(
        "internal",
        `${basename(this.#path)} could not be saved.`,
        "Check that the disk is not full and the folder can be written.",
        { cause: error },
      );
    }
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return undefined;
    throw error;
  }
}
