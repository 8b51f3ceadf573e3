/** The folder a command writes a gallery into. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, makeFolder, writeFault } from "../main/host/folder";
import { checkFree, lockFolder, type HeldLock } from "../main/host/folder-lock";
import {
  galleryFile,
  readGalleryRecord,
  runFolders,
  writeGalleryRecord,
} from "../main/host/gallery-folder";
import { isLeftover, sweepParts } from "../main/host/part-folder";
import type { GalleryRecord } from "../shared/domain";
import { usage } from "./exit";

/**
 * Throws where the folder cannot be used: one that another process writes into, and one that is not empty, without
 * `force`. Nothing is changed yet.
 */
export async function checkOut(out: string, force: boolean): Promise<void> {
  await checkFree(out);
  await checkContent(out, force);
}

async function checkContent(out: string, force: boolean): Promise<void> {
  const names: string[] = await readdir(out).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw writeFault(error, out);
  });
  // what a killed run left is no reason to refuse
  if (!force && !names.every(isLeftover))
    throw usage(
      `${out} is not empty.`,
      "Choose another folder, or give --force.",
    );
  if (names.includes(galleryFile)) await readGalleryRecord(out);
}

/**
 * Makes the folder ready for a gallery, and locks it. The runs of another one in it go, and what is not Proxima's
 * stays; a record of a later version is never overwritten. Throws as `checkOut` does.
 */
export async function prepareOut(
  out: string,
  record: GalleryRecord,
  force: boolean,
): Promise<HeldLock> {
  await makeFolder(out);
  const lock = await lockFolder(out);
  try {
    // another one may have been here since it was looked at
    await checkContent(out, force);
    await sweepParts(out);
    const present = await readGalleryRecord(out).catch(() => null);
    const same =
      present?.id === record.id &&
      JSON.stringify(present.shard) === JSON.stringify(record.shard);
    // before the new record: whoever is killed in between leaves the old gallery, and never old runs in a new one
    if (!same)
      for (const run of await runFolders(out))
        await rm(join(out, run), { recursive: true }).catch(
          (error: unknown) => {
            throw writeFault(error, join(out, run));
          },
        );
    await writeGalleryRecord(out, record);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}
