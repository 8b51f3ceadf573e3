import { parseJson, toJson } from "./json";

/**
 * What carries messages between two sides. A MessagePort, a MessagePortMain and a length-prefixed pipe
 * all look like this, so that tests and the command line drive the host without Electron.
 * `header` is JSON; `bytes` travel raw. Never transfer: a copy is what every carrier can do.
 */
export interface PortMessage {
  readonly header: unknown;
  readonly bytes?: Uint8Array;
}

export interface Port {
  post(message: PortMessage): void;
  /** Returns its off. Messages that came before the first listener are kept for it. */
  onMessage(listener: (message: PortMessage) => void): () => void;
  /** Called once, when the other side is gone or `close` was called; at once if that has happened already. */
  onClose(listener: () => void): () => void;
  close(): void;
  /** False while the carrier is full: frames wait then, newer ones replacing older. Absent where it never is. */
  writable?(): boolean;
  /** Called when `writable` has become true again. Returns its off. */
  onDrain?(listener: () => void): () => void;
}

/** The listeners of one end of a carrier: what every implementation of {@link Port} shares. */
export class PortState {
  #listeners = new Set<(message: PortMessage) => void>();
  #closeListeners = new Set<() => void>();
  #waiting: PortMessage[] = [];
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  receive(message: PortMessage): void {
    if (this.#closed) return;
    if (this.#listeners.size === 0) this.#waiting.push(message);
    for (const listener of [...this.#listeners]) listener(message);
  }

  onMessage(listener: (message: PortMessage) => void): () => void {
    this.#listeners.add(listener);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) listener(message);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  onClose(listener: () => void): () => void {
    if (this.#closed) {
      listener();
      return () => undefined;
    }
    this.#closeListeners.add(listener);
    return () => {
      this.#closeListeners.delete(listener);
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    const listeners = [...this.#closeListeners];
    this.#closeListeners.clear();
    for (const listener of listeners) listener();
  }
}

/** Two ends in one process; each message arrives as a copy, in a later microtask, in order. */
export function portPair(): [Port, Port] {
  const states: [PortState, PortState] = [new PortState(), new PortState()];
  const end = (mine: PortState, theirs: PortState): Port => ({
    post({ header, bytes }) {
      const text = toJson(header);
      const copy = bytes?.slice();
      queueMicrotask(() => {
        const received = parseJson(text);
        theirs.receive(
          copy ? { header: received, bytes: copy } : { header: received },
        );
      });
    },
    onMessage: (listener) => mine.onMessage(listener),
    onClose: (listener) => mine.onClose(listener),
    close() {
      // The other end still gets what was posted before.
      mine.close();
      queueMicrotask(() => {
        theirs.close();
      });
    },
  });
  return [end(states[0], states[1]), end(states[1], states[0])];
}
