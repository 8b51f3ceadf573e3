import {
  createWriteStream,
  mkdirSync,
  renameSync,
  statSync,
  type WriteStream,
} from "node:fs";
import { dirname } from "node:path";

const maxBytes = 4 * 2 ** 20;

/** A log file that is moved to `<path>.1` once it has grown past its limit, so that two files are all there ever is. */
export class Log {
  readonly path: string;
  readonly #limit: number;
  #stream: WriteStream | undefined;
  #size = 0;

  constructor(path: string, limit = maxBytes) {
    this.path = path;
    this.#limit = limit;
  }

  /** Whatever the engine's process prints, as it is. */
  append(chunk: string | Uint8Array): void {
    if (this.#size >= this.#limit) this.#rotate();
    this.#stream ??= this.#open();
    this.#stream.write(chunk);
    this.#size += chunk.length;
  }

  line(text: string): void {
    this.append(`${new Date().toISOString()} ${text}\n`);
  }

  /** Resolves once all is written; the log may be used again. */
  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    if (!stream) return;
    await new Promise<void>((resolve) => {
      stream.end(resolve);
    });
  }

  #open(): WriteStream {
    mkdirSync(dirname(this.path), { recursive: true });
    this.#size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    if (this.#size >= this.#limit) this.#shift();
    const stream = createWriteStream(this.path, { flags: "a" });
    // A full disk must not take the app along; there is nowhere left to say it.
    stream.on("error", () => undefined);
    return stream;
  }

  #rotate(): void {
    this.#stream?.end();
    this.#stream = undefined;
  }

  #shift(): void {
    renameSync(this.path, `${this.path}.1`);
    this.#size = 0;
  }
}
