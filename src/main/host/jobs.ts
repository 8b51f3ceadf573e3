import { abortable } from "./abortable";

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
