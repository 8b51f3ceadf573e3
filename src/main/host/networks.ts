/** The networks at hand: those that come with Proxima and those the user opened, with what was answered for them. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import {
  answerNetwork,
  type GivenAnswers,
  type Network,
  type NetworkCard,
} from "../../engine";
import type {
  Answers,
  AnswersFile,
  ImportReport,
  NetworkInfo,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { readAnswersBeside, writeAnswersBeside } from "./answers-file";
import { imagenetNames } from "./imagenet";
import type { KnownNetworks } from "./known/known-networks";
import { memoryBudget } from "./memory";
import type { ReadRequest, ReadResult } from "./read-network";
import { readApart } from "./reader/reader";
import { RememberedAnswers } from "./remembered-answers";
import { bundledFolder } from "./resources";
import { describeNetwork } from "./summary";

export interface OpenedNetwork {
  readonly id: string;
  readonly network: Network;
  readonly info: NetworkInfo;
}

export interface WorkOptions {
  readonly signal: AbortSignal;
  /** Stage in words, bytes done and to do. */
  readonly progress?: (stage: string, bytes: number, total: number) => void;
}

export interface OpenOptions extends WorkOptions {
  /** What is said of it now, on the command line; it goes before all else. */
  readonly given?: GivenAnswers;
  /** [height, width] of an image at hand: the input where the file fixes none. */
  readonly openSize?: readonly [number, number] | null;
}

/** Where a network lies, and how it was asked for. */
interface Place {
  readonly path: string;
  /** Null: opened from disk. */
  readonly bundledId: string | null;
  readonly given: GivenAnswers;
  readonly openSize: readonly [number, number] | null;
}

interface Held extends OpenedNetwork {
  readonly place: Place;
  readonly bare: ReadResult;
  /** The size it was read with; null: the file's, or the usual one. */
  readonly readSize: Size;
  /** The answers that lie beside the file and are for it. */
  readonly beside: Answers | null;
  /** Why the answers beside the file are not used; null where they are, or there are none. */
  readonly unused: string | null;
}

type Size = readonly [number, number] | null;

/** Weights of at most so many networks stay in memory, and of fewer large ones; others are read again when wanted. */
const mostInMemory = 4;
const mostWeightBytes = 2 ** 30;

export interface NetworksOptions {
  /** Folder of those that come with Proxima. */
  readonly bundled: string;
  /** Bytes the activations of one call may take. */
  readonly memory: () => number;
  readonly remembered?: RememberedAnswers;
  readonly known?: KnownNetworks | null;
  /** Damaged answers beside a file refuse it: no person is there to see a warning. */
  readonly strict?: boolean;
}

export class Networks {
  readonly #bundled: string;
  readonly #memory: () => number;
  readonly #remembered: RememberedAnswers;
  readonly #known: KnownNetworks | null;
  readonly #strict: boolean;
  /** Where every network opened so far lies; the id holds a hash of its content. */
  readonly #places = new Map<string, Place>();
  readonly #infos = new Map<string, NetworkInfo>();
  /** Most recently used last. */
  readonly #open = new Map<string, Promise<Held>>();

  constructor({
    bundled,
    memory,
    remembered = RememberedAnswers.inMemory(),
    known = null,
    strict = false,
  }: NetworksOptions) {
    this.#bundled = bundled;
    this.#memory = memory;
    this.#remembered = remembered;
    this.#known = known;
    this.#strict = strict;
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
    const bundledId = dirname(path) === this.#bundled ? basename(path) : null;
    const place: Place = { path, bundledId, given, openSize };
    const opened = await this.#read(place, options);
    this.#places.set(opened.id, place);
    return this.#keep(opened.id, Promise.resolve(opened));
  }

