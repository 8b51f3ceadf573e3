/** The networks at hand: those that come with Proxima and those the user opened, with what was answered for them. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Network } from "../../engine";
import type {
  Answers,
  GuessedParts,
  ImportReport,
  NetworkInfo,
  SavedAnswers,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { writeAnswersBeside } from "./answers-file";
import { isDoubtful } from "./examine-network";
import { memoryBudget } from "./memory";
import {
  changed,
  NetworkReader,
  type Held,
  type OpenedNetwork,
  type OpenOptions,
  type Place,
  type ReaderOptions,
  type WorkOptions,
} from "./network-reader";
import { RememberedAnswers } from "./remembered-answers";
import { bundledFolder } from "./resources";

export type { OpenedNetwork, OpenOptions } from "./network-reader";

/** Weights of at most so many networks stay in memory, and of fewer large ones; others are read again when wanted. */
const mostInMemory = 4;
const mostWeightBytes = 2 ** 30;

export type NetworksOptions = Pick<ReaderOptions, "bundled" | "memory"> &
  Partial<ReaderOptions> & {
    /** Warnings about a network that was opened from disk, from what it computes; missing: none are looked for. */
    readonly examine?: (
      network: Network,
      options: WorkOptions,
    ) => Promise<readonly string[]>;
  };

export class Networks {
  readonly #options: ReaderOptions;
  readonly #reader: NetworkReader;
  /** Where every network opened so far lies; the id holds a hash of its content. */
  readonly #places = new Map<string, Place>();
  readonly #infos = new Map<string, NetworkInfo>();
  /** Most recently used last. */
  readonly #open = new Map<string, Promise<Held>>();
  /** The same, once they have been read. */
  readonly #inMemory = new Map<string, Network>();
  readonly #examine: NonNullable<NetworksOptions["examine"]>;
  /** What examining found, by the network's identity. */
  readonly #examined = new Map<string, readonly string[]>();

  constructor({
    remembered = RememberedAnswers.inMemory(),
    known = null,
    strict = false,
    examine = () => Promise.resolve([]),
    ...options
  }: NetworksOptions) {
    this.#options = { remembered, known, strict, ...options };
    this.#reader = new NetworkReader(this.#options);
    this.#examine = examine;
  }

  /** Bundled ones first; one that cannot be read is left out. */
  async list(): Promise<NetworkInfo[]> {
    const ids = [...(await this.#bundledIds()), ...this.#places.keys()];
    const infos: NetworkInfo[] = [];
    for (const id of new Set(ids)) {
      const known = this.#infos.get(id);
      const info = known ?? (await this.get(id).catch(() => null))?.info;
      if (info) infos.push(info);
    }
    return infos;
  }

  /** Throws a Fault `unknown-network` for an id that names none, and what reading it throws. */
  async get(id: string): Promise<OpenedNetwork> {
    return this.#held(id);
  }

  /** Opens a network from disk; its id is the same as long as its files are. */
  async open(path: string, options: OpenOptions): Promise<OpenedNetwork> {
    const { given = {}, openSize = null } = options;
    const { bundled } = this.#options;
    const bundledId = dirname(path) === bundled ? basename(path) : null;
    const place: Place = { path, bundledId, given, openSize };
    const opened = await this.#reader.read(place, options);
    const examined = await this.#withFindings(opened, options);
    this.#places.set(opened.id, place);
    return this.#keep(opened.id, Promise.resolve(examined));
  }

  /** Whether a network is in memory, with the answers that count now. */
  holds(network: Network): boolean {
    return [...this.#inMemory.values()].includes(network);
  }

  /** What lay at a path was deleted: it is listed no more, and whoever looks at it keeps it while it is in memory. */
  forget(path: string): void {
    for (const [id, place] of this.#places)
      if (place.path === path) this.#places.delete(id);
  }

  /**
   * Opens it again with other answers and remembers them; where that fails all stays as it was. Parts of them that are
   * `guessed` nobody has confirmed: they are guessed again.
   */
  async answer(
    id: string,
    answers: Answers,
    { guessed = [], ...options }: WorkOptions & { guessed?: GuessedParts },
  ): Promise<OpenedNetwork> {
    const saved = { answers, guessed };
    const before = await this.#held(id);
    const held = await this.#withFindings(
      await this.#reader.answered(before, saved, options),
      options,
    );
    options.signal.throwIfAborted();
    const forgotten = await this.#remember(held, saved);
    if (held.place.bundledId === null) this.#places.set(id, held.place);
    return this.#keep(id, Promise.resolve(withWarnings(held, forgotten)));
  }

  async #withFindings(held: Held, options: WorkOptions): Promise<Held> {
    if (held.place.bundledId !== null || !isDoubtful(held.info.report))
      return held;
    const { identity } = held.info;
    const found =
      this.#examined.get(identity) ??
      (await this.#examine(held.network, options));
    this.#examined.set(identity, found);
    return withWarnings(held, found);
  }

  /** Warnings where it cannot be kept for the next start. */
  async #remember(
    { info, place, beside, architecture }: Held,
    saved: SavedAnswers,
  ): Promise<string[]> {
    const { path } = place;
    const { hash, name } = info;
    try {
      const { remembered } = this.#options;
      await remembered.remember({ hash, name, architecture }, saved, {
        path,
        beside,
      });
      return [];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return [`The answers count until Proxima ends. ${error.message}`];
    }
  }

  /** Writes the answers beside the network's file. Throws a Fault `invalid-request` or `export-failed`. */
  async exportAnswers(id: string, options: { overwrite: boolean }) {
    const held = await this.#held(id);
    const { place, info } = held;
    if (place.bundledId !== null)
      throw new Fault(
        "invalid-request",
        `${info.name} comes with Proxima, answers included.`,
      );
    const saved = savedOf(info.report);
    const written = await writeAnswersBeside(
      place.path,
      { hash: info.hash, ...saved },
      options,
    );
    if (written.outcome === "written") {
      const beside = { ...held, beside: saved, unused: null };
      const { signal } = new AbortController();
      const exported = await this.#withFindings(
        await this.#reader.answered(beside, saved, { signal }),
        { signal },
      );
      await this.#remember(exported, saved);
      await this.#keep(id, Promise.resolve(exported));
    }
    return written;
  }

  async #held(id: string): Promise<Held> {
    const present = this.#open.get(id);
    if (present) return this.#keep(id, present);
    const place = this.#places.get(id) ?? this.#knownPlace(id);
    if (place) return this.#keep(id, this.#reopen(id, place));
    if ((await this.#bundledIds()).includes(id)) {
      const path = join(this.#options.bundled, id);
      const place = { path, bundledId: id, given: {}, openSize: null };
      return this.#keep(id, this.#reader.read(place));
    }
    throw new Fault(
      "unknown-network",
      `There is no network "${id}".`,
      "Open it again.",
    );
  }

  /** A known network that was opened before the last start. */
  #knownPlace(id: string): Place | null {
    const path = this.#options.known?.pathOf(id) ?? null;
    return path === null
      ? null
      : { path, bundledId: null, given: {}, openSize: null };
  }

  async #reopen(id: string, place: Place): Promise<Held> {
    const opened = await this.#reader.read(place);
    if (opened.id !== id) throw changed(opened.network);
    const { signal } = new AbortController();
    return this.#withFindings(opened, { signal });
  }

