/** Opening a network: which format it is in, and what its card and labels add. */
import type { NetworkCard } from "../../shared/card";
import { Fault } from "../../shared/fault";
import {
  answerNetwork,
  type AnsweredNetwork,
  type AnsweringOptions,
  type BareNetwork,
} from "./answers";
import { readCard, readLabels, withChecksums } from "./card";
import { readBeside, readWith } from "./beside/index";
import { checkChoices } from "./choices";
import { foreignFault, foreignStart } from "./foreign/index";
import type { Format, NetworkFiles, ReadOptions } from "./format";
import { frozenGraph } from "./frozen-graph/index";
import { isObject, mostJsonBytes, parseJson } from "./json";
import { kerasH5 } from "./keras-h5/index";
import { kerasZip } from "./keras-zip/index";
import { onnx } from "./onnx/index";
import { pickFile } from "./pick";
import { pytorch } from "./pytorch/index";
import { safetensors } from "./safetensors/index";
import { savedModel } from "./saved-model/index";
import { tfjsGraph } from "./tfjs-graph/index";
import { tfjsLayers } from "./tfjs-layers/index";
import { modelNameOf } from "./tfjs-model";

/** Every format, in the order they are asked. To add one: a file or folder beside this one, a line here. */
export const formats: readonly Format[] = [
  tfjsLayers,
  tfjsGraph,
  savedModel,
  frozenGraph,
  kerasH5,
  kerasZip,
  onnx,
  pytorch,
  safetensors,
];

export interface OpenOptions extends ReadOptions, AnsweringOptions {}

export interface OpenedFiles extends AnsweredNetwork {
  readonly card: NetworkCard | null;
}

/**
 * Reads a network with its labels, preprocessing and provenance.
 * Throws a Fault: `damaged-file`, `unsupported-network`, or `invalid-request` where an answer does not fit.
 */
export async function openNetwork(
  files: NetworkFiles,
  options: OpenOptions,
): Promise<OpenedFiles> {
  const size = options.size ?? options.given?.size;
  const assumptions = options.assume ?? options.given?.assumptions ?? {};
  const output = options.output ?? options.given?.output ?? null;
  const head = options.head ?? options.given?.head ?? null;
  const bare = await readBareNetwork(files, {
    ...options,
    assume: assumptions,
    output,
    head,
  });
  const given = {
    ...options.given,
    ...(size && { size }),
    assumptions,
    output,
    head,
  };
  return { ...answerNetwork(bare, { ...options, given }), card: bare.card };
}

/** The network as its files hold it, and what lies beside it; nothing is decided yet. */
export async function readBareNetwork(
  files: NetworkFiles,
  options: ReadOptions,
): Promise<BareNetwork> {
  // beside a single file of a folder of downloads lies what belongs to others
  const own = files.chosen === null || files.chosen === "model.json";
  const beside = noting(files);
  const card = own ? await readCard(beside.files) : null;
  const labels = own
    ? await readLabels(withChecksums(beside.files, card))
    : null;
  const picked = pickFile(files);
  const format = await recognise(withChecksums(picked.files, card));
  // files that other formats looked into are no part of the network
  const used = noting(picked.files);
  options.signal.throwIfAborted();
  const cardSize = card?.input
    ? ([card.input.height, card.input.width] as const)
    : null;
  // what it decides stands in the answers, so its bytes are no part of the hash
  const said = await readBeside(picked.files, format.id);
  const read = await readWith(said, (said) =>
    format.read(withChecksums(used.files, card), {
      ...options,
      cardSize: options.cardSize ?? cardSize ?? said?.size ?? null,
      beside: said,
    }),
  );
  checkChoices(read, options);
  const hash = files.hash([...beside.names, ...used.names]);
  const warnings = [...read.provenance.warnings, ...picked.warnings];
  const provenance = { ...read.provenance, hash, warnings };
  const network = { ...read, labels: [], preprocessing: null, provenance };
  return {
    network,
    card,
    labels: labels && { kind: "list", labels: [...labels] },
  };
}

/** The same files, and the names of those that are read. */
function noting(files: NetworkFiles): {
  readonly files: NetworkFiles;
  readonly names: ReadonlySet<string>;
} {
  const names = new Set<string>();
  return {
    names,
    files: {
      title: files.title,
      chosen: files.chosen,
      names: files.names,
      hash: (only) => files.hash(only),
      open(name) {
        names.add(name);
        return files.open(name);
      },
      read(name, limit) {
        names.add(name);
        return files.read(name, limit);
      },
    },
  };
}

async function recognise(files: NetworkFiles): Promise<Format> {
  const foreign = await foreignStart(files);
  if (foreign) throw foreign;
  for (const format of formats)
    if (await format.recognises(files)) return format;
  const known = await foreignFault(files);
  if (known) throw known;
  throw new Fault(
    "damaged-file",
    `"${files.title}" is no network in a format Proxima reads.${contentOf(files)}${await claimOf(files)}`,
    "Open a network that Keras, PyTorch (its weights), TensorFlow or TensorFlow.js saved; any other is best exported to ONNX.",
  );
}

/** What a folder holds, in a sentence; of a single file its name has said all. */
function contentOf({ chosen, names }: NetworkFiles): string {
  if (chosen !== null) return "";
  const some = names.slice(0, 5).map((name) => `"${name}"`);
  const more = names.length > 5 ? ", ..." : "";
  return ` It holds ${some.length > 0 ? some.join(", ") : "no files"}${more}.`;
}

/** What a model.json in a format we do not read says it is. */
async function claimOf(files: NetworkFiles): Promise<string> {
  const name = modelNameOf(files);
  if (name === null) return "";
  const model = parseJson(await files.read(name, mostJsonBytes), name);
  const format = isObject(model) ? model["format"] : undefined;
  return typeof format === "string"
    ? ` "${name}" says it is a ${format.slice(0, 100)}.`
    : ` "${name}" holds no topology.`;
}