  /** Opens it again with other answers and remembers them; where that fails all stays as it was. */
  async answer(
    id: string,
    answers: Answers,
    options: WorkOptions,
  ): Promise<OpenedNetwork> {
    const before = await this.#held(id);
    const place = { ...before.place, given: {}, openSize: null };
    const wanted = answers.size ?? before.network.told.fixedSize;
    const read = isSameSize(wanted, sizeOfInput(before.network))
      ? before
      : await this.#readBare(place, answers.size, options);
    if (hashOf(read.bare.network) !== before.info.hash)
      throw changed(before.network);
    const held = this.#complete({ ...before, ...read, place }, answers);
    options.signal.throwIfAborted();
    const forgotten = await this.#remember(held, answers);
    if (place.bundledId === null) this.#places.set(id, place);
    return this.#keep(id, Promise.resolve(withWarnings(held, forgotten)));
  }

  /** Warnings where it cannot be kept for the next start. */
  async #remember(
    { info, place, beside }: Held,
    answers: Answers,
  ): Promise<string[]> {
    const { path } = place;
    try {
      await this.#remembered.remember(info.hash, answers, { path, beside });
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
    const { answers } = info.report;
    const written = await writeAnswersBeside(
      place.path,
      { hash: info.hash, answers },
      options,
    );
    if (written.outcome === "written") {
      const exported = { ...held, beside: answers };
      await this.#remember(exported, answers);
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
      const path = join(this.#bundled, id);
      const bundled = { path, bundledId: id, given: {}, openSize: null };
      return this.#keep(id, this.#read(bundled));
    }
    throw new Fault(
      "unknown-network",
      `There is no network "${id}".`,
      "Open it again.",
    );
  }

  /** A known network that was opened before the last start. */
  #knownPlace(id: string): Place | null {
    const path = this.#known?.pathOf(id) ?? null;
    return path === null
      ? null
      : { path, bundledId: null, given: {}, openSize: null };
  }

  async #reopen(id: string, place: Place): Promise<Held> {
    const opened = await this.#read(place);
    if (opened.id !== id) throw changed(opened.network);
    return opened;
  }

  /** Reads and answers. */
  async #read(
    place: Place,
    options: WorkOptions = { signal: new AbortController().signal },
  ): Promise<Held> {
    const { path, bundledId, given, openSize } = place;
    const { file, warning } =
      bundledId === null
        ? await this.#readBeside(path)
        : { file: null, warning: null };
    const wanted = (answers: Answers | null): Size =>
      given.size ?? (answers?.size ? (openSize ?? answers.size) : null);
    // whose answers count is known once the file has been read, and its size is needed before: what it was last
    const likely = file?.hash || this.#remembered.hashAt(path) || "";
    const guess = wanted(this.#remembered.pick(likely, file?.answers ?? null));
    let read = await this.#readBare(place, guess, options).catch(
      (error: unknown) => {
        const mayBeOurs = guess !== null && guess !== given.size;
        if (mayBeOurs && isRefusedSize(error)) return null;
        throw error;
      },
    );
    read ??= await this.#readBare(place, null, options);
    const hash = hashOf(read.bare.network);
    const fits = !file || file.hash === "" || file.hash === hash;
    const unused = fits ? warning : foreignAnswers;
    const beside = fits ? (file?.answers ?? null) : null;
    const answers = this.#remembered.pick(hash, beside);
    if (!isSameSize(wanted(answers), read.readSize))
      read = await this.#readBare(place, wanted(answers), options);
    return this.#complete({ ...read, place, beside, unused }, answers);
  }

  async #readBeside(
    path: string,
  ): Promise<{ file: AnswersFile | null; warning: string | null }> {
    try {
      return { file: await readAnswersBeside(path), warning: null };
    } catch (error) {
      if (this.#strict || !(error instanceof Fault)) throw error;
      return { file: null, warning: `${error.message} It is not used.` };
    }
  }

  async #readBare(place: Place, size: Size, work: WorkOptions) {
    const known = this.#known?.entryAt(place.path) ?? null;
    const carded = known?.card.input;
    const request: ReadRequest = {
      trusted: place.bundledId !== null,
      size,
      openSize:
        place.openSize ?? (carded ? [carded.height, carded.width] : null),
    };
    const read = await readApart(place.path, request, {
      signal: work.signal,
      progress: work.progress ?? (() => undefined),
    });
    const bare = known
      ? {
          ...read,
          card: known.card,
          labels: known.imagenet ? ({ kind: "imagenet" } as const) : null,
        }
      : read;
    return { bare, readSize: size };
  }

  #complete(
    read: Pick<Held, "place" | "bare" | "readSize" | "beside" | "unused"> & {
      /** Of one that is open already. */
      readonly id?: string;
    },
    answers: Answers | null,
  ): Held {
    const { place, bare, readSize, unused } = read;
    const { network: answered, report } = answerNetwork(bare, {
      given: {
        ...answers,
        ...place.given,
        ...(readSize && { size: readSize }),
      },
      imagenet: imagenetNames(this.#bundled),
    });
    const { provenance } = answered;
    const warnings = [...provenance.warnings, ...(unused ? [unused] : [])];
    const network = { ...answered, provenance: { ...provenance, warnings } };
    const id = read.id ?? place.bundledId ?? idOf(network);
    const info = this.#describe(id, place, { network, report }, bare.card);
    return { ...read, id, network, info };
  }

  #describe(
    id: string,
    { bundledId }: Place,
    { network, report }: { network: Network; report: ImportReport },
    card: NetworkCard | null,
  ): NetworkInfo {
    const memory = this.#memory();
    const bundled = bundledId !== null;
    return describeNetwork({ id, bundled, network, card, report, memory });
  }

  async #keep(id: string, network: Promise<Held>): Promise<Held> {
    this.#open.delete(id);
    this.#open.set(id, network);
    try {
      const held = await network;
      this.#infos.set(id, held.info);
      this.#makeRoom();
      return held;
    } catch (error) {
      if (this.#open.get(id) === network) this.#open.delete(id);
      throw error;
    }
  }

  /** Lets go of those used longest ago; the last one always stays. */
  #makeRoom(): void {
    let bytes = 0;
    for (const [index, id] of [...this.#open.keys()].reverse().entries()) {
      bytes += 4 * (this.#infos.get(id)?.parameters ?? 0);
      if (index > 0 && (index >= mostInMemory || bytes > mostWeightBytes))
        this.#open.delete(id);
    }
  }

  async #bundledIds(): Promise<string[]> {
    const entries = await readdir(this.#bundled, {
      withFileTypes: true,
    }).catch(() => []);
    return entries
      .filter((e) => e.isDirectory() && !e.name.startsWith("."))
      .map((e) => e.name)
      .sort();
  }
}

const foreignAnswers =
  "The answers beside the file are for other content than it holds now, and are not used.";

function withWarnings(held: Held, more: readonly string[]): Held {
  if (more.length === 0) return held;
  const { info } = held;
  return { ...held, info: { ...info, warnings: [...info.warnings, ...more] } };
}

function hashOf({ provenance }: Network): string {
  return provenance.hash;
}

function sizeOfInput({ input }: Network): Size {
  return [input[0], input[1]];
}

function isSameSize(a: Size, b: Size): boolean {
  return a === null || b === null ? a === b : a[0] === b[0] && a[1] === b[1];
}

function isRefusedSize(error: unknown): boolean {
  return error instanceof Fault && error.code === "invalid-request";
}

function changed({ name }: Network): Fault {
  return new Fault(
    "unknown-network",
    `The files of the network "${name}" have changed since it was opened.`,
    "Open it again.",
  );
}

/** A readable name and a part of the hash: "my-network-3fa9c2d14b07". */
function idOf(network: Network): string {
  const name = network.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 60);
  return `${name || "network"}-${network.provenance.hash.slice(0, 12)}`;
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
