/**
 * A gallery's folder from anywhere, read with distrust: plain files only, no links, nothing but what a
 * gallery consists of, and every size as the records say.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  idSchema,
  type GalleryRecord,
  type RunRecord,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { codeOf } from "./folder";
import { misplaced } from "./gallery-check";
import {
  galleryFile,
  parseGalleryRecord,
  parseRunRecord,
  readGallery,
  runFiles,
} from "./gallery-folder";
import { readNpy } from "./npy";
import { nameOf, PartFolder, placeOf } from "./part-folder";

export interface ImportOptions {
  readonly signal: AbortSignal;
  /** Steps of work. */
  readonly progress?: (done: number, total: number) => void;
}

/** A run whose files are all there and as large as its record says. */
interface FoundRun {
  readonly name: string;
  /** Its folder. */
  readonly place: string;
  readonly record: RunRecord;
}

export interface FoundGallery {
  readonly folder: string;
  readonly record: GalleryRecord;
  readonly runs: readonly FoundRun[];
  /** A sentence for every run that is left out. */
  readonly damaged: readonly string[];
}

/** Records hold scores and labels; none of ours comes near. */
const largestRecord = 64 * 2 ** 20;
/** Values of one picture. */
const mostValues = 2 ** 26;
const largestPng = 512 * 2 ** 20;
/** Bytes of a .npy file that are not values. */
const npyHead = 64 * 1024 + 12;
const chunk = 8 * 2 ** 20;
const remedy =
  "Choose a folder of exported records, or one that proxima render wrote.";

/** Throws a Fault `damaged-file` for what is no gallery, one of another version, and one without a single sound run. */
export async function findGallery(
  path: string,
  { signal, progress = () => undefined }: ImportOptions,
): Promise<FoundGallery> {
  const folder = await locate(path);
  const record = parseGalleryRecord(
    await readText(join(folder, galleryFile), galleryFile),
    galleryFile,
  );
  if (record.labels.length !== record.request.targets.length)
    throw new Fault(
      "damaged-file",
      `${galleryFile} has ${record.labels.length} labels for ${record.request.targets.length} classes.`,
      remedy,
    );
  const runs: FoundRun[] = [];
  const damaged: string[] = [];
  const tiles = new Set<string>();
  const names = await candidates(folder);
  for (const [index, name] of names.entries()) {
    signal.throwIfAborted();
    try {
      const place = await placeOf(folder, name);
      const run = await checkRun(place, name, record);
      const tile = `${run.tile.row} ${run.tile.column} ${run.tile.seed}`;
      if (tiles.has(tile))
        throw new Fault("damaged-file", "another run has its place");
      tiles.add(tile);
      runs.push({ name, place, record: run });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      damaged.push(`${name}: ${why.replace(/\.$/, "")}.`);
    }
    progress(index + 1, names.length * 2);
  }
  if (runs.length === 0)
    throw new Fault(
      "damaged-file",
      damaged[0] === undefined
        ? `${basename(folder)} holds a gallery without a single run.`
        : `No run of ${basename(folder)} can be read. ${damaged.slice(0, 3).join(" ")}`,
      remedy,
    );
  return { folder, record, runs, damaged };
}

/** Whether a gallery of the library holds all of it already, byte for byte; the names of both may differ. */
export async function holds(
  stored: string,
  found: FoundGallery,
  { signal }: ImportOptions,
): Promise<boolean> {
  try {
    const { gallery, runs } = await readGallery(stored);
    if (!isDeepStrictEqual({ ...gallery, id: "" }, { ...found.record, id: "" }))
      return false;
    for (const { name, place, record } of found.runs) {
      const mine = runs.find((run) => run.id === name);
      if (
        !mine ||
        !isDeepStrictEqual({ ...mine, gallery: "" }, { ...record, gallery: "" })
      )
        // prettier-ignore
        return false;
      for (const file of pictureFiles) {
        const one = await digest(join(stored, name, file), { signal });
        const other = await digest(join(place, file), { signal });
        if (one !== other) return false;
      }
    }
    return true;
  } catch (error) {
    signal.throwIfAborted();
    // What cannot be read is something else, and stays as it is.
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** The same for the same content, whatever it is called: eight hex digits. */
export async function contentName(
  found: FoundGallery,
  { signal }: ImportOptions,
): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify({ ...found.record, id: "" }));
  for (const { place, record } of found.runs) {
    hash.update(JSON.stringify({ ...record, gallery: "" }));
    for (const file of pictureFiles)
      hash.update(await digest(join(place, file), { signal }));
  }
  return hash.digest("hex").slice(0, 8);
}

