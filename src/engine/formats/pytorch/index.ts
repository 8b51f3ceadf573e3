/** PyTorch's files: state dicts and checkpoints, .pth, .pt, .bin, .ckpt. */
import { fittingWeights } from "../beside/weights";
import { refuseForeign } from "../foreign/index";
import type { Format, NetworkFiles } from "../format";
import { isIndex, joined, shardsOf, withoutShards } from "../shards";
import { usualForm } from "../usual-form";
import { networkOf } from "../state-dict/index";
import { openZip } from "../zip";
import { containerOf, headBytes, openTorchFile, pickleIn } from "./container";
import { weightsIn, type Weights } from "./weights";

export const pytorch: Format = {
  id: "pytorch",
  title: "PyTorch state dict (.pth, .pt)",

  async recognises(files) {
    const name = nameOf(files);
    if (name === null) return false;
    // these are PyTorch's whatever is in them, and the reader says what is wrong
    if (/\.(pth|pt)$/i.test(name) || isIndex(name, "bin")) return true;
    const file = await files.open(name);
    const head = await file.read(0, Math.min(headBytes, file.size));
    const container = containerOf(head);
    if (container !== "zip") return container === "legacy";
    return pickleIn(await openZip(file, name)) !== null;
  },

  async read(files, options) {
    options.progress("Reading the file", 0, 0);
    const shards = await shardsOf(files, nameOf(files) ?? "");
    const parts: Weights[] = [];
    let producer = "";
    let bytes = 0;
    for (const name of shards.names) {
      const file = await files.open(name);
      const torch = await openTorchFile(file, name);
      parts.push(weightsIn(torch, name));
      ({ producer } = torch);
      bytes += file.size;
    }
    const stored = joined(
      shards,
      parts.map((part) => part.tensors),
    );
    refuseForeign(files.title, stored);
    const { tensors, warnings } = usualForm(stored);
    return networkOf(
      {
        tensors,
        foreign: new Map(parts.flatMap((part) => [...part.foreign])),
        warnings: [...parts.flatMap((part) => part.warnings), ...warnings],
        files,
        format: pytorch.title,
        producer,
        bytes,
        beside: fittingWeights(options.beside, tensors),
      },
      options,
    );
  },
};

const own = /\.(pth|pt|bin|ckpt|tar|pkl|pyth|th)$/i;

/** The file that was named, or the only one of its kind in a folder. */
function nameOf({ chosen, names }: NetworkFiles): string | null {
  if (chosen !== null) return chosen;
  if (names.includes("model.json")) return null;
  const [only, ...more] = withoutShards(names).filter(
    (name) => own.test(name) || isIndex(name, "bin"),
  );
  return only !== undefined && more.length === 0 ? only : null;
}
