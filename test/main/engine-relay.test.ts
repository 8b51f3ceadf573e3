import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { relay, type MainPort } from "../../src/main/engine-relay";
import { relayLimits } from "../../src/main/relay-limits";
import type { RawListener } from "../../src/shared/pipe";

/** A window's port, and the engine's channel beside it. */
function connected({ reads = true } = {}) {
  const window = new EventEmitter();
  const told: unknown[] = [];
  const sent: [header: string, bytes: Uint8Array | undefined][] = [];
  const refused: string[] = [];
  const drained = new Set<() => void>();
  let engine: RawListener | undefined;
  let isReading = reads;
  const port: MainPort = {
    on: (event: string, listener: (...values: never[]) => void) =>
      window.on(event, listener as (...values: unknown[]) => void),
    postMessage: (message) => told.push(message),
    start: () => undefined,
    close: () => undefined,
  };
  let open = false;
  relay(
    port,
    (listener) => {
      engine = listener;
      open = true;
      return {
        post: (header, bytes) => sent.push([header, bytes]),
        close: () => {
          if (!open) return;
          open = false;
          engine?.onClose();
        },
        writable: () => isReading,
        onDrain: (listener) => {
          drained.add(listener);
          return () => drained.delete(listener);
        },
      };
    },
    (why) => refused.push(why),
  );
  return {
    sent,
    told,
    refused,
    listeners: drained,
    isOpen: () => open,
    drain: () => {
      isReading = true;
      for (const listener of drained) listener();
    },
    fill: () => (isReading = false),
    send: (data: unknown) => window.emit("message", { data }),
  };
}

const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

describe("the relay between a window and the engine", () => {
  it("passes on what is within the limits, to the last byte", () => {
    const { send, sent, told, isOpen } = connected();
    const messages = [
      { header: "{}" },
      { header: `"${"x".repeat(relayLimits.header - 2)}"` },
      { header: deep(relayLimits.depth) },
      // brackets in a string are text
      { header: `["${"[".repeat(1000)}\\"${"{".repeat(1000)}"]` },
      { header: "{}", bytes: new Uint8Array(relayLimits.message - 2) },
    ];
    for (const message of messages) send(message);
    expect(sent.map(([header]) => header)).toEqual(
      messages.map(({ header }) => header),
    );
    expect(told).toEqual([]);
    expect(isOpen()).toBe(true);
  });

  it.each<[string, unknown, string]>([
    [
      "a long header",
      { header: `"${"x".repeat(relayLimits.header - 1)}"` },
      "its header is too long",
    ],
    [
      "a header of few characters and many bytes",
      { header: `"${"\u4e00".repeat(relayLimits.header / 3 + 1)}"` },
      "its header is too long",
    ],
    [
      "a large message",
      { header: "{}", bytes: new Uint8Array(relayLimits.message - 1) },
      "it is too large",
    ],
    [
      "a deep header",
      { header: deep(relayLimits.depth + 1) },
      "its header is too deep",
    ],
    ["no message", { header: 7 }, "it is no message"],
    ["nothing", undefined, "it is no message"],
    ["bytes that are none", { header: "{}", bytes: "x" }, "it is no message"],
  ])("ends the connection at %s, and only that", (_, message, why) => {
    const { send, sent, told, refused, isOpen, listeners } = connected();
    send(message);
    expect(refused).toEqual([why]);
    expect(isOpen()).toBe(false);
    expect(told).toEqual([{ closed: true }]);
    expect(listeners.size).toBe(0);
    // what comes after it too
    send({ header: "{}" });
    expect(sent).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it("ends a window's connection that sends more than the engine takes", () => {
    const { send, refused, isOpen, drain, fill } = connected({ reads: false });
    const half = {
      header: "{}",
      bytes: new Uint8Array(relayLimits.waiting / 2),
    };
    send(half);
    drain();
    fill();
    send(half);
    expect(isOpen()).toBe(true);
    send(half);
    expect(refused).toEqual(["the engine does not keep up with it"]);
    expect(isOpen()).toBe(false);
  });
});
