/** Collects what happens to tiles and tells it ten times a second, losing nothing. */
import type { GalleryProgress, TileProgress } from "../../shared/contract";

/** At most 10 Hz. */
const interval = 100;
/** Image-steps a second are told over the last so many milliseconds. */
const window = 3000;

/** `from` is the step of `score`, or of the score that would come next. */
export type TileNews = Omit<TileProgress, "scores">;

export class GalleryReport {
  readonly #gallery: string;
  readonly #send: (progress: GalleryProgress) => void;
  readonly #began = performance.now();
  /** Changed tiles by row, column and seed. */
  readonly #changed = new Map<string, TileProgress>();
  readonly #samples: { at: number; imageSteps: number }[] = [];
  #imageSteps = 0;
  #total: number;
  #sentAt = -Infinity;

  /** `total`: image-steps to do, over all tiles. */
  constructor(
    gallery: string,
    total: number,
    send: (progress: GalleryProgress) => void,
  ) {
    this.#gallery = gallery;
    this.#total = total;
    this.#send = send;
  }

  get elapsedMs(): number {
    return performance.now() - this.#began;
  }

  /** A tile's newest state; the score joins those not yet told. */
  tile(news: TileNews): void {
    const { row, column, seed } = news.tile;
    const key = `${row} ${column} ${seed}`;
    const untold = this.#changed.get(key);
    const scores = untold?.scores ?? [];
    if (news.score !== null) scores.push(news.score);
    // what happened last is told last
    this.#changed.delete(key);
    this.#changed.set(key, {
      ...news,
      from: untold?.from ?? news.from,
      scores,
    });
  }

  /** Image-steps done since the last call. */
  did(imageSteps: number): void {
    this.#imageSteps += imageSteps;
  }

  /** Image-steps that will not be done after all. */
  dropped(imageSteps: number): void {
    this.#total -= imageSteps;
  }

  /** Tells what is untold if it is time, or at once. */
  flush(atOnce = false): void {
    const now = performance.now();
    if (!atOnce && now - this.#sentAt < interval) return;
    if (this.#changed.size === 0) return;
    this.#sentAt = now;
    const tiles = [...this.#changed.values()];
    this.#changed.clear();
    this.#send({
      gallery: this.#gallery,
      imageSteps: this.#imageSteps,
      imageStepsTotal: this.#total,
      rate: this.#rate(now),
      elapsedMs: this.elapsedMs,
      tiles,
    });
  }

  #rate(now: number): number | null {
    const samples = this.#samples;
    samples.push({ at: now, imageSteps: this.#imageSteps });
    while (samples.length > 2 && now - (samples[1]?.at ?? now) > window)
      samples.shift();
    const first = samples[0];
    if (!first || now - first.at < interval) return null;
    return ((this.#imageSteps - first.imageSteps) / (now - first.at)) * 1000;
  }
}
