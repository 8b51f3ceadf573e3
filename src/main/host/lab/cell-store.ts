/**
 * Rows that were computed, kept for good: `<folder>/<experiment>/<store>/rows.jsonl`, a line a row, appended as it
 * comes, and the pictures that belong to rows beside it. A store is for one network, or for none.
 */
import { createHash } from "node:crypto";
import { appendFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../../shared/fault";
import { parseJson } from "../../../shared/json";
import { codeOf, makeFolder, replaceFile } from "../folder";
import { readNpy, writeNpy } from "../npy";

const lineSchema = z.strictObject({
  version: z.int(),
  key: z.string(),
  row: z.json(),
});

export interface StoredPicture {
  readonly shape: readonly [number, number, number];
  /** x in [-1, 1]. */
  readonly values: Float32Array;
}

export class CellStore<Row> {
  readonly #folder: string;
  readonly #version: number;
  readonly #rows: Map<string, Row>;
  /** Whether the file ends in the middle of a line: a process was killed there. */
  #torn: boolean;

  private constructor(
    folder: string,
    version: number,
    rows: Map<string, Row>,
    torn: boolean,
  ) {
    this.#folder = folder;
    this.#version = version;
    this.#rows = rows;
    this.#torn = torn;
  }

  /** Lines that are damaged, of another version or no rows of this schema are passed over. */
  static async open<Row>(
    folder: string,
    { version, row }: { version: number; row: z.ZodType<Row> },
  ): Promise<CellStore<Row>> {
    const rows = new Map<string, Row>();
    const text = await readFile(join(folder, "rows.jsonl"), "utf8").catch(
      (error: unknown) => {
        if (codeOf(error) === "ENOENT") return "";
        throw new Fault(
          "damaged-file",
          `The rows computed before cannot be read: ${String(error)}.`,
          `Look at the folder ${folder}.`,
          { cause: error },
        );
      },
    );
    for (const line of text.split("\n")) {
      const parsed = lineSchema.safeParse(parseJson(line));
      if (!parsed.success || parsed.data.version !== version) continue;
      const found = row.safeParse(parsed.data.row);
      if (found.success) rows.set(parsed.data.key, found.data);
    }
    return new CellStore(
      folder,
      version,
      rows,
      text !== "" && !text.endsWith("\n"),
    );
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  /** On disk once this has resolved; rejects with a Fault `export-failed`, and the row holds all the same. */
  async put(key: string, row: Row): Promise<void> {
    this.#rows.set(key, row);
    const line = JSON.stringify({ version: this.#version, key, row });
    const begin = this.#torn ? "\n" : "";
    await makeFolder(this.#folder);
    try {
      await appendFile(join(this.#folder, "rows.jsonl"), `${begin}${line}\n`);
      this.#torn = false;
    } catch (error) {
      this.#torn = true;
      throw new Fault(
        "export-failed",
        `The row could not be kept: ${error instanceof Error ? error.message : String(error)}.`,
        "Make room on the disk; what was computed is still shown.",
        { cause: error },
      );
    }
  }

  async putPicture(key: string, picture: StoredPicture): Promise<void> {
    await makeFolder(this.#pictures);
    await replaceFile(
      this.#pictureOf(key),
      writeNpy(picture.shape, picture.values),
    );
  }

  /** Null where none was kept. */
  async picture(key: string): Promise<StoredPicture | null> {
    const bytes = await readFile(this.#pictureOf(key)).catch(() => null);
    if (!bytes) return null;
    const { shape, values } = readNpy(bytes, "The kept picture");
    const [height, width, channels] = shape;
    if (!height || !width || !channels || shape.length !== 3) return null;
    return { shape: [height, width, channels], values };
  }

  /** Forgets everything that was computed. */
  async clear(): Promise<void> {
    this.#rows.clear();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #pictures(): string {
    return join(this.#folder, "pictures");
  }
  #pictureOf(key: string): string {
    return join(this.#pictures, `${digest(key)}.npy`);
  }
}

/** A key as a file's name. */
export function digest(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}
