/**
 * What lies beside a network's file and speaks of it: `config.json` and `preprocessor_config.json` of timm and
 * transformers, Teachable Machine's `metadata.json` and `labels.txt`. It is believed where it fits the network that the
 * file holds, and only there: in a folder of downloads it may be about another file.
 */
import { classCount, type Network } from "../../network/network";
import type { NetworkFiles } from "../format";
import { modelNameOf } from "../tfjs-model";
import { hubSays } from "./hub-config";
import { Misfit, spellSource, type Beside } from "./said";
import { labelsTxtSays, metadataSays } from "./teachable";

export { Misfit, type Beside } from "./said";

/** What the files beside the network say, by its format; null: nothing. */
export async function readBeside(
  files: NetworkFiles,
  format: string,
): Promise<Beside | null> {
  switch (format) {
    case "tfjs-layers":
      return metadataSays(files, modelNameOf(files) ?? "");
    case "keras-h5":
      return labelsTxtSays(files, nameBy(files, /\.(h5|hdf5|hdf)$/i));
    case "pytorch":
    case "safetensors":
      return hubSays(files, nameBy(files, /\.(safetensors|bin|pth|pt|ckpt)$/i));
    case "onnx":
      return hubSays(files, nameBy(files, /\.onnx$/i));
    default:
      return null;
  }
}

function nameBy({ chosen, names }: NetworkFiles, kind: RegExp): string {
  return chosen ?? names.find((name) => kind.test(name)) ?? "";
}

/**
 * Reads with what lies beside, and tells it in the network; without it, and with a warning that names the file, where
 * it is about another network.
 */
export async function readWith(
  beside: Beside | null,
  read: (beside: Beside | null) => Promise<Network>,
): Promise<Network> {
  if (!beside) return read(null);
  try {
    return withSaid(await read(beside), beside);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    return withWarnings(await read(null), [error.message]);
  }
}

/** Throws a {@link Misfit} where the files speak of another number of classes. */
function withSaid(network: Network, beside: Beside): Network {
  const { labels, size, sources } = beside;
  const classes = classCount(network);
  if (beside.classes !== null && beside.classes !== classes)
    throw new Misfit(
      `${spellSource(beside)} speaks of ${beside.classes} classes, and the network has ${classes}.`,
    );
  const { told } = network;
  const { value, warnings } = preprocessingIn(network, beside);
  return withWarnings(
    {
      ...network,
      told: {
        ...told,
        preprocessing: value,
        sources: [...sources, ...(told.sources ?? [])],
        ...(labels?.length === classes && {
          labels: { kind: "list", labels: [...labels] },
        }),
        ...(size &&
          !told.fixedSize && {
            size: {
              value: size,
              because: `${spellSource(beside)} names the size of the input.`,
            },
          }),
      },
    },
    [...beside.warnings, ...warnings],
  );
}

/** What the network's own file says of its pixels goes before what lies beside it. */
function preprocessingIn(
  { told, input }: Network,
  { preprocessing }: Beside,
): { value: Network["told"]["preprocessing"]; warnings: string[] } {
  if (!preprocessing || told.preprocessing?.from === "file")
    return { value: told.preprocessing, warnings: [] };
  const { because, from } = preprocessing;
  const value = preprocessing.forChannels(input[2]);
  return value
    ? { value: { value, from, because }, warnings: [] }
    : {
        value: told.preprocessing,
        warnings: [
          `${because} Its numbers are not for ${input[2]} channels, and were not used.`,
        ],
      };
}

function withWarnings(network: Network, more: readonly string[]): Network {
  const { provenance } = network;
  const warnings = [...provenance.warnings, ...more];
  return { ...network, provenance: { ...provenance, warnings } };
}
