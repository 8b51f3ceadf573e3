/** Answers given in the window, by the hash of the network they are for: the same file asks nothing again. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { answersSchema, type Answers } from "../../shared/domain";
import { VersionedFile } from "./versioned-file";

const entrySchema = z.strictObject({
  hash: z.string().max(64),
  answers: answersSchema,
  /** Fingerprint of the answers that lay beside the file then, and were overruled; null: none did. */
  beside: z.string().max(64).nullable(),
  /** Where it lay: a size that was asked for is known before the file is read, and so is read only once. */
  path: z.string().max(4096),
});
const fileSchema = z.strictObject({
  version: z.literal(1),
  /** The latest first. */
  networks: z.array(entrySchema).max(1000),
});
type Entry = z.infer<typeof entrySchema>;

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
      { version: 1, networks: [] },
      log,
    );
    return new RememberedAnswers(file, file.value.networks);
  }

  /** Forgotten with the process. */
  static inMemory(): RememberedAnswers {
    return new RememberedAnswers(null, []);
  }

  /** What to use of a network: the latest word, of a file beside it or of whoever answered here. */
  pick(hash: string, beside: Answers | null): Answers | null {
    const entry = this.#entries.find((known) => known.hash === hash);
    if (!entry) return beside;
    return beside === null || fingerprint(beside) === entry.beside
      ? entry.answers
      : beside;
  }

  /** The hash of what was answered for at this place last. */
  hashAt(path: string): string | null {
    return this.#entries.find((known) => known.path === path)?.hash ?? null;
  }

  /** Rejects with a Fault `export-failed` where it cannot be written; it holds for this session then. */
  async remember(
    hash: string,
    answers: Answers,
    { path, beside }: { path: string; beside: Answers | null },
  ): Promise<void> {
    const entry: Entry = {
      hash,
      answers,
      beside: beside && fingerprint(beside),
      path: path.slice(0, 4096),
    };
    const others = this.#entries.filter((known) => known.hash !== hash);
    this.#entries = cut([entry, ...others]);
    await this.#file?.save({ version: 1, networks: [...this.#entries] });
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

function fingerprint(answers: Answers): string {
  return createHash("sha256").update(JSON.stringify(answers)).digest("hex");
}
