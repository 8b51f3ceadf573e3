/** Zip archives that are no network themselves: what each is, by the names in it. */
import { Fault } from "../../../shared/fault";
import { exportAdvice } from "../state-dict/advice";

interface ArchiveKind {
  readonly title: string;
  readonly remedy: string;
  readonly is: (names: readonly string[]) => boolean;
}

export const archiveKinds: readonly ArchiveKind[] = [
  {
    title: "a NumPy archive (.npz): it holds arrays without a network",
    remedy: exportAdvice,
    is: (names) =>
      names.length > 0 && names.every((name) => name.endsWith(".npy")),
  },
  {
    title: "a program of torch.export (.pt2): code, not weights alone",
    remedy:
      'Export it to ONNX: torch.onnx.export(torch.export.load(FILE).module(), (picture,), "network.onnx").',
    is: (names) =>
      names.some((name) =>
        /(^|\/)(archive_format|serialized_exported_program\.json)$/.test(name),
      ),
  },
  {
    title: "a Core ML package (.mlpackage)",
    remedy: exportAdvice,
    is: (names) => names.some((name) => name.includes("com.apple.CoreML/")),
  },
];

/** Files inside that are opened once they are unpacked, the best first. */
const inside: readonly RegExp[] = [
  /(^|\/)saved_model\.pb$/,
  /(^|\/)model\.json$/,
  /\.(keras|h5|hdf5)$/i,
  /\.onnx$/i,
  /\.safetensors$/i,
  /\.(pth|pt|ckpt|bin|pth\.tar)$/i,
  /\.pb$/i,
  /\.(tflite|mlmodel|caffemodel)$/i,
];

/** What an archive with these entries is. `name` is the file's. */
export function archiveFault(name: string, names: readonly string[]): Fault {
  const kind = archiveKinds.find(({ is }) => is(names));
  if (kind)
    return new Fault(
      "unsupported-network",
      `"${name}" is ${kind.title}.`,
      kind.remedy,
    );
  const found = inside.flatMap((pattern) =>
    names.filter((one) => pattern.test(one)),
  );
  const torchServe = names.some((one) => one.startsWith("MAR-INF/"));
  const what = torchServe ? "a TorchServe archive (.mar)" : "a zip archive";
  const [model] = found;
  if (model !== undefined)
    return new Fault(
      "unsupported-network",
      `"${name}" is ${what} that holds a network: "${model.slice(0, 200)}".`,
      opened(model),
    );
  const some = names.slice(0, 3).map((one) => `"${one.slice(0, 80)}"`);
  return new Fault(
    "unsupported-network",
    `"${name}" is ${what} without a network in it${some.length > 0 ? `: it holds ${some.join(", ")}${names.length > 3 ? ", ..." : ""}` : ""}.`,
    exportAdvice,
  );
}

function opened(model: string): string {
  const whole = /(^|\/)(saved_model\.pb|model\.json)$/.test(model);
  return whole
    ? "Unpack it, and open the folder that this file lies in."
    : "Unpack it, and open this file.";
}
