/** Lets a few of many go at a time, in the order they came; one whose signal aborts leaves the line. */
export class Lane {
  readonly #width: number;
  #busy = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  /** Rejects with the signal's reason where it aborts before the task has begun. */
  async run<T>(
    task: () => Promise<T>,
    { signal }: { signal: AbortSignal },
  ): Promise<T> {
    if (this.#busy >= this.#width)
      await new Promise<void>((go) => this.#waiting.push(go));
    else this.#busy++;
    try {
      signal.throwIfAborted();
      return await task();
    } finally {
      this.#release();
    }
  }

  /** Hands the place on; those who have given up are let through to find out. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#busy--;
  }
}
