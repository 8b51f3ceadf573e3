/** Known networks in the app's data: which there are, what of them is there, and getting them. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { KnownNetwork } from "../../../shared/contract";
import { networkRefSchema } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { abortable } from "../abortable";
import { VersionedFile } from "../versioned-file";
import { download, type DownloadWork } from "./download";
import {
  fileNameOf,
  knownNetworks,
  readKnownNetworks,
  type KnownEntry,
} from "./list";
import { partPath, removeFile } from "./part";

const fileSchema = z.strictObject({
  version: z.literal(1),
  /** By the known network's id, the id it was opened as. */
  opened: z.record(z.string().max(200), networkRefSchema),
});

interface Running {
  readonly done: Promise<void>;
  readonly stop: AbortController;
  readonly listeners: Set<DownloadWork["progress"]>;
}

export interface KnownOptions {
  /** Of the downloaded files. */
  readonly folder: string;
  readonly log: (line: string) => void;
  /** A file with another list than ours, whose addresses may be on this machine: for tests. */
  readonly listFile?: string | undefined;
}

export class KnownNetworks {
  readonly #folder: string;
  readonly #entries: readonly KnownEntry[];
  readonly #loopback: boolean;
  readonly #file: VersionedFile<z.infer<typeof fileSchema>>;
  /** Downloads on their way; who asks for one of them joins it. */
  readonly #running = new Map<string, Running>();

  private constructor(
    folder: string,
    entries: readonly KnownEntry[],
    loopback: boolean,
    file: VersionedFile<z.infer<typeof fileSchema>>,
  ) {
    this.#folder = folder;
    this.#entries = entries;
    this.#loopback = loopback;
    this.#file = file;
  }

  static async open({
    folder,
    log,
    listFile,
  }: KnownOptions): Promise<KnownNetworks> {
    const entries = listFile
      ? await readKnownNetworks(listFile)
      : knownNetworks;
    const file = await VersionedFile.open(
      join(folder, "opened.json"),
      fileSchema,
      { version: 1, opened: {} },
      log,
    );
    return new KnownNetworks(folder, entries, Boolean(listFile), file);
  }

  async list(): Promise<KnownNetwork[]> {
    return Promise.all(
      this.#entries.map(async (entry) => {
        const target = this.#targetOf(entry);
        const whole = await sizeOf(target);
        const { id, name, format, url, licence, bytes, checksum } = entry;
        return {
          id,
          name,
          format,
          url,
          licence,
          bytes,
          checksum:
            checksum && `${checksum.algorithm} begins with ${checksum.begins}`,
          present: whole ?? (await sizeOf(partPath(target))) ?? 0,
          complete: whole !== null,
          network:
            whole === null ? null : (this.#file.value.opened[id] ?? null),
        };
      }),
    );
  }

  /** The path of the whole file. Throws a Fault `invalid-request` for an id that is not in the list. */
  async download(
    id: string,
    { signal, progress }: DownloadWork,
  ): Promise<string> {
    const entry = this.#entry(id);
    const target = this.#targetOf(entry);
    signal.throwIfAborted();
    // one that was given up is waited for, and begun again
    let given = this.#running.get(id);
    while (given?.stop.signal.aborted) {
      await given.done.catch(() => undefined);
      given = this.#running.get(id);
    }
    if ((await sizeOf(target)) !== null) return target;
    const running = this.#running.get(id) ?? this.#begin(entry, target);
    running.listeners.add(progress);
    try {
      await abortable(running.done, signal);
    } finally {
      running.listeners.delete(progress);
      // nobody is left who wants it
      if (running.listeners.size === 0) {
        running.stop.abort();
        await running.done.catch(() => undefined);
      }
    }
    return target;
  }

  /** Deletes what is there of it, and stops what brings more. */
  async remove(id: string): Promise<void> {
    const entry = this.#entry(id);
    const running = this.#running.get(id);
    running?.stop.abort(
      new Fault("invalid-request", `${entry.name} was removed.`),
    );
    await running?.done.catch(() => undefined);
    await removeFile(this.#targetOf(entry));
    const opened = { ...this.#file.value.opened };
    delete opened[id];
    await this.#file.save({ version: 1, opened });
  }

  /** It was opened under this id, which finds it again. */
  async wasOpened(id: string, network: string): Promise<void> {
    const { opened } = this.#file.value;
    if (opened[id] === network) return;
    await this.#file.save({
      version: 1,
      opened: { ...opened, [id]: network },
    });
  }

  /** Where a network lies that was opened before; null where none of these was. */
  pathOf(network: string): string | null {
    const entry = this.#entries.find(
      ({ id }) => this.#file.value.opened[id] === network,
    );
    return entry ? this.#targetOf(entry) : null;
  }

  /** Where the file of a known network lies once it is there; null for an id that is not in the list. */
  pathOfKnown(id: string): string | null {
    const entry = this.#entries.find((known) => known.id === id);
    return entry ? this.#targetOf(entry) : null;
  }

  /** What is known of a file at a path; null where it is none of these. */
  entryAt(path: string): KnownEntry | null {
    return (
      this.#entries.find((entry) => this.#targetOf(entry) === path) ?? null
    );
  }

  #begin(entry: KnownEntry, target: string): Running {
    const stop = new AbortController();
    const listeners: Running["listeners"] = new Set();
    const done = download(
      {
        url: entry.url,
        target,
        checksum: entry.checksum,
        // what its maker says is rounded
        most: entry.bytes + entry.bytes / 10 + 2 ** 20,
        loopback: this.#loopback,
      },
      {
        signal: stop.signal,
        progress: (bytes, total) => {
          for (const listener of listeners) listener(bytes, total);
        },
      },
    ).finally(() => this.#running.delete(entry.id));
    const running = { done, stop, listeners };
    this.#running.set(entry.id, running);
    return running;
  }

  #entry(id: string): KnownEntry {
    const entry = this.#entries.find((known) => known.id === id);
    if (entry) return entry;
    throw new Fault(
      "invalid-request",
      `No network is known as "${id}".`,
      `Known are ${this.#entries.map((known) => known.id).join(", ")}.`,
    );
  }

  #targetOf(entry: KnownEntry): string {
    return join(this.#folder, fileNameOf(entry));
  }
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? found.size : null;
}
