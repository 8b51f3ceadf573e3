/** Opening a network: which format it is in, and what its card and labels add. */
import type { NetworkCard } from "../../shared/card";
import { Fault } from "../../shared/fault";
import { classCount, type Network } from "../network/network";
import { preprocessingFor, readCard, readLabels, withChecksums } from "./card";
import type { Format, NetworkFiles, ReadOptions } from "./format";
import { isObject, mostJsonBytes, parseJson } from "./json";
import { modelNameOf, tfjsLayers } from "./tfjs-layers/index";

/** Every format, in the order they are asked. To add one: a file or folder beside this one, a line here. */
export const formats: readonly Format[] = [tfjsLayers];

export interface OpenedFiles {
  readonly network: Network;
  readonly card: NetworkCard | null;
}

/**
 * Reads a network with its labels, preprocessing and provenance.
 * Throws a Fault: `damaged-file`, `unsupported-network`, or `invalid-request` where a size is missing or does not fit.
 */
export async function openNetwork(
  files: NetworkFiles,
  options: ReadOptions,
): Promise<OpenedFiles> {
  const card = await readCard(files);
  const labels = await readLabels(withChecksums(files, card));
  const checked = withChecksums(files, card);
  const format = await recognise(checked);
  options.signal.throwIfAborted();
  const cardSize = card?.input
    ? ([card.input.height, card.input.width] as const)
    : null;
  const read = await format.read(checked, { cardSize, ...options });
  return { network: completed(read, card, labels, files, options), card };
}

async function recognise(files: NetworkFiles): Promise<Format> {
  for (const format of formats)
    if (await format.recognises(files)) return format;
  const found = files.names.slice(0, 5).map((name) => `"${name}"`);
  const more = files.names.length > 5 ? ", ..." : "";
  throw new Fault(
    "damaged-file",
    `"${files.title}" is no network in a format Proxima reads. It holds ${found.length > 0 ? `${found.join(", ")}${more}` : "no files"}${await claimOf(files)}.`,
    `Supported: ${formats.map((f) => f.title).join(", ")} (a folder with model.json and its weight files).`,
  );
}

/** What a model.json in a format we do not read says it is. */
async function claimOf(files: NetworkFiles): Promise<string> {
  const name = modelNameOf(files);
  if (name === null) return "";
  const model = parseJson(await files.read(name, mostJsonBytes), name);
  const format = isObject(model) ? model["format"] : undefined;
  return typeof format === "string"
    ? `; "${name}" says it is a ${format.slice(0, 100)}`
    : `; "${name}" holds no topology`;
}

function completed(
  network: Network,
  card: NetworkCard | null,
  labels: readonly string[] | null,
  files: NetworkFiles,
  { size }: ReadOptions,
): Network {
  const warnings = [...network.provenance.warnings];
  const [height, width, channels] = network.input;
  const preprocessing = preprocessingFor(card, channels);
  if (!preprocessing)
    warnings.push(
      "No preprocessing is known (no card.json beside the network): the image goes in as it is, in [-1, 1].",
    );
  const { input } = card ?? {};
  if (
    input &&
    !size &&
    (input.channels !== channels ||
      input.height !== height ||
      input.width !== width)
  )
    warnings.push(
      `The card names an input of ${input.height} x ${input.width} x ${input.channels}; it is ${height} x ${width} x ${channels}.`,
    );
  const classes = classCount(network);
  if (labels && labels.length !== classes)
    warnings.push(
      `labels.json has ${labels.length} labels for ${classes} classes.`,
    );
  return {
    ...network,
    name: card?.name ?? network.name,
    labels: Array.from(
      { length: classes },
      (_, i) => labels?.[i]?.trim() || `class ${i}`,
    ),
    preprocessing,
    provenance: { ...network.provenance, hash: files.hash(), warnings },
  };
}
