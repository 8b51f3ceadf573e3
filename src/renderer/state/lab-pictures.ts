import type { Picture } from "../../shared/pictures";
import { ByteCache } from "../lib/byte-cache";

/** A picture on its way, or kept with its row. */
export interface LabPicture {
  /** The step it is of; null: kept with the row. */
  readonly step: number | null;
  readonly picture: Picture;
}

export interface LabPicturesOptions {
  /** Reads the picture kept under a key; null where there is none. */
  readonly read: (key: string) => Promise<Picture | null>;
  readonly failed: (error: unknown) => void;
}

const cacheBytes = 128 * 1024 * 1024;

/** Pictures of cells by their keys: live ones as they come, kept ones once somebody looks. */
export class LabPictures {
  readonly #options: LabPicturesOptions;
  readonly #shown = new ByteCache<LabPicture>(cacheBytes);
  readonly #watchers = new Map<string, Set<(picture: LabPicture) => void>>();
  /** Another set after every `clear`: what was on its way by then is not shown any more. */
  #fetching = new Set<string>();

  constructor(options: LabPicturesOptions) {
    this.#options = options;
  }

  /**
   * Tells every picture under a key to `listener`: the one there is, at once, and all that come. Returns its off.
   */
  watch(key: string, listener: (picture: LabPicture) => void): () => void {
    const watchers = this.#watchers.get(key) ?? new Set();
    watchers.add(listener);
    this.#watchers.set(key, watchers);
    const known = this.#shown.get(key);
    if (known) listener(known);
    return () => {
      watchers.delete(listener);
      if (watchers.size === 0) this.#watchers.delete(key);
    };
  }

  has(key: string): boolean {
    return this.#shown.get(key) !== undefined;
  }

  /** True where somebody looks. */
  show(key: string, shown: LabPicture): boolean {
    this.#shown.set(key, shown, shown.picture.values.byteLength);
    const watchers = this.#watchers.get(key);
    for (const listener of watchers ?? []) listener(shown);
    return watchers !== undefined;
  }

  /** Shows the kept picture, unless another one comes before it. */
  async fetch(key: string): Promise<void> {
    const fetching = this.#fetching;
    if (fetching.has(key)) return;
    fetching.add(key);
    const { read, failed } = this.#options;
    try {
      const picture = await read(key);
      if (picture && fetching === this.#fetching && !this.has(key))
        this.show(key, { step: null, picture });
    } catch (error) {
      if (fetching === this.#fetching) failed(error);
    } finally {
      fetching.delete(key);
    }
  }

  clear(): void {
    this.#shown.clear();
    this.#fetching = new Set();
  }
}

/** Whether a picture's key is a cell's: the cell's own, or with "@" and more behind it where it keeps several. */
export function isPictureOf(cell: string, picture: string): boolean {
  return picture === cell || picture.startsWith(`${cell}@`);
}
