/** Keras models as archives (.keras): the topology as JSON, the weights as HDF5 inside. Also unpacked, as a folder. */
import { Fault } from "../../../shared/fault";
import type { Format, NetworkFiles } from "../format";
import { openHdf5 } from "../hdf5/index";
import { isObject, mostJsonBytes, parseJson } from "../json";
import { readKeras, versionOf } from "../keras/read";
import { readTopology } from "../keras/topology";
import { openZip, startsLikeZip, type Pieces } from "../zip";
import { VarsWeights } from "./weights";

const title = "Keras model (.keras)";
const configName = "config.json";
const metadataName = "metadata.json";
const weightsName = "model.weights.h5";
const mostMetadataBytes = 2 ** 20;

/** The parts of a model, packed or not. */
interface Container {
  readonly names: readonly string[];
  read(name: string, limit: number): Promise<Uint8Array>;
  open(name: string): Promise<Pieces>;
}

export const kerasZip: Format = {
  id: "keras-zip",
  title,

  async recognises(files) {
    const name = archiveOf(files);
    if (name === null) return isUnpacked(files);
    const file = await files.open(name);
    if (file.size < 4 || !startsLikeZip(await file.read(0, 4))) return false;
    if (/\.keras$/i.test(name)) return true;
    // other formats are archives too, and say for themselves what is wrong with theirs
    const archive = await openZip(file, name).catch(() => null);
    return (
      archive?.entries.has(configName) === true &&
      archive.entries.has(weightsName)
    );
  },

  async read(files, options) {
    options.progress("Reading the topology", 0, 0);
    const name = archiveOf(files);
    const container = name === null ? files : await openArchive(files, name);
    const what = name ?? files.title;
    if (!container.names.includes(configName))
      throw new Fault(
        "damaged-file",
        `"${what}" holds no ${configName}, the topology of a Keras model.`,
        'Save the network again: model.save("network.keras").',
      );
    const config = parseJson(
      await container.read(configName, mostJsonBytes),
      configName,
    );
    const metadata = container.names.includes(metadataName)
      ? parseJson(
          await container.read(metadataName, mostMetadataBytes),
          metadataName,
        )
      : null;
    const version = isObject(metadata) ? metadata["keras_version"] : null;
    const topology = readTopology(config);
    return readKeras(
      {
        format: title,
        producer:
          typeof version === "string"
            ? `Keras ${version.slice(0, 100)}`
            : "Keras",
        version: versionOf(version),
        topology,
        async weights() {
          if (!container.names.includes(weightsName))
            throw new Fault(
              "damaged-file",
              `"${what}" holds no ${weightsName}.`,
              'Save the network again with its weights in one file: model.save("network.keras").',
            );
          const file = await container.open(weightsName);
          return new VarsWeights(await openHdf5(file), topology, file.size);
        },
      },
      files,
      options,
    );
  },
};

/** The file chosen, or the only .keras of a folder; null where there is none. */
function archiveOf(files: NetworkFiles): string | null {
  if (isUnpacked(files)) return null;
  if (files.chosen !== null) return files.chosen;
  const found = files.names.filter((name) => /\.keras$/i.test(name));
  const [only] = found;
  return only !== undefined && found.length === 1 ? only : null;
}

/** Whether the files are the parts of a .keras, and none but one of them was chosen. */
export function isUnpacked({ chosen, names }: NetworkFiles): boolean {
  const isPart =
    chosen === null || [configName, metadataName, weightsName].includes(chosen);
  return isPart && names.includes(configName) && names.includes(weightsName);
}

async function openArchive(
  files: NetworkFiles,
  name: string,
): Promise<Container> {
  const archive = await openZip(await files.open(name), name);
  return {
    names: [...archive.entries.keys()],
    read: (entry, limit) => archive.read(entry, limit),
    open: (entry) => archive.open(entry),
  };
}
