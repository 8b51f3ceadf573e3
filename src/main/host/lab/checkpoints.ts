/**
 * Checkpoints of long cells, a file each: a length, a JSON header, then the arrays' bytes one after another. They are of
 * a version as rows are: what would become another row now begins anew.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Checkpoint, Checkpoints } from "../../../engine";
import { parseJson } from "../../../shared/json";
import { makeFolder, replaceFile } from "../folder";
import { digest } from "./cell-store";

export const checkpointFolder = "checkpoints";

const headerSchema = z.strictObject({
  version: z.int(),
  key: z.string(),
  step: z.int().min(0),
  arrays: z.array(z.strictObject({ name: z.string(), length: z.int().min(0) })),
});

export class CheckpointFolder implements Checkpoints {
  readonly #folder: string;
  readonly #version: number;

  /** Inside a store's folder; `version` is the experiment's. */
  constructor(store: string, version: number) {
    this.#folder = join(store, checkpointFolder);
    this.#version = version;
  }

  /** Null where there is none, or none that can be read: the cell then begins anew. */
  async load(key: string): Promise<Checkpoint | null> {
    const bytes = await readFile(this.#pathOf(key)).catch(() => null);
    if (!bytes || bytes.length < 4) return null;
    const start = 4 + bytes.readUInt32LE(0);
    const parsed = headerSchema.safeParse(
      parseJson(bytes.toString("utf8", 4, start)),
    );
    if (!parsed.success) return null;
    const { data } = parsed;
    if (data.key !== key || data.version !== this.#version) return null;
    const arrays: Record<string, Float32Array> = {};
    let at = start;
    for (const { name, length } of data.arrays) {
      const end = at + length * 4;
      if (end > bytes.length) return null;
      const values = new Float32Array(length);
      new Uint8Array(values.buffer).set(bytes.subarray(at, end));
      arrays[name] = values;
      at = end;
    }
    return at === bytes.length ? { step: data.step, arrays } : null;
  }

  async save(key: string, { step, arrays }: Checkpoint): Promise<void> {
    const entries = Object.entries(arrays);
    const header = Buffer.from(
      JSON.stringify({
        version: this.#version,
        key,
        step,
        arrays: entries.map(([name, { length }]) => ({ name, length })),
      } satisfies z.input<typeof headerSchema>),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    await makeFolder(this.#folder);
    await replaceFile(
      this.#pathOf(key),
      Buffer.concat([
        length,
        header,
        ...entries.map(([, { buffer, byteOffset, byteLength }]) =>
          Buffer.from(buffer, byteOffset, byteLength),
        ),
      ]),
    );
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  #pathOf(key: string): string {
    return join(this.#folder, `${digest(key)}.checkpoint`);
  }
}
