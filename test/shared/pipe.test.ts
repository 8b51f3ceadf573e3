import { once } from "node:events";
import { connect as dial, createServer, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PipeMux, type DuplexLike } from "../../src/shared/pipe";
import { encodeFrame, FrameReader, kinds } from "../../src/shared/pipe-frames";
import { connect, serve } from "../../src/shared/rpc";
import { deferred, table, type TestTable } from "./rpc-table";
import type { Handlers } from "../../src/shared/rpc";

function concat(parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe("frames", () => {
  const bytes = Uint8Array.of(9, 8, 7);
  const stream = concat([
    encodeFrame(kinds.open, 3, "", undefined),
    encodeFrame(kinds.message, 3, '"grüß"', undefined),
    encodeFrame(kinds.messageWithBytes, 4, "{}", bytes),
    bytes,
    encodeFrame(kinds.messageWithBytes, 4, "{}", new Uint8Array()),
    encodeFrame(kinds.close, 3, "", undefined),
  ]);
  const expected = [
    { kind: kinds.open, channel: 3, header: "", bytes: undefined },
    { kind: kinds.message, channel: 3, header: '"grüß"', bytes: undefined },
    { kind: kinds.messageWithBytes, channel: 4, header: "{}", bytes },
    {
      kind: kinds.messageWithBytes,
      channel: 4,
      header: "{}",
      bytes: new Uint8Array(),
    },
    { kind: kinds.close, channel: 3, header: "", bytes: undefined },
  ];

  it.each([1, 2, 3, 7, 16, 17, 1000])(
    "come out the same in chunks of %i bytes",
    (size) => {
      const reader = new FrameReader();
      const frames = [];
      for (let at = 0; at < stream.length; at += size)
        frames.push(...reader.push(stream.subarray(at, at + size)));
      expect(frames).toEqual(expected);
      expect(reader.broken).toBe(false);
    },
  );

  it("are given up once the stream is out of step", () => {
    const reader = new FrameReader();
    expect([...reader.push(new Uint8Array(64).fill(0xff))]).toEqual([]);
    expect(reader.broken).toBe(true);
    expect([...reader.push(stream)]).toEqual([]);
  });

  it("copies bytes out of the chunk they came in", () => {
    const [, , frame] = [...new FrameReader().push(stream)];
    expect(frame?.bytes?.buffer.byteLength).toBe(3);
  });
});

describe("channels over a socket", () => {
  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of cleanUp.splice(0).reverse()) await undo();
  });

  async function sockets(): Promise<[Socket, Socket]> {
    const folder = await mkdtemp(join(tmpdir(), "proxima-pipe-"));
    cleanUp.push(() => rm(folder, { recursive: true }));
    const path = join(folder, "socket");
    const server = createServer().listen(path);
    await once(server, "listening");
    const accepted = once(server, "connection");
    const near = dial(path);
    // once gives an untyped array; a server's connection is a socket.
    const [far] = (await accepted) as [Socket];
    server.close();
    cleanUp.push(
      () => near.destroy(),
      () => far.destroy(),
    );
    return [near, far];
  }

  const handlers: Handlers<TestTable> = {
    add: ({ a, b }) => Promise.resolve(a + b),
    keep: () => Promise.resolve(true),
    reverse: (_, { bytes = new Uint8Array() }) =>
      Promise.resolve({
        reply: { length: bytes.length },
        bytes: bytes.slice().reverse(),
      }),
    wait: () => new Promise(() => undefined),
    count: () => new Promise(() => undefined),
  };

  it("carries typed calls, large bytes too, on several channels at once", async () => {
    const [near, far] = await sockets();
    const host = new PipeMux(far);
    host.onOpen((channel) => {
      serve(host.openPort(channel, false), table, handlers);
    });
    const main = new PipeMux(near);
    const clients = [1, 2].map((channel) =>
      connect(main.openPort(channel, true), table),
    );
    const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
    const answers = await Promise.all(
      clients.map((client) =>
        client.callBytes("reverse", {}, { bytes: large }),
      ),
    );
    for (const { reply, bytes } of answers) {
      expect(reply).toEqual({ length: large.length });
      expect(Buffer.from(bytes).equals(Buffer.from(large).reverse())).toBe(
        true,
      );
    }
  });

  it("closes one channel without the others, on both sides", async () => {
    const [near, far] = await sockets();
    const closed = deferred<number>();
    const host = new PipeMux(far);
    host.onOpen((channel) => {
      const port = host.openPort(channel, false);
      port.onClose(() => {
        closed.resolve(channel);
      });
      serve(port, table, handlers);
    });
    const main = new PipeMux(near);
    const first = connect(main.openPort(1, true), table);
    const second = connect(main.openPort(2, true), table);
    const waiting = first.call("wait", {});
    first.close();
    await expect(waiting).rejects.toMatchObject({ code: "engine-gone" });
    expect(await closed.promise).toBe(1);
    expect(await second.call("add", { a: 1, b: 2 })).toBe(3);
  });

  it("closes everything when the other process is gone", async () => {
    const [near, far] = await sockets();
    const host = new PipeMux(far);
    host.onOpen((channel) => {
      serve(host.openPort(channel, false), table, handlers);
    });
    const main = new PipeMux(near);
    const over = deferred<undefined>();
    main.onClose(() => {
      over.resolve(undefined);
    });
    const client = connect(main.openPort(1, true), table);
    expect(await client.call("add", { a: 1, b: 1 })).toBe(2);
    const waiting = client.call("wait", {});
    far.destroy();
    await expect(waiting).rejects.toMatchObject({ code: "engine-gone" });
    await over.promise;
    // Too late for a new channel: it is closed from the start.
    const late = connect(main.openPort(2, true), table);
    await expect(late.call("add", { a: 1, b: 1 })).rejects.toMatchObject({
      code: "engine-gone",
    });
  });

  it("says when it is full, and when it has drained", () => {
    const written: Uint8Array[] = [];
    const listeners = new Map<string, (chunk: Uint8Array) => void>();
    const stream: DuplexLike = {
      write: (chunk) => written.push(chunk) < 2,
      end: () => undefined,
      on: (event, listener) => listeners.set(event, listener),
    };
    const port = new PipeMux(stream).openPort(1, true);
    let drains = 0;
    port.onDrain?.(() => drains++);
    expect(port.writable?.()).toBe(true);
    port.post({ header: {} });
    expect(port.writable?.()).toBe(false);
    listeners.get("drain")?.(new Uint8Array());
    expect(port.writable?.()).toBe(true);
    expect(drains).toBe(1);
  });
});
