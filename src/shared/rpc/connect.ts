import type { CommandSpec, JobSpec } from "../contract";
import { decodeFault, Fault } from "../fault";
import type { Port, PortMessage } from "../port";
import type {
  CallOptions,
  Client,
  JobOptions,
  Table,
  WithBytes,
} from "./types";
import {
  anyIdSchema,
  check,
  serverMessageSchema,
  type ClientMessage,
  type ServerMessage,
} from "./wire";

export interface ConnectOptions {
  /** False spares checking the headers of frames, many a second; everything else is always checked. */
  readonly validateFrames?: boolean;
  /** What open and later calls reject with once the port is closed. */
  readonly gone?: () => Fault;
}

type AnyJobOptions = JobOptions<JobSpec>;

interface Pending {
  readonly name: string;
  readonly spec: CommandSpec | JobSpec;
  readonly options: AnyJobOptions;
  readonly resolve: (answer: {
    reply: unknown;
    bytes: Uint8Array | undefined;
  }) => void;
  readonly reject: (error: unknown) => void;
}

function engineGone(): Fault {
  return new Fault(
    "engine-gone",
    "The engine has stopped.",
    "Start it again; finished pictures are kept.",
  );
}

/** Calls what {@link serve} serves on the other end. Replies and events are validated. */
export function connect<T extends Table>(
  port: Port,
  table: T,
  { validateFrames = true, gone = engineGone }: ConnectOptions = {},
): Client<T> {
  const open = new Map<number, Pending>();
  let nextId = 0;
  let closed = false;

  function send(message: ClientMessage, bytes?: Uint8Array): void {
    if (closed) return;
    port.post(bytes ? { header: message, bytes } : { header: message });
  }

  function receive({ header, bytes }: PortMessage): void {
    const message = check(serverMessageSchema, header);
    if (message.problem !== undefined) {
      // Better a failed call than one that waits for ever.
      const stray = check(anyIdSchema, header);
      const name =
        stray.problem === undefined && open.get(stray.value.id)?.name;
      if (name) fail(stray.value.id, notUnderstood(name, message.problem));
      return;
    }
    // An id that is not open is a late answer to what was given up.
    const pending = open.get(message.value.id);
    if (pending) dispatch(pending, message.value, bytes);
  }

  function dispatch(
    pending: Pending,
    message: ServerMessage,
    bytes: Uint8Array | undefined,
  ): void {
    const { id } = message;
    switch (message.kind) {
      case "ok": {
        const reply = check(pending.spec.reply, message.reply);
        open.delete(id);
        if (reply.problem === undefined)
          pending.resolve({ reply: reply.value, bytes });
        else pending.reject(notUnderstood(pending.name, reply.problem));
        break;
      }
      case "fault": {
        const { signal } = pending.options;
        open.delete(id);
        pending.reject(
          message.cancelled && signal?.aborted
            ? signal.reason
            : decodeFault(message.fault),
        );
        break;
      }
      case "progress":
        deliverProgress(id, pending, message.progress);
        break;
      case "frame":
        deliverFrame(id, pending, message.slot, message.frame, bytes);
        break;
    }
  }

  /** Ends a call from this side; what the server still sends for it is ignored. */
  function fail(id: number, error: unknown): void {
    const pending = open.get(id);
    if (!pending) return;
    open.delete(id);
    send({ kind: "cancel", id });
    pending.reject(error);
  }

  function deliverProgress(id: number, pending: Pending, value: unknown): void {
    const { spec, name, options } = pending;
    if (!("progress" in spec)) {
      fail(id, notUnderstood(name, "progress of a command that has none"));
      return;
    }
    const progress = check(spec.progress, value);
    if (progress.problem !== undefined) {
      fail(id, notUnderstood(name, progress.problem));
      return;
    }
    try {
      options.onProgress?.(progress.value);
    } catch (error) {
      fail(id, error);
    }
  }

  function deliverFrame(
    id: number,
    pending: Pending,
    slot: string,
    value: unknown,
    bytes: Uint8Array | undefined,
  ): void {
    const { spec, name, options } = pending;
    if (!("frame" in spec) || !bytes) {
      fail(id, notUnderstood(name, "a frame where there can be none"));
      return;
    }
    const frame = validateFrames ? check(spec.frame, value) : { value };
    if ("problem" in frame && frame.problem !== undefined) {
      fail(id, notUnderstood(name, frame.problem));
      return;
    }
    paint(id, slot, () => options.onFrame?.(frame.value, bytes));
  }

  function paint(
    id: number,
    slot: string,
    work: () => void | Promise<void>,
  ): void {
    // Not an async function: a painter that is not asynchronous gives its credit back in this very turn.
    try {
      const painting = work();
      if (painting)
        painting.then(
          () => {
            if (open.has(id)) send({ kind: "credit", id, slot });
          },
          (error: unknown) => {
            fail(id, error);
          },
        );
      else send({ kind: "credit", id, slot });
    } catch (error) {
      fail(id, error);
    }
  }

  /** A promise of the terminal message. `patient`: a cancel waits for what the handler makes of it. */
  function begin(
    name: string,
    request: unknown,
    options: AnyJobOptions,
    patient: boolean,
  ): Promise<{ reply: unknown; bytes: Uint8Array | undefined }> {
    return new Promise((resolve, reject) => {
      const spec = Object.hasOwn(table, name) ? table[name] : undefined;
      const { signal } = options;
      if (closed || !spec) {
        reject(
          closed
            ? gone()
            : new Fault(
                "invalid-request",
                `There is no command named "${name}".`,
              ),
        );
        return;
      }
      if (signal?.aborted && !patient) {
        reject(signal.reason as Error);
        return;
      }
      const id = nextId++;
      const cancel = (): void => {
        if (patient) send({ kind: "cancel", id });
        else fail(id, signal?.reason);
      };
      const settled = (): void => {
        signal?.removeEventListener("abort", cancel);
      };
      open.set(id, {
        name,
        spec,
        options,
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a signal's reason is whatever its owner chose
          reject(error);
        },
      });
      signal?.addEventListener("abort", cancel);
      // Ahead of its call, so that the handler never sees a signal that is not aborted yet.
      if (signal?.aborted) cancel();
      send({ kind: "call", id, name, request }, options.bytes);
    });
  }

  function lost(): void {
    if (closed) return;
    closed = true;
    offMessage();
    const left = [...open.values()];
    open.clear();
    for (const pending of left) pending.reject(gone());
  }

  const offMessage = port.onMessage(receive);
  port.onClose(lost);

  const client = {
    async call(name: string, request: unknown, options: CallOptions = {}) {
      const { reply } = await begin(name, request, options, false);
      return reply;
    },
    async callBytes(
      name: string,
      request: unknown,
      options: CallOptions = {},
    ): Promise<WithBytes<unknown>> {
      const { reply, bytes } = await begin(name, request, options, false);
      // A reply of null says that there is nothing, and so there are no bytes.
      if (!bytes && reply !== null)
        throw notUnderstood(name, "bytes are missing");
      return { reply, bytes: bytes ?? new Uint8Array(0) };
    },
    async job(name: string, request: unknown, options: AnyJobOptions = {}) {
      const { reply } = await begin(name, request, options, true);
      return reply;
    },
    close() {
      lost();
      port.close();
    },
  };
  // Every reply was checked against the schema of its name; a table's index type cannot say so.
  return client as unknown as Client<T>;
}

function notUnderstood(name: string, problem: string): Fault {
  return new Fault(
    "internal",
    `The answer to ${name} was not understood: ${problem}.`,
    "The log holds the details.",
  );
}