  async #keep(id: string, network: Promise<Held>): Promise<Held> {
    this.#open.delete(id);
    this.#open.set(id, network);
    try {
      const held = await network;
      this.#infos.set(id, held.info);
      if (this.#open.get(id) === network) this.#inMemory.set(id, held.network);
      this.#makeRoom();
      return held;
    } catch (error) {
      if (this.#open.get(id) === network) this.#letGo(id);
      throw error;
    }
  }

  /** Lets go of those used longest ago; the last one always stays. */
  #makeRoom(): void {
    let bytes = 0;
    for (const [index, id] of [...this.#open.keys()].reverse().entries()) {
      bytes += 4 * (this.#infos.get(id)?.parameters ?? 0);
      if (index > 0 && (index >= mostInMemory || bytes > mostWeightBytes))
        this.#letGo(id);
    }
  }

  #letGo(id: string): void {
    this.#open.delete(id);
    this.#inMemory.delete(id);
  }

  async #bundledIds(): Promise<string[]> {
    const entries = await readdir(this.#options.bundled, {
      withFileTypes: true,
    }).catch(() => []);
    return entries
      .filter((e) => e.isDirectory() && !e.name.startsWith("."))
      .map((e) => e.name)
      .sort();
  }
}

/** Answers in use, with those marked that nobody has confirmed. */
function savedOf({ answers, from }: ImportReport): SavedAnswers {
  const parts = ["size", "preprocessing", "labels"] as const;
  return { answers, guessed: parts.filter((part) => from[part] === "guess") };
}

function withWarnings(held: Held, more: readonly string[]): Held {
  if (more.length === 0) return held;
  const { info } = held;
  return { ...held, info: { ...info, warnings: [...info.warnings, ...more] } };
}

/** Opens a bundled network or a downloaded one by its id, or whatever lies at a path. */
export async function openNamed(
  name: string,
  {
    known = null,
    remembered,
    ...options
  }: OpenOptions & Pick<NetworksOptions, "known" | "remembered">,
): Promise<OpenedNetwork> {
  const folder = bundledFolder();
  const networks = new Networks({
    bundled: folder,
    memory: memoryBudget,
    remembered,
    known,
    strict: true,
  });
  const isId =
    basename(name) === name &&
    !name.startsWith(".") &&
    existsSync(join(folder, name));
  if (isId) {
    const { given = {} } = options;
    return Object.keys(given).length > 0
      ? networks.open(join(folder, name), options)
      : networks.get(name);
  }
  if (existsSync(name)) return networks.open(resolve(name), options);
  const entry = (await known?.list())?.find(({ id }) => id === name);
  const path = known?.pathOfKnown(name) ?? null;
  if (entry?.complete && path !== null) return networks.open(path, options);
  throw new Fault(
    "unknown-network",
    entry
      ? `${entry.name} is not downloaded.`
      : `There is nothing at ${name}, and no network of that name comes with Proxima.`,
    entry
      ? `"proxima download ${name}" gets it.`
      : `These come with it: ${(await networks.list()).map((n) => n.id).join(", ")}.`,
  );
}

/** The network alone, for scripts. */
export async function openNetworkAt(name: string): Promise<Network> {
  const { signal } = new AbortController();
  return (await openNamed(name, { signal })).network;
}
