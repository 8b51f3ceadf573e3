/**
 * Many ports over one byte stream: what main and the engine host speak. Whoever only relays never parses
 * a header.
 */
import { parseJson, toJson } from "./json";
import { encodeFrame, FrameReader, kinds, type Frame } from "./pipe-frames";
import { PortState, type Port } from "./port";

/** The part of a Node duplex stream used here; structural, since shared code knows no Node. */
export interface DuplexLike {
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "drain" | "error" | "close", listener: () => void): unknown;
}

/** The channel main gives its orders on; the renderer's connections count from 1. */
export const controlChannel = 0;

/** One channel with headers still as text, for whoever relays. */
export interface RawChannel {
  post(header: string, bytes: Uint8Array | undefined): void;
  close(): void;
  /** False while what was written waits in memory. */
  writable(): boolean;
  onDrain(listener: () => void): () => void;
}
export interface RawListener {
  onMessage(header: string, bytes: Uint8Array | undefined): void;
  onClose(): void;
}

/** Both ends of the pipe are one of these. */
export class PipeMux {
  readonly #stream: DuplexLike;
  readonly #channels = new Map<number, RawListener>();
  readonly #drainListeners = new Set<() => void>();
  readonly #closeListeners = new Set<() => void>();
  #accept: ((channel: number) => void) | undefined;
  #full = false;
  #closed = false;

  constructor(stream: DuplexLike) {
    this.#stream = stream;
    const reader = new FrameReader();
    stream.on("data", (chunk: Uint8Array) => {
      if (this.#closed) return;
      for (const frame of reader.push(chunk)) this.#dispatch(frame);
      // Nothing after this can be understood: as good as gone.
      if (reader.broken) this.close();
    });
    stream.on("drain", () => {
      this.#full = false;
      for (const listener of [...this.#drainListeners]) listener();
    });
    const lost = (): void => {
      this.#lost();
    };
    stream.on("error", lost);
    stream.on("close", lost);
  }

  /** Called with each channel the other side opens; answer with `openPort` or `openRaw` in the same turn. */
  onOpen(accept: (channel: number) => void): void {
    this.#accept = accept;
  }

  /** Called once, when the stream is over. */
  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.add(listener);
  }

  /** `announce`: tells the other side, which has not opened it itself. */
  openRaw(
    channel: number,
    listener: RawListener,
    announce: boolean,
  ): RawChannel {
    if (this.#closed) listener.onClose();
    else {
      this.#channels.set(channel, listener);
      if (announce) this.#write(kinds.open, channel, "", undefined);
    }
    return {
      post: (header, bytes) => {
        if (this.#channels.get(channel) !== listener) return;
        const kind = bytes ? kinds.messageWithBytes : kinds.message;
        this.#write(kind, channel, header, bytes);
      },
      close: () => {
        if (this.#channels.get(channel) !== listener) return;
        this.#channels.delete(channel);
        this.#write(kinds.close, channel, "", undefined);
        listener.onClose();
      },
      writable: () => !this.#full,
      onDrain: (drained) => {
        this.#drainListeners.add(drained);
        return () => this.#drainListeners.delete(drained);
      },
    };
  }

  openPort(channel: number, announce: boolean): Port {
    const state = new PortState();
    const raw = this.openRaw(
      channel,
      {
        onMessage(header, bytes) {
          const message = parseJson(header);
          state.receive(
            bytes ? { header: message, bytes } : { header: message },
          );
        },
        onClose() {
          state.close();
        },
      },
      announce,
    );
    return {
      post: ({ header, bytes }) => {
        raw.post(toJson(header), bytes);
      },
      onMessage: (listener) => state.onMessage(listener),
      onClose: (listener) => state.onClose(listener),
      close: () => {
        raw.close();
      },
      writable: () => raw.writable(),
      onDrain: (listener) => raw.onDrain(listener),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#stream.end();
    this.#lost();
  }

  #dispatch({ kind, channel, header, bytes }: Frame): void {
    switch (kind) {
      case kinds.open:
        if (!this.#channels.has(channel)) this.#accept?.(channel);
        break;
      case kinds.close: {
        const listener = this.#channels.get(channel);
        this.#channels.delete(channel);
        listener?.onClose();
        break;
      }
      default:
        this.#channels.get(channel)?.onMessage(header, bytes);
    }
  }

  #write(
    kind: number,
    channel: number,
    header: string,
    bytes: Uint8Array | undefined,
  ): void {
    if (this.#closed) return;
    let open = this.#stream.write(encodeFrame(kind, channel, header, bytes));
    if (bytes && bytes.byteLength > 0) open = this.#stream.write(bytes);
    if (!open) this.#full = true;
  }

  #lost(): void {
    if (this.#closed) return;
    this.#closed = true;
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const listener of channels) listener.onClose();
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
  }
}
