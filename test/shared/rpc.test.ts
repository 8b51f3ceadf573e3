import { MessageChannel } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { Fault } from "../../src/shared/fault";
import {
  portFromMessagePort,
  type MessagePortLike,
} from "../../src/shared/message-port";
import { portPair, type Port, type PortMessage } from "../../src/shared/port";
import {
  connect,
  serve,
  type Handlers,
  type JobContext,
} from "../../src/shared/rpc";
import { Mailboxes } from "../../src/shared/rpc/mailboxes";
import { aborted, deferred, table, type TestTable } from "./rpc-table";

const never = (): Promise<never> => new Promise(() => undefined);
const idle: Handlers<TestTable> = {
  add: ({ a, b }) => Promise.resolve(a + b),
  reverse: (_, { bytes }) =>
    Promise.resolve({
      reply: { length: bytes?.length ?? -1 },
      bytes: (bytes ?? new Uint8Array()).slice().reverse(),
    }),
  keep: () => Promise.resolve(true),
  wait: never,
  count: never,
};

function nodeChannel(): [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  // Node's ports are EventTargets too; its types leave that out.
  return [port1, port2].map((port) =>
    portFromMessagePort(port as unknown as MessagePortLike),
  ) as [Port, Port];
}

const open: Port[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});
function track(ports: [Port, Port]): [Port, Port] {
  open.push(...ports);
  return ports;
}

