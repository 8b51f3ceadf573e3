/** What stands in the way of the library, as the system says it. Changes nothing. */
import { constants } from "node:fs";
import { access, readdir, stat, statfs } from "node:fs/promises";
import { Fault } from "../../shared/fault";
import { codeOf } from "./folder";

/** Less free space holds no gallery. */
const leastBytes = 2 ** 20;

const kept = "Pictures cannot be kept.";

/** The library's folder is not there: it was taken away, or lies on a drive that is not connected. */
export function missingLibrary(folder: string): Fault {
  return new Fault(
    "export-failed",
    `The library’s folder ${folder} is not there. ${kept}`,
    "Connect the drive it is on, or choose another folder.",
  );
}

/** The library's folder is there, and cannot be read. */
export function unreadableLibrary(folder: string, error: unknown): Fault {
  const code = codeOf(error);
  if (code === "ENOENT") return missingLibrary(folder);
  const why =
    code === "ENOTDIR"
      ? "it is a file, or lies under one"
      : code === "EACCES" || code === "EPERM"
        ? "its permissions forbid it"
        : code === "EIO"
          ? "its drive fails"
          : code || (error instanceof Error ? error.message : String(error));
  return new Fault(
    "export-failed",
    `The library’s folder ${folder} cannot be read: ${why}.`,
    "Mend it, or choose another folder.",
    { cause: error },
  );
}

/** Why nothing can be read from a library's folder, or nothing be kept there; null where all is well. */
export async function checkLibrary(folder: string): Promise<Fault | null> {
  try {
    if (!(await stat(folder)).isDirectory())
      return unreadableLibrary(
        folder,
        Object.assign(new Error(), { code: "ENOTDIR" }),
      );
    await readdir(folder);
  } catch (error) {
    return unreadableLibrary(folder, error);
  }
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    const why =
      codeOf(error) === "EROFS"
        ? "its drive is read-only"
        : "its permissions forbid it";
    return new Fault(
      "export-failed",
      `The library’s folder ${folder} cannot be written to: ${why}. Its galleries open; new pictures cannot be kept.`,
      "Make it writable, or choose another folder.",
      { cause: error },
    );
  }
  // Some file systems do not say how much is free.
  const { bavail, bsize, blocks } = await statfs(folder).catch(() => ({
    bavail: 1,
    bsize: leastBytes,
    blocks: 0,
  }));
  return blocks > 0 && bavail * bsize < leastBytes
    ? new Fault(
        "export-failed",
        `The drive of the library’s folder ${folder} is full. New pictures cannot be kept.`,
        "Free some space, or choose another folder.",
      )
    : null;
}
