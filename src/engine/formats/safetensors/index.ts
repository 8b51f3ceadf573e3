/** safetensors: weights by name, as Hugging Face and timm publish them. */
import type { Format, NetworkFiles } from "../format";
import { networkOf } from "../state-dict/index";
import { headBytes, readHeader, startsLikeSafetensors } from "./header";

export const safetensors: Format = {
  id: "safetensors",
  title: "safetensors",

  async recognises(files) {
    const name = nameOf(files);
    if (name === null) return false;
    if (/\.safetensors$/i.test(name)) return true;
    const file = await files.open(name);
    const head = await file.read(0, Math.min(headBytes, file.size));
    return startsLikeSafetensors(head, file.size);
  },

  async read(files, options) {
    const name = nameOf(files) ?? "";
    options.progress("Reading the file", 0, 0);
    const file = await files.open(name);
    const { tensors, metadata } = await readHeader(file, name);
    const noted = [...metadata]
      .slice(0, 8)
      .map(([key, value]) => `${key.slice(0, 40)} ${value.slice(0, 60)}`);
    return networkOf(
      {
        tensors,
        foreign: new Map(),
        warnings: [],
        files,
        format: safetensors.title,
        producer: ["safetensors", ...noted].join(", "),
        bytes: file.size,
      },
      options,
    );
  },
};

/** What other formats' files are called, which need not be looked into. */
const others = /\.(json|onnx|pb|h5|hdf5|keras|pth|pt|ckpt|txt|md|png|jpe?g)$/i;

/** The file that was named, or the only one of its kind in a folder. */
function nameOf({ chosen, names }: NetworkFiles): string | null {
  if (chosen !== null) return others.test(chosen) ? null : chosen;
  if (names.includes("model.json")) return null;
  const [only, ...more] = names.filter((name) => /\.safetensors$/i.test(name));
  return only !== undefined && more.length === 0 ? only : null;
}
