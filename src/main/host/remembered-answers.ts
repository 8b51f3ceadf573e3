/** Answers given in the window, by the hash of the network they are for: the same file asks nothing again. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { savedAnswersSchema, type SavedAnswers } from "../../shared/domain";
import {
  isPlain,
  upgradeAnswers,
  type Plain,
  type Upgrades,
} from "../../shared/stored";
import { VersionedFile } from "./versioned-file";

const entrySchema = z.strictObject({
  hash: z.string().max(64),
  ...savedAnswersSchema.shape,
  /** What people call the network; empty in entries of version 1. */
  name: z.string().max(1000),
  /** As {@link architectureOf}; empty in entries of version 1. */
  architecture: z.string().max(64),
  /** Fingerprint of the answers that lay beside the file then, and were overruled; null: none did. */
  beside: z.string().max(64).nullable(),
  /** Where it lay: a size that was asked for is known before the file is read, and so is read only once. */
  path: z.string().max(4096),
});
const fileSchema = z.strictObject({
  version: z.literal(2),
  /** The latest first. */
  networks: z.array(entrySchema).max(1000),
});
type Entry = z.infer<typeof entrySchema>;

/** Version 1 knew no guesses within answers, no assumptions and no architectures. */
const upgrades: Upgrades = {
  1: (old) => ({
    ...old,
    version: 2,
    networks: Array.isArray(old["networks"])
      ? old["networks"].filter(isPlain).map((entry): Plain => ({
          ...entry,
          answers: upgradeAnswers(entry["answers"]),
          guessed: [],
          name: "",
          architecture: "",
        }))
      : old["networks"],
  }),
};

/** What a network is known by. */
export interface Known {
  readonly hash: string;
  readonly name: string;
  readonly architecture: string;
}

const mostNetworks = 500;
/** Characters of the file; lists of names are the most of it. */
const mostText = 16 * 2 ** 20;

export class RememberedAnswers {
  readonly #file: VersionedFile<z.infer<typeof fileSchema>> | null;
  #entries: readonly Entry[];

  private constructor(
    file: VersionedFile<z.infer<typeof fileSchema>> | null,
    entries: readonly Entry[],
  ) {
    this.#file = file;
    this.#entries = entries;
  }

  static async open(
    folder: string,
    log: (line: string) => void,
  ): Promise<RememberedAnswers> {
    const file = await VersionedFile.open(
      join(folder, "answers.json"),
      fileSchema,
      { version: 2, networks: [] },
      log,
      upgrades,
    );
    return new RememberedAnswers(file, file.value.networks);
  }

  /** Forgotten with the process. */
  static inMemory(): RememberedAnswers {
    return new RememberedAnswers(null, []);
  }

  /** What to use of a network: the latest word, of a file beside it or of whoever answered here. */
  pick(hash: string, beside: SavedAnswers | null): SavedAnswers | null {
    const entry = this.#entries.find((known) => known.hash === hash);
    if (!entry) return beside;
    return beside === null || fingerprint(beside) === entry.beside
      ? savedOf(entry)
      : beside;
  }

  /** The architecture of a network that was answered for; null where there is none. */
  architectureOf(hash: string): string | null {
    const entry = this.#entries.find((known) => known.hash === hash);
    return entry?.architecture || null;
  }

  /** What was answered last for another network of the same architecture, and that network's name. */
  alike({
    hash,
    architecture,
  }: Known): (SavedAnswers & { readonly network: string }) | null {
    const entry = this.#entries.find(
      (known) =>
        known.architecture !== "" &&
        known.architecture === architecture &&
        known.hash !== hash,
    );
    return entry ? { network: entry.name, ...savedOf(entry) } : null;
  }

  /** The hash of what was answered for at this place last. */
  hashAt(path: string): string | null {
    return this.#entries.find((known) => known.path === path)?.hash ?? null;
  }

  /** Rejects with a Fault `export-failed` where it cannot be written; it holds for this session then. */
  async remember(
    { hash, name, architecture }: Known,
    { answers, guessed }: SavedAnswers,
    { path, beside }: { path: string; beside: SavedAnswers | null },
  ): Promise<void> {
    const entry: Entry = {
      hash,
      answers,
      guessed,
      name: name.slice(0, 1000),
      architecture,
      beside: beside && fingerprint(beside),
      path: path.slice(0, 4096),
    };
    const others = this.#entries.filter((known) => known.hash !== hash);
    this.#entries = cut([entry, ...others]);
    await this.#file?.save({ version: 2, networks: [...this.#entries] });
  }
}

/** The latest entries that fit; the newest always does. */
function cut(entries: readonly Entry[]): Entry[] {
  let text = 0;
  return entries.slice(0, mostNetworks).filter((entry, index) => {
    const length = lengthOf(entry);
    const fits = index === 0 || text + length <= mostText;
    if (fits) text += length;
    return fits;
  });
}

const lengths = new WeakMap<Entry, number>();

function lengthOf(entry: Entry): number {
  const length = lengths.get(entry) ?? JSON.stringify(entry).length;
  lengths.set(entry, length);
  return length;
}

function savedOf({ answers, guessed }: Entry): SavedAnswers {
  return { answers, guessed };
}

/** What version 1 did not know counts only where it says something: its fingerprints stay. */
function fingerprint({ answers, guessed }: SavedAnswers): string {
  const { size, preprocessing, labels, assumptions, output, head } = answers;
  const content = {
    size,
    preprocessing,
    labels,
    ...(Object.keys(assumptions).length > 0 && { assumptions }),
    ...(output !== null && { output }),
    ...(head !== null && { head }),
    ...(guessed.length > 0 && { guessed }),
  };
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
