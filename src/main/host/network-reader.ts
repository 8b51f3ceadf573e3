/** Reads networks and answers what their files leave open: by flags, files beside them, memory, cards, guesses. */
import {
  answerNetwork,
  isAsRead,
  type GivenAnswers,
  type Network,
  type NetworkCard,
} from "../../engine";
import type {
  Answers,
  AnswersFile,
  AssumptionValues,
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
  /** What it was read with. */
  readonly how: How;
  /** The answers that lie beside the file and are for it. */
  readonly beside: Answers | null;
  /** Why the answers beside the file are not used; null where they are, or there are none. */
  readonly unused: string | null;
  /** Saved corrections that do not fit the network any more, in sentences. */
  readonly dropped: readonly string[];
}

/** What decides how files are read; a null size is the file's, or the usual one. */
export type How = Pick<ReadRequest, "size" | "assume" | "output" | "head">;

interface Read {
  readonly bare: ReadResult;
  readonly how: How;
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
    const { path, bundledId } = place;
    const { file, warning } =
      bundledId === null
        ? await this.#readBeside(path)
        : { file: null, warning: null };
    const saved = (hash: string, beside: Answers | null) =>
      this.#options.remembered.pick(hash, beside);
    const flagged = howOf(place, null);
    // whose answers count is known once the file has been read, and some are needed before: what it was last
    const likely = file?.hash || this.#options.remembered.hashAt(path) || "";
    const guess = howOf(place, saved(likely, file?.answers ?? null));
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
    const beside = fits ? (file?.answers ?? null) : null;
    const fitting = await this.#readFitting(
      place,
      { read, answers: saved(hash, beside) },
      options,
    );
    const { answers, dropped } = fitting;
    return this.#complete(
      { ...fitting.read, place, beside, unused, dropped },
      answers,
    );
  }

  /** The same network with other answers; read again only where they ask for another network. */
  async answered(
    before: Held,
    answers: Answers,
    options: WorkOptions,
  ): Promise<Held> {
    const place = { ...before.place, given: {}, openSize: null };
    const { input, told } = before.network;
    const size = answers.size ?? told.fixedSize;
    const how = howOf(place, answers);
    const read =
      isSameSize(size, [input[0], input[1]]) &&
      isAsRead(before.bare.network, before.how, how)
        ? before
        : await this.#readBare(place, how, options);
    if (hashOf(read.bare.network) !== before.info.hash)
      throw changed(before.network);
    return this.#complete({ ...before, ...read, place, dropped: [] }, answers);
  }

  /** Reads with saved answers; corrections that do not fit any more are left out and named, the flags' never. */
  async #readFitting(
    place: Place,
    { read, answers }: { read: Read; answers: Answers | null },
    options: WorkOptions,
  ): Promise<{
    read: Read;
    answers: Answers | null;
    dropped: readonly string[];
  }> {
    const { network } = read.bare;
    const how = howOf(place, answers);
    if (isSameSize(how.size, read.how.size) && isAsRead(network, read.how, how))
      return { read, answers, dropped: [] };
    const tries = answers ? attempts(answers, network) : [null];
    const dropped: string[] = [];
    for (const [index, attempt] of tries.entries()) {
      try {
        const again = await this.#readBare(
          place,
          howOf(place, attempt),
          options,
        );
        return { read: again, answers: attempt, dropped };
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
          card: known.card,
          labels: known.imagenet ? ({ kind: "imagenet" } as const) : null,
        }
      : read;
    return { bare, how };
  }

  #complete(
    read: Read &
      Pick<Held, "place" | "beside" | "unused" | "dropped"> & {
        /** Of one that is open already. */
        readonly id?: string;
      },
    answers: Answers | null,
  ): Held {
    const { place, bare, how, unused, dropped } = read;
    const { network: answered, report } = answerNetwork(bare, {
      given: {
        ...answers,
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

/** What flags and saved answers ask a reader for; of each, and of each assumption, the flag goes before. */
function howOf({ given, openSize }: Place, answers: Answers | null): How {
  return {
    size: given.size ?? (answers?.size ? (openSize ?? answers.size) : null),
    assume: { ...answers?.assumptions, ...given.assumptions },
    output:
      given.output === undefined ? (answers?.output ?? null) : given.output,
    head: given.head === undefined ? (answers?.head ?? null) : given.head,
  };
}

/** Saved answers, then those that the network has a use for, then without any correction. */
function attempts(answers: Answers, network: Network): Answers[] {
  const keys = (network.told.assumptions ?? []).map(({ key }) => key);
  const outputs = (network.told.outputs ?? []).map(({ name }) => name);
  const { assumptions, output } = answers;
  const known: Answers = {
    ...answers,
    assumptions: Object.fromEntries(
      Object.entries(assumptions).filter(([key]) => keys.includes(key)),
    ),
    output: output !== null && outputs.includes(output) ? output : null,
  };
  const none: Answers = {
    ...answers,
    assumptions: {},
    output: null,
    head: null,
  };
  const all = [answers, known, none];
  return all.filter(
    (attempt, index) =>
      index === 0 || !isSameChoice(attempt, all[index - 1] ?? attempt),
  );
}

function isSameChoice(a: Answers, b: Answers): boolean {
  return (
    isSameValues(a.assumptions, b.assumptions) &&
    a.output === b.output &&
    a.head === b.head
  );
}

/** What was given up between two attempts, a sentence each. */
function lost(before: Answers, after: Answers, why: Fault): string[] {
  const words = Object.entries(before.assumptions)
    .filter(([key]) => !Object.hasOwn(after.assumptions, key))
    .map(([key, value]) => `the correction ${key}=${value}`);
  if (before.output !== after.output)
    words.push(`the output "${before.output}"`);
  if (before.head !== after.head) words.push(`the head ${before.head}`);
  return words.map(
    (what) =>
      `Of the saved answers, ${what} does not fit this network and is not used. ${why.message}`,
  );
}

function isSameHow(a: How, b: How): boolean {
  return (
    isSameSize(a.size, b.size) &&
    isSameValues(a.assume, b.assume) &&
    a.output === b.output &&
    a.head === b.head
  );
}

function isSameValues(a: AssumptionValues, b: AssumptionValues): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => a[key] === b[key])
  );
}

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
