/** Checkpoints of long cells, a file each. They are of a version as rows are: what would become another row begins anew. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Checkpoint, Checkpoints } from "../../../engine";
import { decodeFloats, encodeFloats } from "../float-file";
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
    const file = bytes && decodeFloats(bytes);
    const parsed = headerSchema.safeParse(file?.header);
    if (!file || !parsed.success) return null;
    const { data } = parsed;
    if (data.key !== key || data.version !== this.#version) return null;
    const values = file.split(data.arrays.map(({ length }) => length));
    if (!values) return null;
    const arrays = Object.fromEntries(
      data.arrays.map(({ name }, i) => [name, values[i] ?? new Float32Array()]),
    );
    return { step: data.step, arrays };
  }

  async save(key: string, { step, arrays }: Checkpoint): Promise<void> {
    const header = {
      version: this.#version,
      key,
      step,
      arrays: Object.entries(arrays).map(([name, { length }]) => ({
        name,
        length,
      })),
    } satisfies z.input<typeof headerSchema>;
    await makeFolder(this.#folder);
    await replaceFile(
      this.#pathOf(key),
      encodeFloats(header, Object.values(arrays)),
    );
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  #pathOf(key: string): string {
    return join(this.#folder, `${digest(key)}.checkpoint`);
  }
}
