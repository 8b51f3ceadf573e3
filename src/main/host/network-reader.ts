/** Reads networks and answers what their files leave open: by flags, files beside them, memory, cards, guesses. */
import {
  answerNetwork,
  type GivenAnswers,
  type Network,
  type NetworkCard,
} from "../../engine";
import type {
  AnswersFile,
  ImportReport,
  NetworkInfo,
  SavedAnswers,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { readAnswersBeside } from "./answers-file";
import { architectureOf } from "./architecture";
import { imagenetNames } from "./imagenet";
import {
  attempts,
  canStay,
  confirmed,
  howOf,
  isSameHow,
  lost,
  type How,
  type Read,
} from "./how-to-read";
import { asPublished } from "./known/as-published";
import type { KnownNetworks } from "./known/known-networks";
import { isWorthOffering } from "./offer";
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
  /** What it was read with. */
  readonly how: How;
  /** As {@link architectureOf}, of the network as it is read without answers where it was. */
  readonly architecture: string;
  /** The answers that lie beside the file and are for it. */
  readonly beside: SavedAnswers | null;
  /** Why the answers beside the file are not used; null where they are, or there are none. */
  readonly unused: string | null;
  /** Saved corrections that do not fit the network any more, in sentences. */
  readonly dropped: readonly string[];
}

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
    const { path, bundledId } = place;
    const { file, warning } =
      bundledId === null
        ? await this.#readBeside(path)
        : { file: null, warning: null };
    const { remembered } = this.#options;
    const flagged = howOf(place, null);
    // whose answers count is known once the file has been read, and some are needed before: what it was last
    const likely = file?.hash || remembered.hashAt(path) || "";
    const guess = howOf(place, remembered.pick(likely, file));
    let read = await this.#readBare(place, guess, options).catch(
      (error: unknown) => {
        if (!isSameHow(guess, flagged) && error instanceof Fault) return null;
        throw error;
      },
    );
    read ??= await this.#readBare(place, flagged, options);
    const hash = hashOf(read.bare.network);
    const fits = !file || file.hash === "" || file.hash === hash;
    const unused = fits ? warning : foreignAnswers;
    const beside =
      fits && file ? { answers: file.answers, guessed: file.guessed } : null;
    const architecture =
      remembered.architectureOf(hash) ?? architectureOf(read.bare.network);
    const { saved, dropped, ...fitting } = await this.#readFitting(
      place,
      { read, saved: remembered.pick(hash, beside) },
      options,
    );
    return this.#complete(
      { ...fitting.read, place, beside, unused, dropped, architecture },
      saved,
    );
  }

  /** The same network with other answers; read again only where they ask for another network. */
  async answered(
    before: Held,
    saved: SavedAnswers,
    options: WorkOptions,
  ): Promise<Held> {
    const place = { ...before.place, given: {}, openSize: null };
    const how = howOf(place, saved);
    const read = canStay(before, how)
      ? { bare: before.bare, how }
      : await this.#readBare(place, how, options);
    if (hashOf(read.bare.network) !== before.info.hash)
      throw changed(before.network);
    return this.#complete({ ...before, ...read, place, dropped: [] }, saved);
  }

  /** Reads with saved answers; corrections that do not fit any more are left out and named, the flags' never. */
  async #readFitting(
    place: Place,
    { read, saved }: { read: Read; saved: SavedAnswers | null },
    options: WorkOptions,
  ): Promise<{
    read: Read;
    saved: SavedAnswers | null;
    dropped: readonly string[];
  }> {
    const how = howOf(place, saved);
    if (canStay(read, how))
      return { read: { bare: read.bare, how }, saved, dropped: [] };
    const tries = saved ? attempts(saved, read.bare.network) : [null];
    const dropped: string[] = [];
    for (const [index, attempt] of tries.entries()) {
      try {
        const again = howOf(place, attempt);
        return {
          read: await this.#readBare(place, again, options),
          saved: attempt,
          dropped,
        };
      } catch (error) {
        const next = tries[index + 1];
        if (!(error instanceof Fault) || !attempt || !next) throw error;
        dropped.push(...lost(attempt, next, error));
      }
    }
    throw new RangeError("no way to read a network");
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

  async #readBare(place: Place, how: How, work: WorkOptions): Promise<Read> {
    const known = this.#options.known?.entryAt(place.path) ?? null;
    const carded = known?.card.input;
    const request: ReadRequest = {
      ...how,
      trusted: place.bundledId !== null,
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
          network: asPublished(read.network),
          card: known.card,
          labels: known.imagenet ? ({ kind: "imagenet" } as const) : null,
        }
      : read;
    return { bare, how };
  }

  #complete(
    read: Read &
      Pick<Held, "place" | "beside" | "unused" | "dropped" | "architecture"> & {
        /** Of one that is open already. */
        readonly id?: string;
      },
    saved: SavedAnswers | null,
  ): Held {
    const { place, bare, how, unused, dropped, architecture } = read;
    const { network: answered, report } = answerNetwork(bare, {
      given: {
        ...confirmed(saved),
        ...place.given,
        ...(how.size && { size: how.size }),
        assumptions: how.assume,
        output: how.output,
        head: how.head,
      },
      imagenet: imagenetNames(this.#options.bundled),
    });
    const { provenance } = answered;
    const warnings = [
      ...provenance.warnings,
      ...dropped,
      ...(unused ? [unused] : []),
    ];
    const network = { ...answered, provenance: { ...provenance, warnings } };
    const id = read.id ?? place.bundledId ?? idOf(network);
    const known = { hash: hashOf(network), name: network.name, architecture };
    const alike = saved ? null : this.#options.remembered.alike(known);
    const offer =
      alike && isWorthOffering(alike, network, report) ? alike : null;
    const offered = { network, report: { ...report, offer } };
    const info = this.#describe(id, place, offered, bare.card);
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
