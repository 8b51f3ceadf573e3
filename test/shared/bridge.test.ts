import { MessageChannel } from "node:worker_threads";
import { expect, it } from "vitest";
import {
  callApp,
  listenForEnginePort,
  onAppEvent,
  type Bridge,
  type PageLike,
} from "../../src/shared/bridge";
import { enginePortMessage } from "../../src/shared/channels";
import type { Port } from "../../src/shared/port";

function fakeBridge(answer: unknown): Bridge & { emit(event: unknown): void } {
  const listeners = new Set<(event: unknown) => void>();
  return {
    // Deliberately not of the contract in some tests.
    app: () => Promise.resolve(answer as { reply: unknown }),
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    connectEngine: () => Promise.resolve(),
    dropped: () => Promise.resolve([]),
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
  };
}

it("gives replies, validated, and throws faults", async () => {
  const reply = { version: "1", electron: "25.1.1", warning: null };
  expect(await callApp(fakeBridge({ reply }), "about", {})).toEqual(reply);
  await expect(
    callApp(fakeBridge({ reply: { version: 1 } }), "about", {}),
  ).rejects.toMatchObject({ code: "internal" });
  const fault = { code: "export-failed", message: "Full.", remedy: "Empty." };
  await expect(
    callApp(fakeBridge({ fault }), "about", {}),
  ).rejects.toMatchObject(fault);
});

it("passes on events of the contract, until it is turned off", () => {
  const bridge = fakeBridge({});
  const seen: unknown[] = [];
  const off = onAppEvent(bridge, (event) => seen.push(event));
  bridge.emit({ kind: "menu", command: "run" });
  bridge.emit({ kind: "menu", command: "format-disk" });
  bridge.emit(null);
  off();
  bridge.emit({ kind: "resumed" });
  expect(seen).toEqual([{ kind: "menu", command: "run" }]);
});

it("takes ports only from its own window's engine message", () => {
  let receive = (_event: unknown): void => undefined;
  const page: PageLike = {
    addEventListener: (_type, listener) => {
      // The test makes the events itself.
      receive = listener as unknown as typeof receive;
    },
    removeEventListener: () => {
      receive = () => undefined;
    },
  };
  const ports: Port[] = [];
  const off = listenForEnginePort(page, (port) => ports.push(port));
  const { port1 } = new MessageChannel();
  const message = { source: page, data: enginePortMessage, ports: [port1] };
  receive({ ...message, source: {} });
  receive({ ...message, data: "something else" });
  receive({ ...message, ports: [] });
  expect(ports).toHaveLength(0);
  receive(message);
  expect(ports).toHaveLength(1);
  off();
  receive(message);
  expect(ports).toHaveLength(1);
  ports[0]?.close();
});
