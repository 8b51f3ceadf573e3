/**
 * Rows that were computed, kept for good: `<folder>/<experiment>/<store>/rows.jsonl`, a line a row, appended as it
 * comes, and the pictures that belong to rows beside it, as what long rows are so far. A store is for one network,
 * or for none.
 */
import { createHash } from "node:crypto";
import { appendFile, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Fault } from "../../../shared/fault";
import { parseJson } from "../../../shared/json";
import { makeFolder, replaceFile } from "../folder";
import { readNpy, writeNpy } from "../npy";
import { readRows } from "./row-file";

const lineSchema = z.strictObject({
  version: z.int(),
  key: z.string(),
  row: z.json(),
});

export const partialFolder = "partial";
const rowsFile = "rows.jsonl";

export interface StoredPicture {
  readonly shape: readonly [number, number, number];
  /** x in [-1, 1]. */
  readonly values: Float32Array;
}

/** What an experiment's spec says of the rows. */
export interface StoredRows<Row> {
  readonly version: number;
  readonly row: z.ZodType<Row>;
  readonly upgrades?: Readonly<Record<number, (row: unknown) => unknown>>;
}

export class CellStore<Row> {
  readonly #folder: string;
  readonly #version: number;
  readonly #rows: Map<string, Row>;
  readonly #partial: Map<string, Row>;
  /** Whether the file ends in the middle of a line: a process was killed there. */
  #torn: boolean;

  private constructor(
    folder: string,
    version: number,
    rows: Map<string, Row>,
    partial: Map<string, Row>,
    torn: boolean,
  ) {
    this.#folder = folder;
    this.#version = version;
    this.#rows = rows;
    this.#partial = partial;
    this.#torn = torn;
  }

  /** Lines that are damaged, of a version without upgrades or no rows of this schema are passed over. */
  static async open<Row>(
    folder: string,
    { version, row, upgrades = {} }: StoredRows<Row>,
  ): Promise<CellStore<Row>> {
    const parse = (line: string) => {
      const parsed = lineSchema.safeParse(parseJson(line));
      if (!parsed.success) return null;
      let content: unknown = parsed.data.row;
      for (let at = parsed.data.version; at !== version; at++) {
        const upgrade = upgrades[at];
        if (!upgrade) return null;
        content = upgrade(content);
      }
      const found = row.safeParse(content);
      return found.success ? ([parsed.data.key, found.data] as const) : null;
    };
    const { rows, torn } = await readRows(
      join(folder, rowsFile),
      String(version),
      parse,
    ).catch((error: unknown) => {
      throw new Fault(
        "damaged-file",
        `The rows computed before cannot be read: ${String(error)}.`,
        `Look at the folder ${folder}.`,
        { cause: error },
      );
    });
    const partial = new Map<string, Row>();
    const begun = join(folder, partialFolder);
    for (const name of await readdir(begun).catch(() => [])) {
      const text = await readFile(join(begun, name), "utf8").catch(() => "");
      const found = parse(text);
      if (found) partial.set(...found);
    }
    return new CellStore(folder, version, rows, partial, torn);
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  /** On disk once this has resolved; rejects with a Fault `export-failed`, and the row holds all the same. */
  async put(key: string, row: Row): Promise<void> {
    this.#rows.set(key, row);
    if (this.#partial.has(key)) await this.dropPartial(key);
    const line = JSON.stringify({ version: this.#version, key, row });
    const begin = this.#torn ? "\n" : "";
    await makeFolder(this.#folder);
    try {
      await appendFile(join(this.#folder, rowsFile), `${begin}${line}\n`);
      this.#torn = false;
    } catch (error) {
      this.#torn = true;
      throw new Fault(
        "export-failed",
        `The row could not be kept: ${error instanceof Error ? error.message : String(error)}.`,
        "Make room on the disk and run it again; what was kept until then is not computed again.",
        { cause: error },
      );
    }
  }

  /** What a long row is so far; undefined where it has not begun, or is whole. */
  partial(key: string): Row | undefined {
    return this.#rows.has(key) ? undefined : this.#partial.get(key);
  }

  /** Kept on disk in a file of its own, replaced each time; else only as long as this store. */
  async putPartial(
    key: string,
    row: Row,
    { keep }: { keep: boolean },
  ): Promise<void> {
    this.#partial.set(key, row);
    if (!keep) return;
    await makeFolder(join(this.#folder, partialFolder));
    await replaceFile(
      this.#partialOf(key),
      JSON.stringify({ version: this.#version, key, row }),
    );
  }

  async dropPartial(key: string): Promise<void> {
    this.#partial.delete(key);
    await rm(this.#partialOf(key), { force: true });
  }

  async putPicture(key: string, picture: StoredPicture): Promise<void> {
    const path = pictureIn(this.#folder, key);
    await makeFolder(dirname(path));
    await replaceFile(path, writeNpy(picture.shape, picture.values));
  }

  picture(key: string): Promise<StoredPicture | null> {
    return readPicture(this.#folder, key);
  }

  #partialOf(key: string): string {
    return join(this.#folder, partialFolder, `${digest(key)}.json`);
  }
}

/** A picture of the store in a folder, whose rows need not be read for it; null where none was kept. */
export async function readPicture(
  folder: string,
  key: string,
): Promise<StoredPicture | null> {
  const bytes = await readFile(pictureIn(folder, key)).catch(() => null);
  if (!bytes) return null;
  const { shape, values } = readNpy(bytes, "The kept picture");
  const [height, width, channels] = shape;
  if (!height || !width || !channels || shape.length !== 3) return null;
  return { shape: [height, width, channels], values };
}

function pictureIn(folder: string, key: string): string {
  return join(folder, "pictures", `${digest(key)}.npy`);
}

/** A key as a file's name. */
export function digest(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}
