/** Files and folders written so that a reader never sees half of one. */
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
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

/** Afterwards the file survives a loss of power. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.datasync();
  } finally {
    await file.close();
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
