import { stat } from "node:fs/promises";
import { z } from "zod";
import type { AppTable, Reply } from "../shared/contract";
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
/** See `networks.opened` in the contract. */
export type Was = Reply<AppTable["networks.opened"]>["was"];

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

  /**
   * A path leads to one network only, to what was opened there last; and content to one path only, to where it
   * was found last. Says what it was before.
   */
  async add(opened: RecentNetwork): Promise<Was> {
    const there = this.list.find(({ path }) => path === opened.path);
    const alike = this.list.find((known) => isSameContent(known, opened));
    const was: Was =
      alike && alike.path !== opened.path && !(await isPresent(alike))
        ? "moved"
        : alike
          ? "same"
          : there
            ? "changed"
            : "new";
    const others = this.list.filter(
      (known) => known.path !== opened.path && !isSameContent(known, opened),
    );
    const networks = [opened, ...others].slice(0, most);
    await this.#file.save({ version: 1, networks });
    return was;
  }
}

/** Whether something still lies where it was opened. */
export async function isPresent({ path }: RecentNetwork): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The host's names of networks end in a part of their hash; what stands before follows the file's name. */
function isSameContent(a: RecentNetwork, b: RecentNetwork): boolean {
  if (a.network === b.network) return true;
  const [left, right] = [a, b].map(
    ({ network }) => /-([0-9a-f]{12})$/.exec(network)?.[1],
  );
  return left !== undefined && left === right;
}
