/** The step all tiles show: the newest, or one of those that were kept. */
export class Scrubber {
  /** Null: live, the newest picture of every tile. */
  step = $state<number | null>(null);
  /** Steps to stop at, ascending; from the gallery shown. */
  readonly #kept: () => readonly number[];

  constructor(kept: () => readonly number[]) {
    this.#kept = kept;
  }

  get kept(): readonly number[] {
    return this.#kept();
  }

  /** Place among the kept steps; the one past the end is live. */
  get place(): number {
    if (this.step === null) return this.places - 1;
    const at = this.kept.findLastIndex((k) => k <= (this.step ?? 0));
    return Math.max(0, at);
  }

  /** The kept steps and, in place of the last of them, live. */
  get places(): number {
    return Math.max(1, this.kept.length);
  }

  goTo(place: number): void {
    const last = this.places - 1;
    this.step = place >= last ? null : (this.kept[Math.max(0, place)] ?? null);
  }

  /** One kept step back (-1) or on (1). */
  move(by: number): void {
    this.goTo(this.place + by);
  }

  goLive(): void {
    this.step = null;
  }
}