describe.each([
  ["an in-memory pair", portPair],
  ["a Node MessageChannel", nodeChannel],
])("calls over %s", (_, makePorts) => {
  function setUp(handlers: Partial<Handlers<TestTable>> = {}) {
    const [near, far] = track(makePorts());
    const errors: unknown[] = [];
    const stop = serve(
      far,
      table,
      { ...idle, ...handlers },
      {
        onError: (error) => errors.push(error),
      },
    );
    return { client: connect(near, table), near, far, stop, errors };
  }

  it("carries values and bytes both ways", async () => {
    const { client } = setUp();
    expect(await client.call("add", { a: 2, b: 40 })).toBe(42);
    // A view into a larger buffer: only the view must arrive.
    const pool = Uint8Array.from({ length: 100 }, (_unused, i) => i);
    const { reply, bytes } = await client.callBytes(
      "reverse",
      {},
      { bytes: pool.subarray(10, 14) },
    );
    expect(reply).toEqual({ length: 4 });
    expect([...bytes]).toEqual([13, 12, 11, 10]);
    expect(bytes.buffer.byteLength).toBe(4);
  });

  it("answers many calls at once, each with its own reply", async () => {
    const { client } = setUp();
    const sums = await Promise.all(
      Array.from({ length: 50 }, (_unused, i) =>
        client.call("add", { a: i, b: i }),
      ),
    );
    expect(sums).toEqual(Array.from({ length: 50 }, (_unused, i) => 2 * i));
  });

  it("brings a Fault across as it is, and anything else as internal, told to the log", async () => {
    const surprise = new Error("boom");
    const { client, errors } = setUp({
      add: () => Promise.reject(new Fault("damaged-file", "Short.", "Again.")),
      wait: () => Promise.reject(surprise),
    });
    await expect(client.call("add", { a: 1, b: 1 })).rejects.toMatchObject({
      code: "damaged-file",
      message: "Short.",
      remedy: "Again.",
    });
    await expect(client.call("wait", {})).rejects.toMatchObject({
      code: "internal",
    });
    expect(errors).toEqual([surprise]);
  });

  it("gives every call one answer, even where the reply cannot be written", async () => {
    const { client } = setUp({
      wait: () => Promise.resolve(10n as unknown as string),
    });
    await expect(client.call("wait", {})).rejects.toMatchObject({
      code: "internal",
    });
  });

  it("keeps progress in order and hands over frames with their bytes", async () => {
    const { client } = setUp({
      count: ({ to }, context) => {
        for (let at = 0; at < to; at++) context.progress({ at });
        context.frame("a", { step: to }, Uint8Array.of(1, 2, 3));
        return Promise.resolve({ state: "done" });
      },
    });
    const seen: number[] = [];
    const frames: [number, number[]][] = [];
    const reply = await client.job(
      "count",
      { to: 30 },
      {
        onProgress: ({ at }) => seen.push(at),
        onFrame: ({ step }, bytes) => {
          frames.push([step, [...bytes]]);
        },
      },
    );
    expect(reply).toEqual({ state: "done" });
    expect(seen).toEqual(Array.from({ length: 30 }, (_unused, i) => i));
    expect(frames).toEqual([[30, [1, 2, 3]]]);
  });

  it("sends a slow painter only the newest frame, and the last before the end", async () => {
    const context = deferred<JobContext<TestTable["count"]>>();
    const end = deferred<{ state: "done" }>();
    const { client } = setUp({
      count: (_request, jobContext) => {
        context.resolve(jobContext);
        return end.promise;
      },
    });
    const painted: number[] = [];
    const paints = [deferred<undefined>(), deferred<undefined>()];
    const arrived = [deferred<undefined>(), deferred<undefined>()];
    const job = client.job(
      "count",
      { to: 0 },
      {
        onFrame: ({ step }) => {
          const turn = painted.push(step) - 1;
          arrived[turn]?.resolve(undefined);
          return paints[turn]?.promise;
        },
      },
    );
    const server = await context.promise;
    const put = (step: number): void => {
      server.frame("tile", { step }, Uint8Array.of(step));
    };
    expect(server.wants("tile")).toBe(true);
    put(1);
    expect(server.wants("tile")).toBe(false);
    expect(server.wants("another")).toBe(true);
    put(2);
    put(3);
    await arrived[0]?.promise;
    expect(painted).toEqual([1]);
    // Painted: the credit goes back, and with it comes the newest frame; 2 was replaced.
    paints[0]?.resolve(undefined);
    await arrived[1]?.promise;
    expect(painted).toEqual([1, 3]);
    // The second is never painted; the last frame comes all the same, before the reply.
    put(4);
    put(5);
    end.resolve({ state: "done" });
    await job;
    expect(painted).toEqual([1, 3, 5]);
  });

  it("cancels a job, which answers with its own result", async () => {
    const { client } = setUp({
      count: async (_request, { signal }) => {
        await aborted(signal);
        return { state: "cancelled" };
      },
    });
    const controller = new AbortController();
    const job = client.job("count", { to: 1 }, { signal: controller.signal });
    controller.abort();
    expect(await job).toEqual({ state: "cancelled" });
  });

  it("honours a cancel that came before the start: the handler never sees a live signal", async () => {
    const seen: boolean[] = [];
    const { client } = setUp({
      count: (_request, { signal }) => {
        seen.push(signal.aborted);
        return Promise.resolve({
          state: signal.aborted ? "cancelled" : "done",
        });
      },
    });
    expect(
      await client.job("count", { to: 1 }, { signal: AbortSignal.abort() }),
    ).toEqual({ state: "cancelled" });
    expect(await client.job("count", { to: 1 })).toEqual({ state: "done" });
    expect(seen).toEqual([true, false]);
  });

  it("rejects with the signal's reason where the handler gives up, without an entry in the log", async () => {
    const { client, errors } = setUp({
      count: async (_request, { signal }) => {
        await aborted(signal);
        signal.throwIfAborted();
        return { state: "done" };
      },
    });
    const controller = new AbortController();
    const reason = new Error("enough");
    const job = client.job("count", { to: 1 }, { signal: controller.signal });
    controller.abort(reason);
    await expect(job).rejects.toBe(reason);
    expect(errors).toEqual([]);
  });

  it("lets go of a command at once, and aborts it on the other side", async () => {
    const over = deferred<undefined>();
    const { client } = setUp({
      wait: async (_request, { signal }) => {
        await aborted(signal);
        over.resolve(undefined);
        return never();
      },
    });
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const call = client.call("wait", {}, { signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await over.promise;
    await expect(
      client.call("add", { a: 1, b: 1 }, { signal: controller.signal }),
    ).rejects.toBe(reason);
  });

  it("ends all on both sides when the client closes", async () => {
    const over = deferred<boolean>();
    const started = deferred<undefined>();
    const { client } = setUp({
      count: async (_request, { signal }) => {
        started.resolve(undefined);
        await aborted(signal);
        over.resolve(signal.aborted);
        return { state: "cancelled" };
      },
    });
    const job = client.job("count", { to: 1 });
    const call = client.call("wait", {});
    await started.promise;
    client.close();
    await expect(job).rejects.toMatchObject({ code: "engine-gone" });
    await expect(call).rejects.toMatchObject({ code: "engine-gone" });
    await expect(client.call("add", { a: 1, b: 1 })).rejects.toMatchObject({
      code: "engine-gone",
    });
    expect(await over.promise).toBe(true);
  });

  it("rejects what is open when the serving side goes", async () => {
    const { client, far } = setUp();
    const call = client.call("wait", {});
    far.close();
    await expect(call).rejects.toMatchObject({ code: "engine-gone" });
  });

  it("fails the job whose listener throws, and aborts it", async () => {
    const over = deferred<undefined>();
    const { client } = setUp({
      count: async (_request, { signal, progress }) => {
        progress({ at: 1 });
        await aborted(signal);
        over.resolve(undefined);
        return { state: "cancelled" };
      },
    });
    const broken = new Error("painter");
    await expect(
      client.job(
        "count",
        { to: 1 },
        {
          onProgress: () => {
            throw broken;
          },
        },
      ),
    ).rejects.toBe(broken);
    await over.promise;
  });

  it("refuses replies, progress and frames that are not of the contract", async () => {
    const wrong = (value: unknown) => value as never;
    const { client } = setUp({
      wait: () => Promise.resolve(wrong(7)),
      count: async ({ to }, context) => {
        if (to === 0) context.progress(wrong({ at: "x" }));
        else context.frame("a", wrong({ step: 0.5 }), Uint8Array.of(1));
        await aborted(context.signal);
        return { state: "done" };
      },
    });
    for (const call of [
      client.call("wait", {}),
      client.job("count", { to: 0 }),
      client.job("count", { to: 1 }),
    ])
      await expect(call).rejects.toMatchObject({
        code: "internal",
        message: expect.stringContaining("not understood") as string,
      });
  });
});

describe("a hostile caller", () => {
  /** The raw end of a served port, and all that has come back to it. */
  function raw(handlers: Partial<Handlers<TestTable>> = {}) {
    const [near, far] = track(portPair());
    let inject = (_header: unknown): void => undefined;
    const open: Port = {
      ...far,
      onMessage: (listener) => {
        inject = (header) => {
          listener({ header });
        };
        return far.onMessage(listener);
      },
    };
    serve(open, table, { ...idle, ...handlers });
    const answers: PortMessage[] = [];
    let arrived = deferred<undefined>();
    near.onMessage((message) => {
      answers.push(message);
      arrived.resolve(undefined);
      arrived = deferred<undefined>();
    });
    return {
      answers,
      /** Past the carrier, straight into the server. */
      inject: (header: unknown) => {
        inject(header);
      },
      post: (header: unknown, bytes?: Uint8Array) => {
        near.post(bytes ? { header, bytes } : { header });
      },
      /** A legitimate call: once it is answered, all before it was handled. */
      async settle() {
        const id = 900_000;
        near.post({
          header: { kind: "call", id, name: "add", request: { a: 1, b: 2 } },
        });
        for (;;) {
          const at = answers.findIndex(
            ({ header }) => (header as { id: number }).id === id,
          );
          if (at >= 0) {
            expect(answers[at]?.header).toEqual({ kind: "ok", id, reply: 3 });
            answers.splice(at, 1);
            return answers.map(({ header }) => header);
          }
          await arrived.promise;
        }
      },
    };
  }

  const call = (id: unknown, name: unknown, request: unknown) => ({
    kind: "call",
    id,
    name,
    request,
  });

  it.each([
    ["nothing", null],
    ["a number", 5],
    ["a string", "call"],
    ["an array", [1, 2]],
    ["an empty object", {}],
    ["an unknown kind", { kind: "eval", id: 1, code: "1" }],
    ["a server's kind", { kind: "ok", id: 1, reply: 1 }],
    ["an unsafe id", call(2 ** 60, "add", { a: 1, b: 1 })],
    ["a negative id", call(-1, "add", { a: 1, b: 1 })],
    ["a fractional id", call(1.5, "add", { a: 1, b: 1 })],
    ["a text id", call("1", "add", { a: 1, b: 1 })],
    ["a cancel of nothing", { kind: "cancel", id: 77 }],
    ["a credit of nothing", { kind: "credit", id: 77, slot: "__proto__" }],
    ["a credit without a slot", { kind: "credit", id: 1 }],
    ["a polluted cancel", JSON.parse('{"kind":"cancel","id":1,"__proto__":1}')],
  ])("is ignored when it posts %s", async (_, header) => {
    const { post, settle } = raw();
    post(header);
    expect(await settle()).toEqual([]);
  });

  it.each([
    ["a name from the prototype", call(1, "constructor", {})],
    ["__proto__", call(1, "__proto__", {})],
    ["an unknown name", call(1, "delete-everything", {})],
    ["a name that is no text", call(1, ["add"], {})],
    ["an endless name", call(1, "x".repeat(10_000), {})],
    ["no request", { kind: "call", id: 1, name: "add" }],
    ["a missing field", call(1, "add", { a: 1 })],
    ["an extra field", call(1, "add", { a: 1, b: 2, c: 3 })],
    ["a wrong type", call(1, "add", { a: "1", b: 2 })],
    ["a float for an int", call(1, "add", { a: 1.5, b: 2 })],
    ["extra fields beside", { ...call(1, "add", { a: 1, b: 2 }), more: 1 }],
    [
      "a prototype in the request",
      call(1, "add", JSON.parse('{"a":1,"b":2,"__proto__":{"a":1}}')),
    ],
  ])("is refused, once, with %s", async (_, header) => {
    const { post, settle } = raw();
    post(header);
    const answers = await settle();
    expect(answers).toEqual([
      {
        kind: "fault",
        id: 1,
        fault: {
          code: "invalid-request",
          message: expect.any(String) as string,
          remedy: "",
        },
        cancelled: false,
      },
    ]);
  });

  it("is told which field is wrong", async () => {
    const { post, settle } = raw();
    post(call(1, "count", { to: -3 }));
    expect(await settle()).toMatchObject([
      { fault: { message: expect.stringMatching(/count.*to: /) as string } },
    ]);
  });

  it("cannot start an id twice, and gets one answer for it", async () => {
    let starts = 0;
    const end = deferred<string>();
    const { post, settle } = raw({
      wait: () => {
        starts++;
        return end.promise;
      },
    });
    post(call(1, "wait", {}));
    post(call(1, "wait", {}));
    await settle();
    end.resolve("once");
    expect(await settle()).toEqual([{ kind: "ok", id: 1, reply: "once" }]);
    expect(starts).toBe(1);
  });

  it("may cancel twice, before and after, without harm", async () => {
    const { post, settle } = raw({
      count: async (_request, { signal }) => {
        await aborted(signal);
        return { state: "cancelled" };
      },
    });
    post({ kind: "cancel", id: 1 });
    post({ kind: "cancel", id: 1 });
    post(call(1, "count", { to: 1 }));
    post({ kind: "cancel", id: 1 });
    post({ kind: "cancel", id: 1 });
    expect(await settle()).toEqual([
      { kind: "ok", id: 1, reply: { state: "cancelled" } },
    ]);
  });

  it("cannot save up credits", async () => {
    const context = deferred<JobContext<TestTable["count"]>>();
    const { post, settle } = raw({
      count: (_request, jobContext) => {
        context.resolve(jobContext);
        return never();
      },
    });
    post(call(1, "count", { to: 1 }));
    const job = await context.promise;
    job.frame("a", { step: 1 }, Uint8Array.of(1));
    for (let i = 0; i < 5; i++) post({ kind: "credit", id: 1, slot: "a" });
    await settle();
    job.frame("a", { step: 2 }, Uint8Array.of(1));
    job.frame("a", { step: 3 }, Uint8Array.of(1));
    const frames = (await settle()).map(
      (answer) => (answer as { frame: unknown }).frame,
    );
    expect(frames).toEqual([{ step: 1 }, { step: 2 }]);
  });

  it("cannot open calls without end", async () => {
    const { post, answers } = raw();
    for (let id = 0; id < 1500; id++) post(call(id, "wait", {}));
    await expect.poll(() => answers.length).toBe(500);
    expect(answers[0]?.header).toMatchObject({
      kind: "fault",
      id: 1000,
      fault: { code: "invalid-request" },
    });
  });

  it("cannot overflow the stack with nesting", async () => {
    const { inject, settle } = raw();
    const depth = 100_000;
    const deep: unknown = JSON.parse("[".repeat(depth) + "]".repeat(depth));
    // In memory, since the serialiser itself would overflow on the way out.
    inject({ kind: "call", id: 1, name: "keep", request: deep });
    expect(await settle()).toMatchObject([{ kind: "fault", id: 1 }]);
  });
});

describe("a full carrier", () => {
  it("holds frames back, the newest only, until it drains", async () => {
    const [near, far] = track(portPair());
    let full = true;
    let drained = (): void => undefined;
    const narrow: Port = {
      ...far,
      writable: () => !full,
      onDrain: (listener) => {
        drained = listener;
        return () => undefined;
      },
    };
    const context = deferred<JobContext<TestTable["count"]>>();
    serve(narrow, table, {
      ...idle,
      count: (_request, jobContext) => {
        context.resolve(jobContext);
        return never();
      },
    });
    const frames: number[] = [];
    const arrived = deferred<undefined>();
    void connect(near, table)
      .job(
        "count",
        { to: 1 },
        {
          onFrame: ({ step }) => {
            frames.push(step);
            arrived.resolve(undefined);
          },
        },
      )
      .catch(() => undefined);
    const job = await context.promise;
    expect(job.wants("a")).toBe(true);
    job.frame("a", { step: 1 }, Uint8Array.of(1));
    expect(job.wants("a")).toBe(false);
    // What waits for a full carrier takes no turn from another slot.
    expect(job.wants("b")).toBe(true);
    job.frame("a", { step: 2 }, Uint8Array.of(1));
    full = false;
    drained();
    await arrived.promise;
    expect(frames).toEqual([2]);
  });

  it("lets the slot go first that has waited longest", () => {
    let open = true;
    let drained = (): void => undefined;
    const sent: string[] = [];
    const [port] = portPair();
    const boxes = new Mailboxes(
      {
        ...port,
        writable: () => open,
        onDrain: (listener) => {
          drained = listener;
          return () => undefined;
        },
      },
      (slot, header) => {
        sent.push(`${slot}${String(header)}`);
        // Room for one frame only.
        open = false;
      },
    );
    const drain = (): void => {
      open = true;
      drained();
    };
    for (const slot of ["a", "b", "c"]) boxes.put(slot, 1, Uint8Array.of(1));
    expect(sent).toEqual(["a1"]);
    boxes.credit("a");
    boxes.put("a", 2, Uint8Array.of(1));
    drain();
    drain();
    drain();
    expect(sent).toEqual(["a1", "b1", "c1", "a2"]);
  });
});
