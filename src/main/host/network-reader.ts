/** Reads networks and answers what their files leave open: by flags, files beside them, memory, cards, guesses. */
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
import { readAnswersBeside } from "./answers-file";
import { imagenetNames } from "./imagenet";
import type { KnownNetworks } from "./known/known-networks";
import type { ReadRequest, ReadResult } from "./read-network";
import { readApart } from "./reader/reader";
import type { RememberedAnswers } from "./remembered-answers";
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
export interface Place {
  readonly path: string;
  /** Null: opened from disk. */
  readonly bundledId: string | null;
  readonly given: GivenAnswers;
  readonly openSize: readonly [number, number] | null;
}

export interface Held extends OpenedNetwork {
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

export interface ReaderOptions {
  /** Folder of those that come with Proxima. */
  readonly bundled: string;
  /** Bytes the activations of one call may take. */
  readonly memory: () => number;
  readonly remembered: RememberedAnswers;
  readonly known: KnownNetworks | null;
  /** Damaged answers beside a file refuse it: no person is there to see a warning. */
  readonly strict: boolean;
}

export class NetworkReader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Reads and answers. */
  async read(
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
    const likely = file?.hash || this.#options.remembered.hashAt(path) || "";
    const guess = wanted(
      this.#options.remembered.pick(likely, file?.answers ?? null),
    );
    let read = await this.#readBare(place, guess, options).catch(
      (error: unknown) => {
        const mayBeOurs = guess !== null && guess !== given.size;
        if (mayBeOurs && error instanceof Fault) return null;
        throw error;
      },
    );
    read ??= await this.#readBare(place, null, options);
    const hash = hashOf(read.bare.network);
    const fits = !file || file.hash === "" || file.hash === hash;
    const unused = fits ? warning : foreignAnswers;
    const beside = fits ? (file?.answers ?? null) : null;
    const answers = this.#options.remembered.pick(hash, beside);
    if (!isSameSize(wanted(answers), read.readSize))
      read = await this.#readBare(place, wanted(answers), options);
    return this.#complete({ ...read, place, beside, unused }, answers);
  }

  /** The same network with other answers; read again only where they ask for another size. */
  async answered(
    before: Held,
    answers: Answers,
    options: WorkOptions,
  ): Promise<Held> {
    const place = { ...before.place, given: {}, openSize: null };
    const { input, told } = before.network;
    const wanted = answers.size ?? told.fixedSize;
    const read = isSameSize(wanted, [input[0], input[1]])
      ? before
      : await this.#readBare(place, answers.size, options);
    if (hashOf(read.bare.network) !== before.info.hash)
      throw changed(before.network);
    return this.#complete({ ...before, ...read, place }, answers);
  }

  async #readBeside(
    path: string,
  ): Promise<{ file: AnswersFile | null; warning: string | null }> {
    try {
      return { file: await readAnswersBeside(path), warning: null };
    } catch (error) {
      if (this.#options.strict || !(error instanceof Fault)) throw error;
      return { file: null, warning: `${error.message} It is not used.` };
    }
  }

  async #readBare(place: Place, size: Size, work: WorkOptions) {
    const known = this.#options.known?.entryAt(place.path) ?? null;
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
      imagenet: imagenetNames(this.#options.bundled),
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
    const memory = this.#options.memory();
    const bundled = bundledId !== null;
    return describeNetwork({ id, bundled, network, card, report, memory });
  }
}

const foreignAnswers =
  "The answers beside the file are for other content than it holds now, and are not used.";

function hashOf({ provenance }: Network): string {
  return provenance.hash;
}

function isSameSize(a: Size, b: Size): boolean {
  return a === null || b === null ? a === b : a[0] === b[0] && a[1] === b[1];
}

/** Other content than there was. */
export function changed({ name }: Network): Fault {
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
