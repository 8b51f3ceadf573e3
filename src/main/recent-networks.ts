import { z } from "zod";
import { networkRefSchema } from "../shared/domain";
import { StoredFile } from "./stored-file";

const entrySchema = z.strictObject({
  network: networkRefSchema,
  name: z.string().max(1000),
  path: z.string().max(4096),
});
const fileSchema = z.strictObject({
  version: z.literal(1),
  networks: z.array(entrySchema).max(100),
});
export type RecentNetwork = z.infer<typeof entrySchema>;

/** As many as a menu can hold. */
const most = 8;

/** Networks opened from disk lately, the latest first; on disk, so that they are found again after a restart. */
export class RecentNetworks {
  readonly #file: StoredFile<z.infer<typeof fileSchema>>;

  constructor(path: string) {
    this.#file = new StoredFile(path, fileSchema, { version: 1, networks: [] });
  }

  /** A sentence for the user where the file could not be used. */
  get problem(): string | undefined {
    return this.#file.problem;
  }

  get list(): readonly RecentNetwork[] {
    return this.#file.value.networks;
  }

  /** A path leads to one network only: to what was opened there last. */
  async add(opened: RecentNetwork): Promise<void> {
    const others = this.list.filter(
      ({ network, path }) => network !== opened.network && path !== opened.path,
    );
    const networks = [opened, ...others].slice(0, most);
    await this.#file.save({ version: 1, networks });
  }
}
