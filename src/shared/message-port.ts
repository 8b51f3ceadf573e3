/**
 * A browser's MessagePort as a {@link Port}. Headers cross as JSON text, so that main relays them between
 * the window and the host's pipe without ever looking inside.
 */
import { parseJson, toJson } from "./json";
import { PortState, type Port, type PortMessage } from "./port";

/**
 * What crosses a MessagePort. Closing is a message too: the ports' own `close` event is not everywhere, and
 * a page of Electron 25 that listens for it crashes when it loads again.
 */
export type PortEnvelope =
  | { readonly header: string; readonly bytes?: Uint8Array }
  | { readonly closed: true };

/** The part of a MessagePort used here; structural, since shared code knows no DOM. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  addEventListener(type: string, listener: (event: never) => void): void;
  start(): void;
  close(): void;
}

/**
 * Structured clone copies the whole buffer behind a view: a slice of a large pool would drag the pool along.
 */
export function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

export function sealMessage({ header, bytes }: PortMessage): PortEnvelope {
  const text = toJson(header);
  return bytes ? { header: text, bytes: compact(bytes) } : { header: text };
}

/** Undefined for anything that is not an envelope. */
export function readEnvelope(data: unknown): PortEnvelope | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  if ("closed" in data && data.closed === true) return { closed: true };
  if (!("header" in data) || typeof data.header !== "string") return undefined;
  const bytes = "bytes" in data ? data.bytes : undefined;
  if (bytes === undefined) return { header: data.header };
  return bytes instanceof Uint8Array
    ? { header: data.header, bytes }
    : undefined;
}

/** Takes over `port`: starts it, and closes it when the other side says it is gone. */
export function portFromMessagePort(port: MessagePortLike): Port {
  const state = new PortState();
  const shut = (): void => {
    port.close();
    state.close();
  };
  port.addEventListener("message", (event: { data: unknown }) => {
    const envelope = readEnvelope(event.data);
    if (!envelope) return;
    if ("closed" in envelope) shut();
    else state.receive(unseal(envelope));
  });
  port.start();
  return {
    post(message) {
      if (!state.closed) port.postMessage(sealMessage(message));
    },
    onMessage: (listener) => state.onMessage(listener),
    onClose: (listener) => state.onClose(listener),
    close() {
      if (state.closed) return;
      const farewell: PortEnvelope = { closed: true };
      port.postMessage(farewell);
      shut();
    },
  };
}

function unseal(envelope: { header: string; bytes?: Uint8Array }): PortMessage {
  const header = parseJson(envelope.header);
  return envelope.bytes ? { header, bytes: envelope.bytes } : { header };
}
