/** The library: a folder of galleries. What it does not know it leaves alone. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { GallerySummary } from "../../shared/contract";
import { idSchema, type GalleryRecord } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { titlesOf } from "../../shared/target";
import { titleMethod } from "../../shared/method";
import { exists, folderSize, makeFolder, removeForGood } from "./folder";
import { checkFree, lockFolder, type HeldLock } from "./folder-lock";
import {
  galleryFile,
  readGallery,
  readGalleryRecord,
  readPicture,
  readRunRecord,
  runFolders,
  writeGalleryRecord,
  type StoredGallery,
  type StoredPicture,
} from "./gallery-folder";
import {
  contentName,
  copyGallery,
  findGallery,
  holds,
  type ImportOptions,
} from "./gallery-import";
import { JobQueue } from "./jobs";
import { unreadableLibrary } from "./library-check";
import { isLeftover, sweepLockedParts, sweepParts } from "./part-folder";
import { runIdIn } from "./run-id";
import { Trash } from "./trash";

export interface Imported {
  readonly id: string;
  /** False: it was there already. */
  readonly added: boolean;
  /** A sentence for every run that was left out. */
  readonly damaged: readonly string[];
}

export interface LibraryOptions {
  /** False: a folder that is missing is one that was taken away, and is not made. */
  readonly make?: boolean;
}

export class Library {
  readonly #folder: string;
  readonly #make: boolean;
  readonly #trash: Trash;
  /** One import at a time: two of the same gallery would meet under one name. */
  readonly #imports = new JobQueue();
  /** Galleries being computed, and the locks on their folders: they cannot be deleted. */
  readonly #running = new Map<string, HeldLock>();

  private constructor(folder: string, make: boolean) {
    this.#folder = folder;
    this.#make = make;
    this.#trash = new Trash(folder);
  }

  /**
   * Makes the folder where it is missing and may be made, and tidies what killed processes left. One that can only be read is tidied
   * by nobody, and readable all the same. Throws `export-failed` where there is no folder.
   */
  static async open(
    folder: string,
    { make = true }: LibraryOptions = {},
  ): Promise<Library> {
    const library = new Library(folder, make);
    await library.#present();
    await sweepLockedParts(folder);
    const later: string[] = [];
    for (const id of await library.#ids())
      await library.#tidy(id, false).catch(() => later.push(id));
    await library.#trash.letGo().catch(() => undefined);
    // of who holds these only a beat tells, and nobody waits for it
    void library.#tidyAll(later);
    return library;
  }

  /** Throws `export-failed` where the folder is missing and may not be made, or cannot be read. */
  async #present(): Promise<void> {
    if (this.#make) await makeFolder(this.#folder);
    await readdir(this.#folder).catch((error: unknown) => {
      throw unreadableLibrary(this.#folder, error);
    });
  }

  async #tidyAll(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#tidy(id, true).catch(() => undefined);
  }

