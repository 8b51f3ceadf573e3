import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

const maxBytes = 4 * 2 ** 20;

/**
 * A log file that is moved to `<path>.1` before it grows past its limit, so that two files are all there ever is.
 * Written in place, not later: what was said before a crash is there after it.
 */
export class Log {
  readonly path: string;
  readonly #limit: number;
  #file: number | undefined;
  #size = 0;

  constructor(path: string, limit = maxBytes) {
    this.path = path;
    this.#limit = limit;
  }

  /** Whatever the engine's process prints, as it is. */
  append(chunk: string | Uint8Array): void {
    const bytes = Buffer.from(chunk);
    try {
      this.#file ??= this.#open();
      if (this.#size > 0 && this.#size + bytes.length > this.#limit)
        this.#file = this.#rotate();
      writeSync(this.#file, bytes);
      this.#size += bytes.length;
    } catch {
      // A full disk must not take the app along; there is nowhere left to say it.
    }
  }

  line(text: string): void {
    this.append(`${new Date().toISOString()} ${text}\n`);
  }

  /** The log may be used again. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    mkdirSync(dirname(this.path), { recursive: true });
    const file = openSync(this.path, "a");
    this.#size = fstatSync(file).size;
    return file;
  }

  #rotate(): number {
    this.close();
    renameSync(this.path, `${this.path}.1`);
    return this.#open();
  }
}
