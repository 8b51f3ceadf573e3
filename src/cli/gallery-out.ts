/** The folder a command writes a gallery into. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  codeOf,
  makeFolder,
  sweepParts,
  writeFault,
} from "../main/host/folder";
import {
  galleryFile,
  readGalleryRecord,
  runFolders,
  writeGalleryRecord,
} from "../main/host/gallery-folder";
import type { GalleryRecord } from "../shared/domain";
import { usage } from "./exit";

/** Throws where the folder cannot be used: one that is not empty needs `force`. Nothing is changed yet. */
export async function checkOut(out: string, force: boolean): Promise<void> {
  const names: string[] = await readdir(out).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw writeFault(error, out);
  });
  // what a killed run left is no reason to refuse
  if (!force && names.some((name) => !name.startsWith(".part-")))
    throw usage(
      `${out} is not empty.`,
      "Choose another folder, or give --force.",
    );
  if (names.includes(galleryFile)) await readGalleryRecord(out);
}

/**
 * Makes the folder ready for a gallery. The runs of another one in it go, and what is not Proxima's stays;
 * a record of a later version is never overwritten.
 */
export async function prepareOut(
  out: string,
  record: GalleryRecord,
): Promise<void> {
  await makeFolder(out);
  await sweepParts(out);
  const present = await readGalleryRecord(out).catch(() => null);
  const same =
    present?.id === record.id &&
    JSON.stringify(present.shard) === JSON.stringify(record.shard);
  await writeGalleryRecord(out, record);
  if (present && !same)
    for (const run of await runFolders(out))
      await rm(join(out, run), { recursive: true }).catch((error: unknown) => {
        throw writeFault(error, join(out, run));
      });
}
