/**
 * Which file of a folder is the network, where a folder holds it several times, as those of Hugging Face's hub do, or
 * under a name that says nothing.
 */
import type { NetworkFiles } from "./format";

export interface Picked {
  readonly files: NetworkFiles;
  /** What was left, in a sentence. */
  readonly warnings: readonly string[];
}

/** Of a hub's folder, the best first. */
const hubNames = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "model.onnx",
  "onnx/model.onnx",
];
/** Weights that a hub's folder may hold beside them, for people. */
const weightNames =
  /^(onnx\/)?[^/]+\.(safetensors|bin|pth|pt|ckpt|h5|keras|onnx|msgpack|tflite|gguf)$/i;
const shard = /-\d{5}-of-\d{5}\./;
/** Folders of these are formats of their own. */
const structures =
  /(^|\/)(model\.json|saved_model\.pb|model\.weights\.h5|Manifest\.json)$/;
/** What formats know by their names. */
const known =
  /\.(onnx|pth|pt|bin|ckpt|safetensors|h5|hdf5|hdf|keras|pb|json)$/i;
/** What is no network by its name. */
const besides =
  /(^|\/)\.|\.(txt|md|rst|json|ya?ml|toml|cfg|ini|csv|tsv|py|ipynb|sh|log|xml|html?|png|jpe?g|webp|gif|tiff?|avif|svg|npy|pdf|data)$|(^|\/)(licen[cs]e|readme)$/i;

/** The same files with the network's file chosen; as they are where a file was chosen or the folder says it itself. */
export function pickFile(files: NetworkFiles): Picked {
  const { chosen, names } = files;
  const asTheyAre = { files, warnings: [] };
  if (chosen !== null || names.some((name) => structures.test(name)))
    return asTheyAre;
  const hub = hubNames.find((name) => names.includes(name));
  if (hub !== undefined) return withChosen(files, hub, othersThan(hub, names));
  // one file under a name that says nothing: its content will
  if (names.some((name) => known.test(name) && !/\.json$/i.test(name)))
    return asTheyAre;
  const [only, ...more] = names.filter((name) => !besides.test(name));
  return only !== undefined && more.length === 0
    ? withChosen(files, only, [])
    : asTheyAre;
}

function othersThan(picked: string, names: readonly string[]): string[] {
  const own = picked.replace(/\.(index\.json|[^.]+)$/, "");
  return names.filter(
    (name) =>
      name !== picked &&
      weightNames.test(name) &&
      // an index's own shards
      !(shard.test(name) && name.startsWith(`${own.replace(/\.[^.]+$/, "")}-`)),
  );
}

function withChosen(
  files: NetworkFiles,
  chosen: string,
  others: readonly string[],
): Picked {
  const some = others.slice(0, 3).map((name) => `"${name}"`);
  const more = others.length > 3 ? " and others" : "";
  return {
    files: {
      title: files.title,
      chosen,
      names: [chosen, ...files.names.filter((name) => name !== chosen)],
      open: (name) => files.open(name),
      read: (name, limit) => files.read(name, limit),
      hash: (only) => files.hash(only),
    },
    warnings:
      others.length === 0
        ? []
        : [
            `The folder holds several files of weights: "${chosen}" was opened, not ${some.join(", ")}${more}.`,
          ],
  };
}
