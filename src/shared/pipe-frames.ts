/**
 * The frames of the pipe between main and the engine host: a prefix of four unsigned 32-bit little-endian
 * numbers (kind, channel, length of header, length of bytes), the header as UTF-8 JSON, and the raw bytes.
 */
export const kinds = {
  open: 1,
  close: 2,
  message: 3,
  messageWithBytes: 4,
} as const;
const prefixLength = 16;
/** A length beyond these means that the stream is out of step: it is given up. */
const maxHeader = 256 * 2 ** 20;
const maxBytes = 2 ** 30;

export interface Frame {
  readonly kind: number;
  readonly channel: number;
  /** JSON text. */
  readonly header: string;
  readonly bytes: Uint8Array | undefined;
}

const encoder = new TextEncoder();
const none = new Uint8Array(0);

/** Prefix and header of a frame; its bytes follow as they are. */
export function encodeFrame(
  kind: number,
  channel: number,
  header: string,
  bytes: Uint8Array | undefined,
): Uint8Array {
  const text = encoder.encode(header);
  const frame = new Uint8Array(prefixLength + text.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, channel, true);
  view.setUint32(8, text.byteLength, true);
  view.setUint32(12, bytes?.byteLength ?? 0, true);
  frame.set(text, prefixLength);
  return frame;
}

/** Cuts a stream's chunks, however they fall, into frames. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #length = 0;
  #prefix: DataView | undefined;
  #broken = false;
  readonly #decoder = new TextDecoder();

  /** Out of step: no more frames will come. */
  get broken(): boolean {
    return this.#broken;
  }

  *push(chunk: Uint8Array): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (!this.#broken) {
      this.#prefix ??= this.#readPrefix();
      if (!this.#prefix) return;
      const header = this.#prefix.getUint32(8, true);
      const bytes = this.#prefix.getUint32(12, true);
      if (this.#length < header + bytes) return;
      const kind = this.#prefix.getUint32(0, true);
      const frame = {
        kind,
        channel: this.#prefix.getUint32(4, true),
        header: this.#decoder.decode(this.#take(header)),
        bytes: kind === kinds.messageWithBytes ? this.#take(bytes) : undefined,
      };
      this.#prefix = undefined;
      yield frame;
    }
  }

  #readPrefix(): DataView | undefined {
    if (this.#length < prefixLength) return undefined;
    const prefix = new DataView(this.#take(prefixLength).buffer);
    const kind = prefix.getUint32(0, true);
    const bytes = prefix.getUint32(12, true);
    const sound =
      kind >= kinds.open &&
      kind <= kinds.messageWithBytes &&
      prefix.getUint32(8, true) <= maxHeader &&
      bytes <= maxBytes &&
      (bytes === 0 || kind === kinds.messageWithBytes);
    this.#broken = !sound;
    return sound ? prefix : undefined;
  }

  /** The next `length` bytes in a buffer of their own: a picture must not drag a socket's pool along. */
  #take(length: number): Uint8Array {
    const taken = new Uint8Array(length);
    let at = 0;
    let used = 0;
    while (at < length) {
      const chunk = this.#chunks[used] ?? none;
      const part = chunk.subarray(0, length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === chunk.length) used++;
      else this.#chunks[used] = chunk.subarray(part.length);
    }
    this.#chunks.splice(0, used);
    this.#length -= length;
    return taken;
  }
}
