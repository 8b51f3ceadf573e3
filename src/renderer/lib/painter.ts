/**
 * Spreads painting over animation frames: at most `budgetMs` of it a frame, the newest job of a surface only.
 * With many live tiles every one is painted, none makes the window stutter.
 */
export class Painter {
  readonly #budgetMs: number;
  readonly #jobs = new Map<object, () => void>();
  #waiting: (() => void)[] = [];
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(budgetMs = 8) {
    this.#budgetMs = budgetMs;
  }

  /** Paints soon; a later job for the same surface replaces one that has not run. */
  paint(surface: object, job: () => void): void {
    this.#jobs.set(surface, job);
    this.#schedule();
  }

  /** The surface is gone. */
  forget(surface: object): void {
    this.#jobs.delete(surface);
  }

  /** Resolves when all that was asked for up to the next frame is on the screen. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    this.#frame = requestAnimationFrame(this.#run);
    // A hidden window gets no animation frames; painting must go on, or its credits would never return.
    this.#timer = setTimeout(this.#run, 200);
  }

  readonly #run = (): void => {
    cancelAnimationFrame(this.#frame);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const end = performance.now() + this.#budgetMs;
    for (const [surface, job] of this.#jobs) {
      this.#jobs.delete(surface);
      job();
      if (performance.now() >= end) break;
    }
    if (this.#jobs.size > 0) {
      this.#schedule();
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  };
}
