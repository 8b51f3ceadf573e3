/** A file that is on its way: its bytes so far, which version of the file they are of, and their hash. */
import { createHash, type Hash } from "node:crypto";
import { open, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { Fault } from "../../../shared/fault";
import { parseJson } from "../../../shared/json";
import { replaceFile, writeFault } from "../folder";
import { lockPath, type HeldLock } from "../folder-lock";

export interface PartOptions {
  readonly url: string;
  /** Where the file goes. */
  readonly target: string;
  readonly checksum: {
    readonly algorithm: "sha256" | "md5";
    /** Hex. */
    readonly begins: string;
  } | null;
}

const stateSchema = z.object({
  url: z.string().max(4000),
  /** ETag or date. */
  validator: z.string().max(1000).nullable(),
});

export function partPath(target: string): string {
  return `${target}.part`;
}
function statePath(target: string): string {
  return `${target}.part.json`;
}
function lockOf(target: string): string {
  return `${target}.part.lock`;
}

/** Deletes what there is of a file, whole or in part. */
export async function removeFile(target: string): Promise<void> {
  for (const path of [target, partPath(target), statePath(target)])
    await rm(path, { force: true });
}

const chunk = 8 * 2 ** 20;

export class Part {
  readonly #options: PartOptions;
  readonly #file: FileHandle;
  readonly #lock: HeldLock;
  #hash: Hash;
  bytes = 0;
  /** ETag or date of what is there; null: it cannot go on. */
  validator: string | null = null;

  private constructor(options: PartOptions, file: FileHandle, lock: HeldLock) {
    this.#options = options;
    this.#file = file;
    this.#lock = lock;
    this.#hash = this.#newHash();
  }

  /** Takes up what is there of the same address. Throws a Fault `invalid-request` where another process is at it, and `export-failed`. */
  static async open(options: PartOptions): Promise<Part> {
    const { target, url } = options;
    const lock = await lockPath(lockOf(target), basename(target), {
      what: "downloading",
    });
    try {
      const file = await open(partPath(target), "a+");
      const part = new Part(options, file, lock);
      const text = await readFile(statePath(target), "utf8").catch(() => "");
      const state = stateSchema.safeParse(parseJson(text));
      if (state.success && state.data.url === url && state.data.validator)
        await part.#takeUp(state.data.validator);
      else await file.truncate(0);
      return part;
    } catch (error) {
      lock.release();
      throw writeFault(error, partPath(target));
    }
  }

  /** Forgets what is there: other bytes follow. */
  async restart(validator: string | null): Promise<void> {
    const { target, url } = this.#options;
    try {
      await this.#file.truncate(0);
    } catch (error) {
      throw writeFault(error, partPath(target));
    }
    this.bytes = 0;
    this.#hash = this.#newHash();
    this.validator = validator;
    await replaceFile(statePath(target), JSON.stringify({ url, validator }));
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#lock.check();
    try {
      await this.#file.appendFile(bytes);
    } catch (error) {
      throw writeFault(error, partPath(this.#options.target));
    }
    this.#hash.update(bytes);
    this.bytes += bytes.length;
  }

  /** Gives the file its name. Throws a Fault `damaged-file`, and keeps nothing, where its checksum is not the right one. */
  async finish(): Promise<void> {
    const { target, checksum } = this.#options;
    this.#lock.check();
    const found = this.#hash.digest("hex");
    if (checksum && !found.startsWith(checksum.begins)) {
      await this.discard();
      throw new Fault(
        "damaged-file",
        `What was downloaded as ${basename(target)} is not the file its maker published: its ${checksum.algorithm} begins with ${found.slice(0, checksum.begins.length)}, not with ${checksum.begins}. It was deleted.`,
        "Try again; if it happens again, something between here and its maker changes files.",
      );
    }
    try {
      await this.#file.datasync();
      await rename(partPath(target), target);
    } catch (error) {
      throw writeFault(error, target);
    }
    await rm(statePath(target), { force: true });
  }

  async discard(): Promise<void> {
    const { target } = this.#options;
    await rm(partPath(target), { force: true });
    await rm(statePath(target), { force: true });
  }

  async close(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      this.#lock.release();
    }
  }

  async #takeUp(validator: string): Promise<void> {
    const { size } = await this.#file.stat();
    const buffer = new Uint8Array(Math.min(chunk, size));
    while (this.bytes < size) {
      const { bytesRead } = await this.#file.read(
        buffer,
        0,
        Math.min(buffer.length, size - this.bytes),
        this.bytes,
      );
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.bytes += bytesRead;
    }
    this.validator = validator;
  }

  #newHash(): Hash {
    return createHash(this.#options.checksum?.algorithm ?? "sha256");
  }
}
