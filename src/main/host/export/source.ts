/** A gallery folder as the exports read it. */
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type GalleryRecord, type RunRecord } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import {
  compareScores,
  courseOf,
  type ScoreDifference,
} from "../../../shared/scores";
import { toPicture, type Picture } from "../../../shared/pictures";
import { codeOf } from "../folder";
import { readGallery, runFiles } from "../gallery-folder";
import { npyHead, readNpy, readNpyHead, type NpyArray } from "../npy";
import { placeOf } from "../part-folder";

/** A run to export. */
export interface ExportTile {
  readonly run: RunRecord;
  /** Holds image.npy, image.png, steps.i16 and run.json. */
  readonly folder: string;
  /** The first column's run of the same row and seed, what differences are against; null where it has none. */
  readonly baseline: RunRecord | null;
  /** Against it, at the last step both reached; null where there is none. */
  readonly difference: ScoreDifference | null;
}

export interface GallerySource {
  readonly folder: string;
  readonly gallery: GalleryRecord;
  /** The chosen runs by row, column, seed and time of creation. */
  readonly tiles: readonly ExportTile[];
  /** Whether all runs of the gallery were chosen. */
  readonly whole: boolean;
  /** Every run of the gallery, chosen or not. */
  readonly runs: readonly RunRecord[];
  /** A sentence for every run that is left out. */
  readonly left: readonly string[];
}

/**
 * Reads a gallery's records, not its pictures. `chosen` names runs; null is all of them.
 * A run that is damaged or another gallery's is left out and named; `withImages`: also one whose image is missing or
 * cut. Throws `damaged-file` for a gallery that cannot be read or has no sound run, `invalid-request` for an unknown
 * run, `export-failed` where there is nothing to export.
 */
export async function openGallery(
  folder: string,
  chosen: readonly string[] | null,
  { signal, withImages = true }: { signal: AbortSignal; withImages?: boolean },
): Promise<GallerySource> {
  const stored = await readGallery(folder, signal);
  const { gallery } = stored;
  const left = [...stored.damaged];
  const found: { run: RunRecord; folder: string }[] = [];
  for (const run of stored.runs) {
    signal.throwIfAborted();
    const place = await placeOf(folder, run.id);
    const why = withImages ? await damageOf(run, place) : null;
    if (why === null) found.push({ run, folder: place });
    else left.push(`${run.id}: ${why}.`);
  }

  const wanted = chosen && new Set(chosen);
  for (const id of wanted ?? [])
    if (!found.some(({ run }) => run.id === id) && !isNamed(left, folder, id))
      throw new Fault(
        "invalid-request",
        `The gallery ${gallery.id} has no finished run ${id}.`,
        "Choose the tiles again.",
      );
  const baselines = new Map(
    found
      .filter(({ run }) => run.tile.column === 0)
      .map(({ run }) => [`${run.tile.row} ${run.tile.seed}`, run]),
  );
  const tiles = found
    .filter(({ run }) => wanted?.has(run.id) ?? true)
    .map((tile) => {
      const { row, seed } = tile.run.tile;
      const baseline = baselines.get(`${row} ${seed}`) ?? null;
      const difference =
        baseline && compareScores(courseOf(tile.run), courseOf(baseline));
      return { ...tile, baseline, difference };
    });
  if (tiles.length === 0 && left[0] !== undefined)
    throw new Fault(
      "damaged-file",
      `No run of ${folder} can be exported. ${left.slice(0, 3).join(" ")}`,
      runAgain,
    );
  if (tiles.length === 0)
    throw new Fault(
      "export-failed",
      "There is no finished picture to export.",
      "Run the gallery first.",
    );
  return {
    folder,
    gallery,
    tiles,
    whole: chosen === null,
    runs: found.map(({ run }) => run),
    left,
  };
}

/** Whether sentences about runs name one, by its name or by the path of its record. */
function isNamed(
  sentences: readonly string[],
  folder: string,
  id: string,
): boolean {
  const path = join(folder, id);
  return sentences.some(
    (text) => text.startsWith(`${id}: `) || text.includes(`${path}/`),
  );
}

/** Why a run's image cannot be read; its values are looked at when they are wanted. */
async function damageOf(
  { shape }: RunRecord,
  folder: string,
): Promise<string | null> {
  const title = runFiles.values;
  try {
    const file = await open(join(folder, title));
    try {
      const { size } = await file.stat();
      const head = new Uint8Array(Math.min(size, npyHead));
      await file.read(head, 0, head.length, 0);
      const found = readNpyHead(head, size, title);
      return found.shape.join() === shape.join()
        ? null
        : `${title} has the shape ${found.shape.join(" x ")}, but the record says ${shape.join(" x ")}`;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Fault) return error.message.replace(/\.$/, "");
    return codeOf(error) === "ENOENT"
      ? `${title} is missing`
      : `${title} cannot be read (${codeOf(error)})`;
  }
}

/** The final image, x in [-1, 1], as [height, width, channel]. Throws `damaged-file`. */
export async function readImage(tile: ExportTile): Promise<NpyArray> {
  const title = `The image of ${tile.run.label} (${join(tile.folder, "image.npy")})`;
  const array = readNpy(await readBytes(join(tile.folder, "image.npy")), title);
  if (array.shape.join() !== tile.run.shape.join())
    throw new Fault(
      "damaged-file",
      `${title} has the shape ${array.shape.join(" x ")}, but its record says ${tile.run.shape.join(" x ")}.`,
      runAgain,
    );
  return array;
}

/** The final image as the window shows it. */
export async function readPicture(tile: ExportTile): Promise<Picture> {
  const { values } = await readImage(tile);
  return toPicture(tile.run.shape, values);
}

const runAgain = "Run the gallery again.";

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Fault(
      "damaged-file",
      `${path} could not be read: ${codeOf(error) === "ENOENT" ? "it is missing" : String(error)}.`,
      runAgain,
      { cause: error },
    );
  }
}
