/** The folder a command writes a gallery into. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, makeFolder, writeFault } from "../main/host/folder";
import { checkFree, lockFolder, type HeldLock } from "../main/host/folder-lock";
import {
  galleryFile,
  readGallery,
  readGalleryRecord,
  runFolders,
  writeGalleryRecord,
} from "../main/host/gallery-folder";
import { isLeftover, sweepParts } from "../main/host/part-folder";
import { checkRun } from "../main/host/gallery-import";
import type { GalleryRecord, RunRecord } from "../shared/domain";
import { usage } from "./exit";
import { differenceOf } from "./gallery-difference";

export interface OutOptions {
  /** Whether a folder that holds anything is taken; the runs of another gallery in it go. */
  readonly force: boolean;
  /** Whether the same gallery in it goes on, its finished runs kept. */
  readonly resume?: boolean;
}

/**
 * Throws where the folder cannot be used: one that another process writes into, and one that is not empty, without
 * `force` or a gallery that may go on. Nothing is changed yet.
 */
export async function checkOut(
  out: string,
  options: OutOptions,
): Promise<void> {
  await checkFree(out);
  await checkContent(out, options);
}

async function checkContent(
  out: string,
  { force, resume = false }: OutOptions,
): Promise<void> {
  const names: string[] = await readdir(out).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw writeFault(error, out);
  });
  // what a killed run left is no reason to refuse
  const foreign = names.filter((name) => !isLeftover(name));
  if (names.includes(galleryFile)) {
    await readGalleryRecord(out);
    if (resume) {
      const own = new Set([galleryFile, ...(await runFolders(out))]);
      foreign.splice(0, Infinity, ...foreign.filter((name) => !own.has(name)));
    }
  }
  if (!force && foreign.length > 0)
    throw usage(
      `${out} is not empty: it holds ${foreign.sort()[0]}.`,
      "Choose another folder, or give --force.",
    );
}

/** Runs of the same gallery that stay: sound, ended, with all steps that are asked for, and computed here. */
export async function finishedRuns(
  out: string,
  record: GalleryRecord,
  backend: string,
): Promise<readonly RunRecord[]> {
  const finished: RunRecord[] = [];
  for (const run of (await readGallery(out)).runs) {
    const ended = run.state === "done" || run.state === "silent";
    const { steps } = record.request.settings;
    if (!ended || run.settings.steps !== steps || run.backend !== backend)
      continue;
    const sound = await checkRun(join(out, run.id), run.id, record).catch(
      () => null,
    );
    if (sound) finished.push(run);
  }
  return finished;
}

/**
 * Makes the folder ready for a gallery, and locks it. The runs of another one in it go, and what is not Proxima's
 * stays; a record of a later version is never overwritten. Throws as `checkOut` does.
 */
export async function prepareOut(
  out: string,
  record: GalleryRecord,
  options: OutOptions,
): Promise<HeldLock> {
  await makeFolder(out);
  const lock = await lockFolder(out);
  try {
    // another one may have been here since it was looked at
    await checkContent(out, options);
    await sweepParts(out);
    const present = await readGalleryRecord(out).catch(() => null);
    const difference = present && differenceOf(present, record);
    if (difference && !options.force)
      throw usage(
        `${out} holds another gallery: ${difference}.`,
        "Choose another folder, or give --force to replace it.",
      );
    const same = present !== null && difference === null;
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
