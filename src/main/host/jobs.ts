/** Heavy jobs take turns: one computes, the others wait in the order they came. */
export class JobQueue {
  /** Settles once the last job that came has ended or given up its turn. */
  #last: Promise<void> = Promise.resolve();

  /**
   * Runs a task once all before it have ended. Rejects with the signal's reason if that is aborted before
   * the task's turn.
   */
  run<T>(
    task: () => Promise<T>,
    { signal }: { signal: AbortSignal },
  ): Promise<T> {
    const before = this.#last;
    const result = abortable(before, signal).then(task);
    // whoever comes after a job that gave up still waits for those before it
    this.#last = Promise.allSettled([before, result]).then(() => undefined);
    return result;
  }

  /** Settles once nothing runs or waits. */
  async idle(): Promise<void> {
    let seen: Promise<void> | null = null;
    while (seen !== this.#last) await (seen = this.#last);
  }
}

/** Settles with the promise, or rejects as soon as the signal is aborted. */
function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      // a signal's reason may be anything; ours are errors
      reject(signal.reason as Error);
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener("abort", stop, { once: true });
    void promise.then(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
  });
}
