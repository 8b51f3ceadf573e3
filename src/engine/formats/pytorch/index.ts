/** PyTorch's files: state dicts and checkpoints, .pth, .pt, .bin, .ckpt. */
import type { Format, NetworkFiles } from "../format";
import { networkOf } from "../state-dict/index";
import { openZip } from "../zip";
import { containerOf, headBytes, openTorchFile, pickleIn } from "./container";
import { weightsIn } from "./weights";

export const pytorch: Format = {
  id: "pytorch",
  title: "PyTorch state dict (.pth, .pt)",

  async recognises(files) {
    const name = nameOf(files);
    if (name === null) return false;
    // these are PyTorch's whatever is in them, and the reader says what is wrong
    if (/\.(pth|pt)$/i.test(name)) return true;
    const file = await files.open(name);
    const head = await file.read(0, Math.min(headBytes, file.size));
    const container = containerOf(head);
    if (container !== "zip") return container === "legacy";
    return pickleIn(await openZip(file, name)) !== null;
  },

  async read(files, options) {
    const name = nameOf(files) ?? "";
    options.progress("Reading the file", 0, 0);
    const file = await files.open(name);
    const torch = await openTorchFile(file, name);
    return networkOf(
      {
        ...weightsIn(torch, name),
        files,
        format: pytorch.title,
        producer: torch.producer,
        bytes: file.size,
      },
      options,
    );
  },
};

/** What other formats' files are called, which need not be looked into. */
const others = /\.(json|onnx|pb|h5|hdf5|keras|safetensors|txt|md|png|jpe?g)$/i;
const own = /\.(pth|pt|bin|ckpt)$/i;

/** The file that was named, or the only one of its kind in a folder. */
function nameOf({ chosen, names }: NetworkFiles): string | null {
  if (chosen !== null) return others.test(chosen) ? null : chosen;
  if (names.includes("model.json")) return null;
  const [only, ...more] = names.filter((name) => own.test(name));
  return only !== undefined && more.length === 0 ? only : null;
}
