/** Files and folders written so that a reader never sees half of one. */
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
import { Fault } from "../../shared/fault";
import { writeWhole } from "../write-whole";

/** Replaces a file: it holds the old bytes or the new ones, never a part. Throws `export-failed`. */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | string,
): Promise<void> {
  try {
    await writeWhole(path, bytes);
  } catch (error) {
    throw writeFault(error, path);
  }
}

/** Makes a folder and those above it. Throws `export-failed`. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw writeFault(error, path);
  }
}

/** Removes a file or a folder with all that is in it; what is not there is no mistake. Throws `export-failed`. */
export async function removeForGood(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
    throw writeFault(error, path);
  });
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

const partName = /^\.part-(\d+)-/;

/**
 * A folder under construction: it has a temporary name until `commit` renames it in one go.
 * The name holds the process, so that what a killed one left can be told from work in progress.
 */
export class PartFolder {
  readonly #final: string;
  readonly #path: string;

  private constructor(parent: string, name: string) {
    this.#final = join(parent, name);
    this.#path = join(parent, `.part-${process.pid}-${name}`);
  }

  static async create(parent: string, name: string): Promise<PartFolder> {
    const part = new PartFolder(parent, name);
    try {
      await rm(part.#path, { recursive: true, force: true });
      await mkdir(part.#path);
    } catch (error) {
      throw writeFault(error, part.#final);
    }
    return part;
  }

  /** Where it is until `commit`: folders under construction may lie in it. */
  get path(): string {
    return this.#path;
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
   * Afterwards it survives a loss of power.
   */
  async commit({ replace = true } = {}): Promise<void> {
    try {
      for (const entry of await readdir(this.#path, { withFileTypes: true }))
        if (entry.isFile()) await flush(join(this.#path, entry.name));
      if (replace) await rm(this.#final, { recursive: true, force: true });
      await rename(this.#path, this.#final);
    } catch (error) {
      throw writeFault(error, this.#final);
    }
  }

  async discard(): Promise<void> {
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

/** Removes what killed processes left under construction in a folder. */
export async function sweepParts(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(partName.exec(name)?.[1] ?? "0");
    if (pid > 0 && !isAlive(pid))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Bytes of all plain files below a folder; what vanishes meanwhile counts nothing. */
export async function folderSize(folder: string): Promise<number> {
  let bytes = 0;
  const entries = await readdir(folder, { withFileTypes: true }).catch(
    () => [],
  );
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await folderSize(path);
    else if (entry.isFile())
      bytes += await stat(path).then(
        (s) => s.size,
        () => 0,
      );
  }
  return bytes;
}

async function flush(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** The system's code of an error: ENOENT, ENOSPC ... */
export function codeOf(error: unknown): string {
  return error instanceof Error &&
    "code" in error &&
    typeof error.code === "string"
    ? error.code
    : "";
}

/** Says in a sentence why something could not be written. */
export function writeFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const reasons: Record<string, readonly [string, string]> = {
    ENOSPC: ["the disk is full", "Free some space, or choose another folder."],
    EDQUOT: [
      "the disk quota is used up",
      "Free some space, or choose another folder.",
    ],
    EACCES: [
      "writing is not allowed there",
      "Choose another folder, or change its permissions.",
    ],
    EPERM: [
      "writing is not allowed there",
      "Choose another folder, or change its permissions.",
    ],
    EROFS: ["the file system is read-only", "Choose another folder."],
    ENOENT: [
      "its folder is not there",
      "Make the folder, or choose another one.",
    ],
    ENOTDIR: [
      "a part of its path is a file, not a folder",
      "Choose another folder.",
    ],
    EEXIST: ["a file of that name is in the way", "Choose another name."],
    EISDIR: ["a folder of that name is in the way", "Choose another name."],
    ENOTEMPTY: ["a folder of that name is in the way", "Choose another name."],
    ENAMETOOLONG: ["the name is too long", "Choose a shorter one."],
  };
  const code = codeOf(error);
  const [reason, remedy] = reasons[code] ?? [
    error instanceof Error ? error.message : String(error),
    "Choose another folder.",
  ];
  return new Fault(
    "export-failed",
    `${path} could not be written: ${reason}.`,
    remedy,
    { cause: error },
  );
}
