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
  /** Returns its off. */
  onMessage(listener: (message: PortMessage) => void): () => void;
  /** Called once, when the other side is gone or `close` was called; at once if that has happened already. */
  onClose(listener: () => void): () => void;
  close(): void;
}
