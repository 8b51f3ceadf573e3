import { readEnvelope, type PortEnvelope } from "../shared/message-port";
import type { RawChannel, RawListener } from "../shared/pipe";

/** The part of Electron's MessagePortMain used here, so that tests need no Electron. */
export interface MainPort {
  on(event: "message", listener: (event: { data: unknown }) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/**
 * Ties a window's port to a channel of the engine's pipe: bytes pass, nothing is looked into.
 * Either side's end is the other's.
 */
export function relay(
  port: MainPort,
  open: (listener: RawListener) => RawChannel,
): void {
  let over = false;
  const farewell: PortEnvelope = { closed: true };
  const channel = open({
    onMessage(header, bytes) {
      if (over) return;
      const envelope: PortEnvelope = bytes ? { header, bytes } : { header };
      port.postMessage(envelope);
    },
    onClose() {
      if (over) return;
      over = true;
      port.postMessage(farewell);
      port.close();
    },
  });
  port.on("message", ({ data }) => {
    const envelope = readEnvelope(data);
    if (!envelope) return;
    if ("closed" in envelope) channel.close();
    else channel.post(envelope.header, envelope.bytes);
  });
  port.on("close", () => {
    over = true;
    channel.close();
  });
  port.start();
}

/** For a window that asks while there is no engine. */
export function refuse(port: MainPort): void {
  const farewell: PortEnvelope = { closed: true };
  port.postMessage(farewell);
  port.close();
}
