/** What several commands need of the host: a network, a backend. */
import { openBackend, type Backend } from "../main/host/backend";
import { openNamed, type OpenedNetwork } from "../main/host/networks";
import { Fault } from "../shared/fault";
import { readSize } from "./arguments";
import type { Context, Flag, Values } from "./command";

export const sizeFlag: Flag = {
  value: "HxW",
  help: "height and width of the input, instead of the network's own",
};

/**
 * Opens a network, with the input that --size asks for; its warnings go to stderr.
 * `size` is the input where the files fix none and nothing was asked for.
 */
export async function openTheNetwork(
  name: string,
  values: Values,
  context: Context,
  size: readonly [number, number] | null = null,
): Promise<OpenedNetwork> {
  const { signal } = context;
  const text = values.one("size");
  const asked = text === undefined ? null : readSize(text);
  const opened = await openNamed(name, { signal, size: asked }).catch(
    (error: unknown) => {
      const open = error instanceof Fault && error.code === "invalid-request";
      if (!open || !size || asked) throw error;
      return openNamed(name, { signal, size });
    },
  );
  for (const warning of opened.info.warnings) context.warn(warning);
  return opened;
}

/** Opens the backend; says so where it is only a fallback. */
export async function openTheBackend(context: Context): Promise<Backend> {
  const backend = await openBackend();
  if (backend.status.reason) context.warn(backend.status.reason);
  return backend;
}
