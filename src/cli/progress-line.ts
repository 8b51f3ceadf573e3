/** Progress on stderr: one bar that moves on a terminal, a line now and then elsewhere. */
import type { Output } from "./io";

const width = 24;
const barInterval = 100;
const lineInterval = 10_000;

export class ProgressLine {
  readonly #output: Output;
  readonly #title: string;
  #shownAt = -Infinity;
  #drawn = false;

  constructor(output: Output, title: string) {
    this.#output = output;
    this.#title = title;
  }

  /** `detail` stands behind the percentage: a rate, the time left. */
  show(done: number, total: number, detail = ""): void {
    const now = performance.now();
    const terminal = this.#output.isTTY === true;
    const complete = done >= total;
    if (
      !complete &&
      now - this.#shownAt < (terminal ? barInterval : lineInterval)
    )
      return;
    this.#shownAt = now;
    const part = total > 0 ? Math.min(1, done / total) : 1;
    const percent = `${Math.floor(part * 100)} %`;
    const text = `${percent.padStart(5)}${detail ? `  ${detail}` : ""}`;
    if (!terminal) {
      this.#output.write(`${this.#title} ${text.trim()}\n`);
      return;
    }
    const full = Math.round(part * width);
    const bar = "█".repeat(full) + "░".repeat(width - full);
    const line = `${this.#title} ${bar} ${text}`;
    this.#output.write(`\r\x1b[2K${line.slice(0, this.#output.columns ?? 80)}`);
    this.#drawn = true;
  }

  /** Takes the bar away, so that a line of text has its place. */
  clear(): void {
    if (this.#drawn) this.#output.write("\r\x1b[2K");
    this.#drawn = false;
  }
}

/** 4 s, 3 min 20 s, 2 h 5 min. */
export function spellDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