  /** Removes what a killed run left in a gallery, and the gallery where it left nothing else. */
  async #tidy(id: string, watch: boolean): Promise<void> {
    const folder = this.folderOf(id);
    const names = await readdir(folder);
    if (!names.includes(galleryFile)) return;
    const isEmpty = (await runFolders(folder)).length === 0;
    if (!isEmpty && !names.some(isLeftover)) return;
    await readGalleryRecord(folder);
    const lock = await lockFolder(folder, { watch });
    try {
      await sweepParts(folder);
      await this.#removeEmpty(folder);
    } finally {
      lock.release();
    }
  }

  /** Removes a gallery without a single run. For whoever has its lock. */
  async #removeEmpty(folder: string): Promise<void> {
    if ((await runFolders(folder)).length === 0)
      await rm(folder, { recursive: true, force: true });
  }

  get folder(): string {
    return this.#folder;
  }

  /**
   * Makes a gallery's folder for a run that begins; it cannot be deleted before `end`. `check` throws where another
   * process has taken it over. Throws `invalid-request` where another is writing it, and `export-failed`.
   */
  async begin(
    record: GalleryRecord,
  ): Promise<{ readonly folder: string; readonly check: () => void }> {
    const folder = this.folderOf(record.id);
    await this.#present();
    await makeFolder(folder);
    const lock = await lockFolder(folder, { what: "computing" });
    this.#running.set(record.id, lock);
    try {
      await writeGalleryRecord(folder, record);
    } catch (error) {
      await this.end(record.id);
      throw error;
    }
    return {
      folder,
      check: () => {
        lock.check();
      },
    };
  }

  /** Ends what `begin` began; a gallery without a single run goes. */
  async end(id: string): Promise<void> {
    const lock = this.#running.get(id);
    if (!lock) return;
    try {
      await this.#removeEmpty(this.folderOf(id));
    } finally {
      this.#running.delete(id);
      lock.release();
    }
  }

  folderOf(id: string): string {
    if (!idSchema.safeParse(id).success)
      throw new Fault("invalid-request", `"${id}" cannot name a gallery.`);
    return join(this.#folder, id);
  }

  /** All galleries, the latest first; `skipped` counts folders that are none or cannot be read. */
  async list(): Promise<{ galleries: GallerySummary[]; skipped: number }> {
    await this.#present();
    const galleries: GallerySummary[] = [];
    let skipped = 0;
    for (const id of await this.#ids()) {
      const summary = await this.#summary(id).catch(() => null);
      if (summary) galleries.push(summary);
      else skipped += 1;
    }
    galleries.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    return { galleries, skipped };
  }

  /** A gallery with its runs; null id is the latest that has any. Throws for one that cannot be read. */
  async get(id: string | null): Promise<StoredGallery | null> {
    if (id !== null) {
      const stored = await readGallery(this.folderOf(id));
      return renamed(stored, id);
    }
    await this.#present();
    const latest = await this.#latest();
    return latest === null ? null : this.get(latest);
  }

  async picture(
    gallery: string,
    run: string,
    step: number,
  ): Promise<StoredPicture> {
    return readPicture(this.folderOf(gallery), run, step);
  }

  /**
   * Takes a gallery's folder from anywhere into the library. One that is there already is only named; one
   * whose name belongs to another gets a name of its own. Throws `damaged-file` and `export-failed`.
   */
  import(path: string, options: ImportOptions): Promise<Imported> {
    return this.#imports.run(() => this.#import(path, options), options);
  }

  async #import(path: string, options: ImportOptions): Promise<Imported> {
    await this.#present();
    const found = await findGallery(path, options);
    const { damaged } = found;
    let id = found.record.id;
    for (let tries = 0; await exists(this.folderOf(id)); tries++) {
      if (await holds(this.folderOf(id), found, options))
        return { id, added: false, damaged };
      const name = await contentName(found, options);
      id = `${found.record.id.slice(0, 140)}-${name}${tries > 0 ? `-${tries}` : ""}`;
    }
    await copyGallery(found, this.#folder, id, options);
    return { id, added: true, damaged };
  }

  /** Moves a gallery to the trash, from where `restore` fetches it. */
  async delete(id: string): Promise<void> {
    const folder = this.folderOf(id);
    if (this.#running.has(id))
      throw new Fault(
        "invalid-request",
        "This gallery is still being computed.",
        "Stop it first.",
      );
    await readGalleryRecord(folder);
    await checkFree(folder, { what: "computing" });
    await this.#trash.take(id);
  }

  async restore(id: string): Promise<void> {
    this.folderOf(id);
    await this.#present();
    await this.#trash.giveBack(id, {
      gone: "This gallery is no longer in the trash.",
      present: "A gallery of this name is in the library already.",
    });
  }

  /** What `clear` would remove: galleries and the trash. */
  async size(): Promise<{ bytes: number; galleries: number; runs: number }> {
    const { galleries } = await this.list();
    let bytes = await this.#trash.size();
    let runs = 0;
    for (const gallery of galleries) {
      bytes += gallery.bytes;
      runs += gallery.runs;
    }
    return { bytes, galleries: galleries.length, runs };
  }

  /** Removes every gallery and the trash for good; what is no gallery of ours, or still running, stays. */
  async clear(): Promise<void> {
    const { galleries } = await this.list();
    for (const { id } of galleries) {
      const isFree = await checkFree(this.folderOf(id), { watch: false }).then(
        () => true,
        () => false,
      );
      if (isFree) await removeForGood(this.folderOf(id));
    }
    await this.#trash.empty();
  }

  async #ids(): Promise<string[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true }).catch(
      () => [],
    );
    return entries
      .filter((e) => e.isDirectory() && idSchema.safeParse(e.name).success)
      .map((e) => e.name);
  }

  /** The youngest gallery that has a run; reads records only. */
  async #latest(): Promise<string | null> {
    const found: { id: string; createdAt: string }[] = [];
    for (const id of await this.#ids()) {
      const record = await readGalleryRecord(this.folderOf(id)).catch(
        () => null,
      );
      if (record) found.push({ id, createdAt: record.createdAt });
    }
    found.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    for (const { id } of found)
      if ((await runFolders(this.folderOf(id))).length > 0) return id;
    return null;
  }

  async #summary(id: string): Promise<GallerySummary> {
    const folder = this.folderOf(id);
    const record = await readGalleryRecord(folder);
    const runs = await runFolders(folder);
    const first = runs[0];
    const run = first
      ? await readRunRecord(folder, first).catch(() => null)
      : null;
    const columns = record.request.columns;
    return {
      id,
      createdAt: record.createdAt,
      network: run?.network.name ?? columns[0]?.network ?? "",
      labels: titlesOf(record),
      methods: columns.map((column) => titleMethod(column.method)),
      runs: runs.length,
      bytes: await folderSize(folder),
      cover: coverOf(record, new Set(runs)),
    };
  }
}

/** The first runs that are there, row by row as the window shows them. */
function coverOf(
  { request }: GalleryRecord,
  runs: ReadonlySet<string>,
): string[] {
  const cover: string[] = [];
  for (const target of request.targets)
    for (const column of request.columns.keys()) {
      const id = runIdIn(request, { target, column, seed: 0 });
      if (runs.has(id)) cover.push(id);
      if (cover.length === 6) return cover;
    }
  return cover;
}

/** A copied folder has a new name; ids follow it, so that they always lead to the files. */
function renamed(stored: StoredGallery, id: string): StoredGallery {
  return {
    ...stored,
    gallery: { ...stored.gallery, id },
    runs: stored.runs.map((run) => ({ ...run, gallery: id })),
  };
}
