/** A gallery folder as the exports read it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { type GalleryRecord, type RunRecord } from "../../../shared/domain";
import {
  parseStored,
  storedGallery,
  storedRun,
  type StoredKind,
} from "../../../shared/stored";
import { Fault } from "../../../shared/fault";
import {
  compareScores,
  courseOf,
  type ScoreDifference,
} from "../../../shared/scores";
import { toPicture, type Picture } from "../../../shared/pictures";
import { codeOf } from "../folder";
import { byTile } from "../gallery-folder";
import { readNpy, type NpyArray } from "../npy";

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
}

/**
 * Reads a gallery's records, not its pictures. `chosen` names runs; null is all of them.
 * Throws `damaged-file` for a record that cannot be read, `invalid-request` for an unknown run,
 * `export-failed` where there is nothing to export.
 */
export async function openGallery(
  folder: string,
  chosen: readonly string[] | null,
  { signal }: { signal: AbortSignal },
): Promise<GallerySource> {
  const gallery = await readRecord(join(folder, "gallery.json"), storedGallery);
  const found: { run: RunRecord; folder: string }[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    signal.throwIfAborted();
    if (!entry.isDirectory() || entry.name.startsWith(".")) continue;
    const place = join(folder, entry.name);
    const run = await readRecord(join(place, "run.json"), storedRun, "skip");
    if (run) found.push({ run, folder: place });
  }
  found.sort(
    ({ run: a }, { run: b }) =>
      byTile(a, b) ||
      (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0),
  );

  const wanted = chosen && new Set(chosen);
  for (const id of wanted ?? [])
    if (!found.some(({ run }) => run.id === id))
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
  };
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

function readRecord<S extends z.ZodType>(
  path: string,
  kind: StoredKind<S>,
): Promise<z.output<S>>;
/** A folder without a record is not a run: null. */
function readRecord<S extends z.ZodType>(
  path: string,
  kind: StoredKind<S>,
  absent: "skip",
): Promise<z.output<S> | null>;
async function readRecord<S extends z.ZodType>(
  path: string,
  kind: StoredKind<S>,
  absent?: "skip",
): Promise<z.output<S> | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (absent === "skip" && codeOf(error) === "ENOENT") return null;
    throw new Fault(
      "damaged-file",
      codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR"
        ? `This is not a gallery: ${path} is missing.`
        : `${path} could not be read: ${String(error)}.`,
      "Choose a folder that Proxima rendered.",
      { cause: error },
    );
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Fault("damaged-file", `${path} is not JSON.`, runAgain, {
      cause: error,
    });
  }
  const parsed = parseStored(kind, data);
  if (parsed.ok) return parsed.value;
  throw parsed.why === "future"
    ? new Fault(
        "damaged-file",
        `${path} was written by a newer Proxima (version ${String(parsed.version)} of the record).`,
        "Open it with that Proxima.",
      )
    : new Fault(
        "damaged-file",
        `${path} is damaged: ${parsed.issue || "not a record of Proxima's"}.`,
        runAgain,
      );
}
