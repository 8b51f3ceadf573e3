import type { Picture } from "../../shared/pictures";
import { ByteCache } from "../lib/byte-cache";
import type { Engine } from "./engine.svelte";
import type { Gallery } from "./gallery.svelte";
import type { Tile } from "./tile.svelte";

const cacheBytes = 256 * 1024 * 1024;

/** Fetches pictures of finished runs from the library, the newest wish of a tile only. */
export class Pictures {
  readonly #engine: Engine;
  readonly #cache = new ByteCache<{ step: number; picture: Picture }>(
    cacheBytes,
  );
  /** What a tile should show next while it fetches something else. */
  readonly #wishes = new Map<Tile, number>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Sees to it that the tile holds the picture for a place of the scrubber; null: the newest. */
  want(gallery: Gallery, tile: Tile, step: number | null): void {
    const { record } = tile;
    if (!record) return;
    if (step === null) {
      if (tile.picture && tile.pictureStep === record.step) return;
      void this.#fetch(gallery, tile, record.step);
      return;
    }
    const kept = tile.keptStep(step);
    if (kept === null || tile.kept?.step === kept) return;
    void this.#fetch(gallery, tile, kept);
  }

  /** A kept picture; rejects with a Fault. */
  async load(
    gallery: string,
    run: string,
    step: number,
  ): Promise<{ step: number; picture: Picture }> {
    const key = `${gallery}/${run}@${step}`;
    const known = this.#cache.get(key);
    if (known) return known;
    const { reply, bytes } = await this.#engine.client.callBytes("picture", {
      gallery,
      run,
      step,
    });
    const loaded = {
      step: reply.step,
      picture: readPicture(reply.shape, bytes),
    };
    this.#cache.set(key, loaded, bytes.byteLength);
    return loaded;
  }

  async #fetch(gallery: Gallery, tile: Tile, step: number): Promise<void> {
    const busy = this.#wishes.has(tile);
    this.#wishes.set(tile, step);
    if (busy) return;
    try {
      for (let done: number | null = null; done !== this.#wishes.get(tile);) {
        const wish: number = this.#wishes.get(tile) ?? step;
        const { record } = tile;
        if (!record) return;
        const loaded = await this.load(record.gallery, record.id, wish);
        done = wish;
        tile.kept = loaded;
        if (loaded.step === record.step) {
          tile.show(loaded.picture, loaded.step);
          gallery.hold(tile, loaded.picture.values.byteLength);
        }
      }
    } catch (error) {
      tile.refuse(error);
    } finally {
      this.#wishes.delete(tile);
    }
  }
}

/** Bytes off the wire as a picture; throws where their number does not fit the shape. */
export function readPicture(
  shape: Picture["shape"],
  bytes: Uint8Array,
): Picture {
  const [height, width, channels] = shape;
  if (bytes.byteLength !== height * width * channels * 2)
    throw new RangeError(
      `A ${height} x ${width} x ${channels} picture does not fit ${bytes.byteLength} bytes.`,
    );
  // int16 needs an even offset; a view into a larger message may not have one.
  const whole = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return {
    shape,
    values: new Int16Array(
      whole.buffer,
      whole.byteOffset,
      whole.byteLength / 2,
    ),
  };
}
