import { readEnvelope, type PortEnvelope } from "../shared/message-port";
import type { RawChannel, RawListener } from "../shared/pipe";
import { refusal, relayLimits, sizeOf } from "./relay-limits";

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
 * Either side's end is the other's. What is no message or beyond the limits ends this connection, and so does a window
 * that sends more than the engine takes: `onRefused` is told why.
 */
export function relay(
  port: MainPort,
  open: (listener: RawListener) => RawChannel,
  onRefused: (why: string) => void = () => undefined,
): void {
  let over = false;
  /** Bytes since the pipe was full. */
  let waiting = 0;
  const listening: (() => void)[] = [];
  const end = (): void => {
    over = true;
    for (const stop of listening.splice(0)) stop();
  };
  const farewell: PortEnvelope = { closed: true };
  const channel = open({
    onMessage(header, bytes) {
      if (over) return;
      const envelope: PortEnvelope = bytes ? { header, bytes } : { header };
      port.postMessage(envelope);
    },
    onClose() {
      if (over) return;
      end();
      port.postMessage(farewell);
      port.close();
    },
  });
  listening.push(
    channel.onDrain(() => {
      waiting = 0;
    }),
  );
  // the engine may have gone meanwhile
  if (over) end();
  port.on("message", ({ data }) => {
    if (over) return;
    const envelope = readEnvelope(data);
    if (envelope && "closed" in envelope) {
      channel.close();
      return;
    }
    const why = envelope ? refusal(envelope) : "it is no message";
    if (!envelope || why !== null) {
      refuseMore(why ?? "");
      return;
    }
    channel.post(envelope.header, envelope.bytes);
    if (channel.writable()) waiting = 0;
    else waiting += sizeOf(envelope);
    if (waiting > relayLimits.waiting)
      refuseMore("the engine does not keep up with it");
  });
  function refuseMore(why: string): void {
    onRefused(why);
    // tells the window, by way of onClose
    channel.close();
  }
  port.on("close", () => {
    end();
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
