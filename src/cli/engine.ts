/** What several commands need of the host: a network, a backend. */
import { openBackend, type Backend } from "../main/host/backend";
import { openNamed, type OpenedNetwork } from "../main/host/networks";
import { readAnswers } from "./answers";
import type { Context, Values } from "./command";

/**
 * Opens a network with what the flags say of it; its warnings and what was guessed go to stderr.
 * `openSize` is the input where the file fixes none and --size is not given.
 */
export async function openTheNetwork(
  name: string,
  values: Values,
  context: Context,
  openSize: readonly [number, number] | null = null,
): Promise<OpenedNetwork> {
  const { signal } = context;
  const given = await readAnswers(values);
  const opened = await openNamed(name, { signal, given, openSize });
  const { warnings, report } = opened.info;
  for (const warning of warnings) context.warn(warning);
  if (report.from.preprocessing === "guess")
    context.warn(`${report.because} Say it with --preprocess.`);
  return opened;
}

/** Opens the backend; says so where it is only a fallback. */
export async function openTheBackend(context: Context): Promise<Backend> {
  const backend = await openBackend();
  if (backend.status.reason) context.warn(backend.status.reason);
  return backend;
}
