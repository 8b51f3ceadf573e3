/** Collects what an experiment has done and tells it ten times a second, losing no row. */
import type { LabProgress, LabRowData } from "../../../shared/contract";

const intervalMs = 100;

export class LabReport {
  readonly #send: (progress: LabProgress) => void;
  readonly #began = performance.now();
  readonly #total: number;
  #done: number;
  #computed = 0;
  /** By key: of a row that came twice since, the later one. */
  #rows = new Map<string, LabRowData>();
  #sentAt = -Infinity;

  /** Work of all cells, and of those that are to be computed. */
  constructor(
    total: number,
    missing: number,
    send: (progress: LabProgress) => void,
  ) {
    this.#total = total;
    this.#done = total - missing;
    this.#send = send;
  }

  row(row: LabRowData): void {
    this.#rows.set(row.key, row);
  }

  /** `before`: it took no time now. */
  did(work: number, before = false): void {
    this.#done += work;
    if (!before) this.#computed += work;
  }

  /** Tells what is untold if it is time, or at once. */
  flush(atOnce = false): void {
    const now = performance.now();
    if (!atOnce && now - this.#sentAt < intervalMs) return;
    this.#sentAt = now;
    const elapsedMs = now - this.#began;
    const left = this.#total - this.#done;
    this.#send({
      done: Math.min(this.#done, this.#total),
      total: this.#total,
      elapsedMs,
      leftMs:
        this.#computed > 0
          ? Math.max(0, (left / this.#computed) * elapsedMs)
          : null,
      rows: [...this.#rows.values()],
    });
    this.#rows = new Map();
  }
}
