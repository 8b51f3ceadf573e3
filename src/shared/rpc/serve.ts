import { encodeFault, Fault, type FaultData } from "../fault";
import type { Port, PortMessage } from "../port";
import { Mailboxes } from "./mailboxes";
import type { Handlers, JobContext, Table, WithBytes } from "./types";
import {
  callIdSchema,
  check,
  clientMessageSchema,
  type ClientMessage,
  type ServerMessage,
} from "./wire";

export interface ServeOptions {
  /** Everything a handler throws that is neither a Fault nor its cancel, for the log. */
  readonly onError?: (error: unknown, name: string) => void;
}

/** A hostile or broken caller must not exhaust the server. */
const maxOpenCalls = 1000;
const maxEarlyCancels = 64;

type AnyHandler = (
  request: unknown,
  context: JobContext<Table[string] & { progress: never; frame: never }>,
) => Promise<unknown>;

interface OpenCall {
  readonly controller: AbortController;
  readonly mailboxes: Mailboxes;
}

/**
 * Serves `table` on `port` until the port closes or the returned function is called; both abort all that runs.
 * Every request is validated. A cancel that comes before its call is honoured.
 */
export function serve<T extends Table>(
  port: Port,
  table: T,
  handlers: Handlers<T>,
  options: ServeOptions = {},
): () => void {
  const open = new Map<number, OpenCall>();
  const earlyCancels = new Set<number>();
  let highest = -1;
  let stopped = false;

  function send(message: ServerMessage, bytes?: Uint8Array): void {
    if (stopped) return;
    port.post(bytes ? { header: message, bytes } : { header: message });
  }

  function refuse(id: number, message: string): void {
    const fault: FaultData = { code: "invalid-request", message, remedy: "" };
    send({ kind: "fault", id, fault, cancelled: false });
  }

  function receive({ header, bytes }: PortMessage): void {
    const message = check(clientMessageSchema, header);
    if (message.problem === undefined) {
      dispatch(message.value, bytes);
      return;
    }
    const call = check(callIdSchema, header);
    if (call.problem === undefined && !open.has(call.value.id))
      refuse(call.value.id, `The call is malformed: ${message.problem}.`);
  }

  function dispatch(message: ClientMessage, bytes?: Uint8Array): void {
    const { id } = message;
    switch (message.kind) {
      case "call":
        if (!open.has(id)) start(id, message.name, message.request, bytes);
        break;
      case "cancel":
        if (open.has(id)) open.get(id)?.controller.abort();
        else if (id > highest && earlyCancels.size < maxEarlyCancels)
          earlyCancels.add(id);
        break;
      case "credit":
        open.get(id)?.mailboxes.credit(message.slot);
        break;
    }
  }

  function start(
    id: number,
    name: string,
    request: unknown,
    bytes: Uint8Array | undefined,
  ): void {
    highest = Math.max(highest, id);
    const cancelled = earlyCancels.delete(id);
    if (open.size >= maxOpenCalls) {
      refuse(id, "Too many calls are open at once.");
      return;
    }
    // hasOwn: "constructor" and "__proto__" are no commands.
    const spec = Object.hasOwn(table, name) ? table[name] : undefined;
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (!spec || !handler) {
      refuse(id, `There is no command named "${name}".`);
      return;
    }
    const parsed = check(spec.request, request);
    if (parsed.problem !== undefined) {
      refuse(id, `The request for ${name} is not valid: ${parsed.problem}.`);
      return;
    }
    const controller = new AbortController();
    if (cancelled) controller.abort();
    const mailboxes = new Mailboxes(port, (slot, frame, frameBytes) => {
      send({ kind: "frame", id, slot, frame }, frameBytes);
    });
    open.set(id, { controller, mailboxes });
    const context: Parameters<AnyHandler>[1] = {
      signal: controller.signal,
      bytes,
      progress(progress) {
        if (open.has(id) && !mailboxes.closed)
          send({ kind: "progress", id, progress });
      },
      wants: (slot) => mailboxes.wants(slot),
      frame: (slot, frame, frameBytes) => {
        mailboxes.put(slot, frame, frameBytes);
      },
    };
    // The request was checked against this very handler's schema; a table's index type cannot say so.
    void run(id, name, () => (handler as AnyHandler)(parsed.value, context));
  }

  async function run(
    id: number,
    name: string,
    work: () => Promise<unknown>,
  ): Promise<void> {
    let terminal: ServerMessage;
    let bytes: Uint8Array | undefined;
    try {
      let reply = await work();
      if (hasBytes(reply)) ({ reply, bytes } = reply);
      terminal = { kind: "ok", id, reply };
    } catch (error) {
      terminal = failure(id, name, error);
    }
    open.get(id)?.mailboxes.flush();
    open.delete(id);
    try {
      send(terminal, bytes);
    } catch (error) {
      // The reply cannot be written as JSON: the caller still gets its one answer.
      send(failure(id, name, error));
    }
  }

  function failure(id: number, name: string, error: unknown): ServerMessage {
    const signal = open.get(id)?.controller.signal;
    const cancelled = signal?.aborted === true && isAbort(error, signal);
    if (!cancelled && !(error instanceof Fault)) options.onError?.(error, name);
    const fault = cancelled
      ? new Fault("internal", "The call was cancelled.")
      : error;
    return { kind: "fault", id, fault: encodeFault(fault), cancelled };
  }

  function stop(): void {
    if (stopped) return;
    stopped = true;
    offMessage();
    offClose();
    for (const call of open.values()) {
      call.mailboxes.close();
      call.controller.abort();
    }
  }

  let offClose = (): void => undefined;
  const offMessage = port.onMessage(receive);
  offClose = port.onClose(stop);
  return stop;
}

function hasBytes(reply: unknown): reply is WithBytes<unknown> {
  return (
    typeof reply === "object" &&
    reply !== null &&
    "bytes" in reply &&
    reply.bytes instanceof Uint8Array &&
    "reply" in reply
  );
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return (
    error === signal.reason ||
    (error instanceof Error && error.name === "AbortError")
  );
}
