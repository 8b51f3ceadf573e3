/**
 * A gallery on disk, the same in the library and in what `proxima render` writes:
 * `gallery.json`, and a folder for each finished run with `run.json`, `image.png`, `image.npy`, `steps.i16`.
 * A run's folder gets its name when it is complete; a reader never meets half of one.
 */
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import {
  idSchema,
  type GalleryRecord,
  type RunRecord,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import {
  parseStored,
  storedGallery,
  storedRun,
  type StoredKind,
} from "../../shared/stored";
import { codeOf, replaceFile } from "./folder";
import { checkRuns, type NamedRun } from "./gallery-check";
import { encodePng } from "./images";
import { writeNpy } from "./npy";
import { nameOf, placeOf, type PartFolder } from "./part-folder";
import { byTile } from "./run-id";

export const galleryFile = "gallery.json";
export const runFiles = {
  record: "run.json",
  /** The raw picture: x in [-1, 1] as 0..255. */
  picture: "image.png",
  /** float32 [height, width, channel], x in [-1, 1]. */
  values: "image.npy",
  /** The kept steps one after the other, in the order of the record's `kept`: int16, see pictures.ts. */
  steps: "steps.i16",
} as const;

export interface StoredGallery {
  readonly gallery: GalleryRecord;
  /** Ordered by row, then column, then seed. */
  readonly runs: readonly RunRecord[];
  /** A sentence for every run that is left out: it cannot be read, or is none of this gallery's. */
  readonly damaged: readonly string[];
}

/** Throws a Fault `damaged-file` for a folder that is no gallery, a damaged one or one of a later version. */
export async function readGalleryRecord(
  folder: string,
): Promise<GalleryRecord> {
  return readRecord(join(folder, galleryFile), storedGallery);
}

/** Of a run of a gallery's folder. Throws a Fault `damaged-file`. */
export async function readRunRecord(
  folder: string,
  run: string,
): Promise<RunRecord> {
  const path = join(await placeOf(folder, run), runFiles.record);
  return readRecord(path, storedRun);
}

/** Reads a gallery with all its finished runs; one that is damaged or another gallery's is left out and named. */
export async function readGallery(
  folder: string,
  signal?: AbortSignal,
): Promise<StoredGallery> {
  const gallery = await readGalleryRecord(folder);
  const found: NamedRun[] = [];
  const damaged: string[] = [];
  for (const name of await runFolders(folder)) {
    signal?.throwIfAborted();
    try {
      found.push({ name, run: await readRunRecord(folder, name) });
    } catch (error) {
      damaged.push(error instanceof Error ? error.message : String(error));
    }
  }
  const { sound, left } = checkRuns(found, gallery);
  // A copied folder has a new name; ids follow it, so that they always lead to the files.
  const runs = sound.map(({ name, run }) => ({ ...run, id: name }));
  return { gallery, runs: runs.sort(byTile), damaged: [...damaged, ...left] };
}

/** Names of the runs in a gallery's folder: of folders that hold a run's record. */
export async function runFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(
    () => [],
  );
  const names = new Set<string>();
  for (const entry of entries) {
    const name = nameOf(entry.name);
    if (!entry.isDirectory() || !idSchema.safeParse(name).success) continue;
    const found = await stat(join(folder, entry.name, runFiles.record)).catch(
      () => null,
    );
    if (name !== null && found?.isFile()) names.add(name);
  }
  return [...names].sort();
}

/** Writes gallery.json; a record that cannot be read, or of a later version, is never overwritten. */
export async function writeGalleryRecord(
  folder: string,
  record: GalleryRecord,
): Promise<void> {
  const path = join(folder, galleryFile);
  const present = await readFile(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== "ENOENT",
  );
  if (present) await readGalleryRecord(folder);
  await replaceFile(path, `${JSON.stringify(record)}\n`);
}

/** Adds the files that end a run to its folder and gives it its name. */
export async function finishRun(
  part: PartFolder,
  record: RunRecord,
  image: Float32Array,
): Promise<void> {
  await part.write(runFiles.values, writeNpy(record.shape, image));
  await part.write(runFiles.picture, await encodePng(record.shape, image));
  await part.write(runFiles.record, `${JSON.stringify(record)}\n`);
  await part.commit();
}

export interface StoredPicture {
  readonly shape: readonly [number, number, number];
  readonly step: number;
  /** int16 values. */
  readonly bytes: Uint8Array;
}

/** The picture at the nearest kept step at or before `step`, or the first kept one. */
export async function readPicture(
  folder: string,
  run: string,
  step: number,
): Promise<StoredPicture> {
  const record = await readRunRecord(folder, run);
  const index = Math.max(
    0,
    record.kept.findLastIndex((kept) => kept <= step),
  );
  const length = record.shape[0] * record.shape[1] * record.shape[2] * 2;
  const bytes = new Uint8Array(length);
  const damaged = (error?: unknown) =>
    new Fault(
      "damaged-file",
      `The kept steps of run "${run}" cannot be read.`,
      "Run it again.",
      { cause: error },
    );
  const file = await open(
    join(await placeOf(folder, run), runFiles.steps),
  ).catch((error: unknown) => {
    throw damaged(error);
  });
  try {
    const { bytesRead } = await file.read(bytes, 0, length, index * length);
    const kept = record.kept[index];
    if (bytesRead !== length || kept === undefined) throw damaged();
    return { shape: record.shape, step: kept, bytes };
  } finally {
    await file.close();
  }
}

async function readRecord<S extends z.ZodType>(
  path: string,
  kind: StoredKind<S>,
): Promise<z.output<S>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new Fault(
      "damaged-file",
      codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR"
        ? `There is no ${path}.`
        : `${path} cannot be read.`,
      "",
      { cause: error },
    );
  }
  return parseRecord(text, path, kind);
}

export function parseGalleryRecord(text: string, title: string): GalleryRecord {
  return parseRecord(text, title, storedGallery);
}

export function parseRunRecord(text: string, title: string): RunRecord {
  return parseRecord(text, title, storedRun);
}

/** Throws a Fault `damaged-file` that names the file by `path`. */
function parseRecord<S extends z.ZodType>(
  text: string,
  path: string,
  kind: StoredKind<S>,
): z.output<S> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Fault("damaged-file", `${path} cannot be read.`, "", {
      cause: error,
    });
  }
  const parsed = parseStored(kind, data);
  if (parsed.ok) return parsed.value;
  if (parsed.why === "foreign")
    throw new Fault("damaged-file", `${path} was not written by Proxima.`);
  if (parsed.why === "future")
    throw new Fault(
      "damaged-file",
      `${path} has version ${String(parsed.version)}; this Proxima reads versions up to ${kind.version}.`,
      "Open it with a newer Proxima. It was left as it is.",
    );
  throw new Fault("damaged-file", `${path} is damaged: ${parsed.issue}.`);
}
