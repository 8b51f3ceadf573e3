/** safetensors: weights by name, as Hugging Face and timm publish them. */
import { fittingWeights } from "../beside/weights";
import { refuseForeign } from "../foreign/index";
import type { Format, NetworkFiles } from "../format";
import { isIndex, joined, shardsOf, withoutShards } from "../shards";
import { usualForm } from "../usual-form";
import { networkOf } from "../state-dict/index";
import { headBytes, readHeader, startsLikeSafetensors } from "./header";

export const safetensors: Format = {
  id: "safetensors",
  title: "safetensors",

  async recognises(files) {
    const name = nameOf(files);
    if (name === null) return false;
    if (isOwn(name)) return true;
    const file = await files.open(name);
    const head = await file.read(0, Math.min(headBytes, file.size));
    return startsLikeSafetensors(head, file.size);
  },

  async read(files, options) {
    options.progress("Reading the file", 0, 0);
    const shards = await shardsOf(files, nameOf(files) ?? "");
    const parts = [];
    const noted = new Map<string, string>();
    let bytes = 0;
    for (const name of shards.names) {
      const file = await files.open(name);
      const { tensors, metadata } = await readHeader(file, name);
      for (const [key, value] of metadata) noted.set(key, value);
      parts.push(tensors);
      bytes += file.size;
    }
    const stored = joined(shards, parts);
    const notes = [...noted]
      .slice(0, 8)
      .map(([key, value]) => `${key.slice(0, 40)} ${value.slice(0, 60)}`);
    refuseForeign(files.title, stored);
    const { tensors, warnings } = usualForm(stored);
    return networkOf(
      {
        tensors,
        foreign: new Map(),
        warnings,
        files,
        format: safetensors.title,
        producer: ["safetensors", ...notes].join(", "),
        bytes,
        beside: fittingWeights(options.beside, tensors),
      },
      options,
    );
  },
};

function isOwn(name: string): boolean {
  return /\.safetensors$/i.test(name) || isIndex(name, "safetensors");
}

/** The file that was named, or the only one of its kind in a folder. */
function nameOf({ chosen, names }: NetworkFiles): string | null {
  if (chosen !== null) return chosen;
  if (names.includes("model.json")) return null;
  const [only, ...more] = withoutShards(names).filter(isOwn);
  return only !== undefined && more.length === 0 ? only : null;
}
