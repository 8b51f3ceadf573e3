import type { AppAnswer } from "../shared/bridge";
import { app as appTable, type AppTable } from "../shared/contract";
import { encodeFault, Fault } from "../shared/fault";
import type { Handlers } from "../shared/rpc";
import { check } from "../shared/rpc/wire";

type AnyHandler = (
  request: unknown,
  context: { signal: AbortSignal; bytes: Uint8Array | undefined },
) => Promise<unknown>;

/** Answers one command of the `app` table; requests are validated here, whoever sent them. */
export async function answerApp(
  handlers: Handlers<AppTable>,
  [name, request, bytes]: unknown[],
  onError: (error: unknown) => void,
): Promise<AppAnswer> {
  try {
    return { reply: await run(handlers, name, request, bytes) };
  } catch (error) {
    if (!(error instanceof Fault)) onError(error);
    return { fault: encodeFault(error) };
  }
}

async function run(
  handlers: Handlers<AppTable>,
  name: unknown,
  request: unknown,
  bytes: unknown,
): Promise<unknown> {
  if (!isCommand(name))
    throw new Fault("invalid-request", "There is no such command.");
  if (bytes !== undefined && !(bytes instanceof Uint8Array))
    throw new Fault("invalid-request", `The bytes for ${name} are no bytes.`);
  const parsed = check(appTable[name].request, request);
  if (parsed.problem !== undefined)
    throw new Fault(
      "invalid-request",
      `The request for ${name} is not valid: ${parsed.problem}.`,
    );
  // The request was checked against this very handler's schema; a table's index type cannot say so.
  const handler = handlers[name] as AnyHandler;
  return handler(parsed.value, {
    signal: new AbortController().signal,
    bytes,
  });
}

function isCommand(name: unknown): name is keyof AppTable {
  // hasOwn: "constructor" and "__proto__" are no commands.
  return typeof name === "string" && Object.hasOwn(appTable, name);
}