/** Copies it into the library under an id that is free there. Throws `export-failed` where that cannot be written. */
export async function copyGallery(
  found: FoundGallery,
  library: string,
  id: string,
  { signal, progress = () => undefined }: ImportOptions,
): Promise<void> {
  const total = found.runs.length * 2;
  const part = await PartFolder.create(library, id, { locked: true });
  try {
    for (const [index, { name, place, record }] of found.runs.entries()) {
      const run = await PartFolder.create(part.path, name);
      for (const file of pictureFiles)
        for await (const bytes of chunksOf(join(place, file), { signal }))
          await run.append(file, bytes);
      // Ids follow the folders, so that they always lead to the files.
      await run.write(
        runFiles.record,
        `${JSON.stringify({ ...record, gallery: id })}\n`,
      );
      await run.commit();
      progress(found.runs.length + index + 1, total);
    }
    await part.write(
      galleryFile,
      `${JSON.stringify({ ...found.record, id })}\n`,
    );
    signal.throwIfAborted();
    await part.commit({ replace: false });
  } catch (error) {
    await part.discard();
    throw error;
  }
}

const pictureFiles = [runFiles.picture, runFiles.values, runFiles.steps];

/** The gallery's folder: what was chosen, or where the chosen gallery.json lies. */
async function locate(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
    if (basename(real) === galleryFile) return dirname(real);
  } catch (error) {
    throw new Fault(
      "damaged-file",
      codeOf(error) === "ENOENT"
        ? `There is nothing at ${path}.`
        : `${path} cannot be opened (${codeOf(error)}).`,
      remedy,
      { cause: error },
    );
  }
  throw new Fault("damaged-file", `${path} is not a folder.`, remedy);
}

/** Folders that want to be runs, links among them: they are refused by name. */
async function candidates(folder: string): Promise<string[]> {
  const names = new Set<string>();
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = nameOf(entry.name);
    if (name === null || !idSchema.safeParse(name).success) continue;
    const place = join(folder, entry.name);
    const wants = entry.isSymbolicLink()
      ? await stat(place).then(
          (s) => s.isDirectory(),
          () => false,
        )
      : entry.isDirectory() &&
        (await lstat(join(place, runFiles.record)).then(
          () => true,
          () => false,
        ));
    if (wants) names.add(name);
  }
  return [...names].sort();
}

/** A run's record; throws a Fault `damaged-file` where it is none of the gallery's or a file is not as the record says. */
export async function checkRun(
  folder: string,
  name: string,
  gallery: GalleryRecord,
): Promise<RunRecord> {
  const bad = (why: string) => new Fault("damaged-file", why);
  if (!(await lstat(folder)).isDirectory()) throw bad("it is a link");
  const file = runFiles.record;
  const record = parseRunRecord(await readText(join(folder, file), file), file);
  const why = misplaced(record, gallery);
  if (why !== null) throw bad(why);
  const values = record.shape.reduce((a, b) => a * b, 1);
  if (record.shape.some((d) => d < 1) || values > mostValues)
    throw bad(`a picture of ${record.shape.join(" × ")} is not possible`);
  const { kept } = record;
  if (
    kept.at(-1) !== record.step ||
    kept.some((step, i) => i > 0 && step <= (kept[i - 1] ?? 0))
  )
    throw bad("its kept steps are in disorder");
  await checkSteps(join(folder, runFiles.steps), kept.length * values * 2);
  await checkValues(join(folder, runFiles.values), record.shape);
  await checkPng(join(folder, runFiles.picture), record.shape);
  return { ...record, id: name };
}

