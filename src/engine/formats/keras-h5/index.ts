/** Keras models in one HDF5 file (.h5, .hdf5), as Keras 1 to 3 write them. */
import { Fault } from "../../../shared/fault";
import type { Format, NetworkFiles } from "../format";
import { openHdf5, startsLikeHdf5, type Hdf5Object } from "../hdf5/index";
import { mostJsonBytes, parseJson } from "../json";
import { readKeras, versionOf } from "../keras/read";
import { readTopology } from "../keras/topology";
import { isUnpacked } from "../keras-zip/index";
import { recognise } from "./applications";
import { H5Weights, namesIn } from "./weights";

const title = "Keras model (HDF5)";
const extension = /\.(h5|hdf5|hdf|keras)$/i;

export const kerasH5: Format = {
  id: "keras-h5",
  title,

  async recognises(files) {
    const name = nameOf(files);
    if (name === null) return false;
    const file = await files.open(name);
    return file.size >= 8 && startsLikeHdf5(await file.read(0, 8));
  },

  async read(files, options) {
    const name = nameOf(files) ?? "";
    options.progress("Reading the topology", 0, 0);
    const file = await files.open(name);
    const root = await openHdf5(file);
    const [config] = (await root.texts("model_config")) ?? [];
    const [version = ""] = (await root.texts("keras_version")) ?? [];
    const whole =
      config === undefined
        ? await recognised(root, name)
        : { topology: parseConfig(config, name), warnings: [] };
    const group =
      config === undefined ? root : await root.find("model_weights");
    if (!group)
      throw new Fault(
        "damaged-file",
        `"${name}" holds a topology and no weights.`,
        "Save the whole model again: model.save(...).",
      );
    return readKeras(
      {
        format: title,
        producer: version === "" ? "Keras" : `Keras ${version.slice(0, 100)}`,
        version: versionOf(version),
        topology: readTopology(whole.topology),
        warnings: whole.warnings,
        weights: () => Promise.resolve(new H5Weights(group, file.size)),
      },
      files,
      options,
    );
  },
};

/** A file of weights alone, where its layers' names say what network they are of. */
async function recognised(root: Hdf5Object, name: string) {
  const found = recognise((await namesIn(root, "layer_names")) ?? []);
  if (!found) throw await withoutTopology(root, name);
  return {
    topology: found.topology,
    warnings: [
      `The file holds weights alone. By the names of its layers they are those of ${found.name}, which is built here.`,
    ],
  };
}

/** The file chosen, or the only one in a folder that is called so; null where there is none. */
function nameOf(files: NetworkFiles): string | null {
  const { chosen, names } = files;
  if (isUnpacked(files)) return null;
  if (chosen !== null) return chosen;
  const found = names.filter((name) => extension.test(name));
  const [only] = found;
  return only !== undefined && found.length === 1 ? only : null;
}

function parseConfig(config: string, name: string): unknown {
  const bytes = new TextEncoder().encode(config);
  if (bytes.length > mostJsonBytes)
    throw new Fault(
      "damaged-file",
      `The topology in "${name}" has ${bytes.length} bytes.`,
    );
  return parseJson(bytes, `${name}: model_config`);
}

/** What a file without model_config is. */
async function withoutTopology(root: Hdf5Object, name: string): Promise<Fault> {
  const holdsWeights =
    (await root.texts("layer_names")) !== null ||
    (await root.texts("layer_names0")) !== null ||
    (await root.find("layers")) !== null ||
    (await root.find("_layer_checkpoint_dependencies")) !== null;
  return holdsWeights
    ? new Fault(
        "unsupported-network",
        `"${name}" holds weights alone, without the network they belong to.`,
        'Build the model in Keras, load them, and save the whole: model.load_weights(...); model.save("network.keras").',
      )
    : new Fault(
        "damaged-file",
        `"${name}" is an HDF5 file that holds no Keras model (no model_config).`,
        'Save the whole model with Keras: model.save("network.keras").',
      );
}
