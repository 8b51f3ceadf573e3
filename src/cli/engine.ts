/** What several commands need of the host: a network, a backend. */
import { openBackend, type Backend } from "../main/host/backend";
import { dataFolder, downloadsIn } from "../main/host/data-folder";
import { examineNetwork, isDoubtful } from "../main/host/examine-network";
import { KnownNetworks } from "../main/host/known/known-networks";
import { openNamed, type OpenedNetwork } from "../main/host/networks";
import { RememberedAnswers } from "../main/host/remembered-answers";
import { assumptionWarnings } from "../shared/assumptions";
import type { ImportReport } from "../shared/domain";
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
  const known = await openTheKnown(context);
  const remembered = await RememberedAnswers.open(dataFolder(), logTo(context));
  const opened = await openNamed(name, {
    signal,
    given,
    openSize,
    known,
    remembered,
  });
  const { warnings, report } = opened.info;
  const assumed = assumptionWarnings(report.assumptions);
  for (const warning of warnings)
    if (!assumed.includes(warning)) context.warn(warning);
  if (assumed.length > 0) context.warn(assumedLine(report));
  const { from, because } = report;
  if (from.preprocessing === "guess")
    context.warn(`${because} Say it with --preprocess.`);
  else if (from.size === "guess")
    context.warn(`${because} Say it with --size.`);
  return opened;
}

/** Warns where what the network computes speaks against it; those warnings are added to its summary. */
export async function examineTheNetwork(
  { network, info }: OpenedNetwork,
  context: Context,
): Promise<readonly string[]> {
  if (info.bundled || !isDoubtful(info.report)) return [];
  const { signal } = context;
  const found = await examineNetwork(network, await openBackend(), { signal });
  for (const warning of found) context.warn(warning);
  return found;
}

/** All assumptions in a line: their sentences would bury what a command prints. */
function assumedLine({ assumptions }: ImportReport): string {
  const open = assumptions.filter(
    ({ from }) => from === "assumed" || from === "evidence",
  );
  const values = open.map(({ key, value }) => `${key}=${value}`).join(", ");
  return `The file does not say everything; assumed: ${values}. --assume KEY=VALUE corrects it, "proxima inspect" says more.`;
}

function logTo(context: Context) {
  return (line: string) => {
    context.warn(line);
  };
}

/** Known networks in the app's data. */
export function openTheKnown(context: Context): Promise<KnownNetworks> {
  return KnownNetworks.open({
    folder: downloadsIn(dataFolder()),
    log: logTo(context),
    listFile: process.env["PROXIMA_KNOWN_NETWORKS"],
  });
}

/** Opens the backend; says so where it is only a fallback. */
export async function openTheBackend(context: Context): Promise<Backend> {
  const backend = await openBackend();
  if (backend.status.reason) context.warn(backend.status.reason);
  return backend;
}