async function checkSteps(path: string, bytes: number): Promise<void> {
  const { file, size } = await openPlain(path, Infinity);
  await file.close();
  if (size !== bytes)
    throw new Fault(
      "damaged-file",
      `${runFiles.steps} has ${size} bytes instead of ${bytes}`,
    );
}

async function checkValues(
  path: string,
  shape: RunRecord["shape"],
): Promise<void> {
  const most = shape.reduce((a, b) => a * b, 1) * 4 + npyHead;
  const array = readNpy(await readPlain(path, most), runFiles.values);
  if (!isDeepStrictEqual([...array.shape], [...shape]))
    throw new Fault(
      "damaged-file",
      `${runFiles.values} has the shape [${array.shape.join(", ")}] instead of [${shape.join(", ")}]`,
    );
}

/** Its first chunk, IHDR, holds the size. */
async function checkPng(
  path: string,
  [height, width]: RunRecord["shape"],
): Promise<void> {
  const bytes = Buffer.from(await readPlain(path, largestPng));
  const isPng = bytes.subarray(0, 8).toString("latin1") === "\x89PNG\r\n\x1a\n";
  if (
    !isPng ||
    bytes.length < 24 ||
    bytes.readUInt32BE(16) !== width ||
    bytes.readUInt32BE(20) !== height
  )
    throw new Fault(
      "damaged-file",
      `${runFiles.picture} is not a PNG of ${width} × ${height}`,
    );
}

async function readText(path: string, title: string): Promise<string> {
  try {
    return Buffer.from(await readPlain(path, largestRecord)).toString();
  } catch (error) {
    if (error instanceof Fault)
      throw new Fault(error.code, `${error.message}.`, remedy, {
        cause: error,
      });
    throw new Fault("damaged-file", `${title} cannot be read.`, remedy, {
      cause: error,
    });
  }
}

async function readPlain(path: string, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const bytes of chunksOf(path, { most })) parts.push(bytes);
  return Buffer.concat(parts);
}

async function digest(
  path: string,
  options: { signal: AbortSignal },
): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of chunksOf(path, options)) hash.update(bytes);
  return hash.digest("hex");
}

/** The bytes of a plain file, part by part. */
async function* chunksOf(
  path: string,
  { most = Infinity, signal }: { most?: number; signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { file, size } = await openPlain(path, most);
  try {
    for (let at = 0; at < size;) {
      signal?.throwIfAborted();
      const bytes = new Uint8Array(Math.min(chunk, size - at));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
      if (bytesRead === 0)
        throw new Fault("damaged-file", `${basename(path)} became shorter`);
      at += bytesRead;
      yield bytes.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Follows no link, and is not held up by a pipe. */
async function openPlain(path: string, most: number) {
  const flags =
    constants.O_RDONLY |
    (constants.O_NOFOLLOW ?? 0) |
    (constants.O_NONBLOCK ?? 0);
  const name = basename(path);
  const file = await open(path, flags).catch((error: unknown) => {
    const reasons: Record<string, string> = {
      ENOENT: "is missing",
      ELOOP: "is a link",
      EACCES: "may not be read",
    };
    const code = codeOf(error);
    const why = reasons[code] ?? `cannot be read (${code})`;
    throw new Fault("damaged-file", `${name} ${why}`, "", { cause: error });
  });
  try {
    const found = await file.stat();
    if (!found.isFile())
      throw new Fault("damaged-file", `${name} is not a plain file`);
    if (found.size > most)
      throw new Fault(
        "damaged-file",
        `${name} has ${found.size} bytes; at most ${most} are expected`,
      );
    return { file, size: found.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}
