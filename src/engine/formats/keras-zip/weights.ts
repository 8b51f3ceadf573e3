/** Weights of a .keras archive: a group a layer, inside those of the models around it; weights by number in "vars". */
import type { Weight } from "../../network/op";
import type { Hdf5Object } from "../hdf5/index";
import { layerFolders, walk } from "../keras/auto-names";
import type { Step } from "../keras/plan";
import { StoredWeights } from "../keras/stored-weights";
import type { Topology } from "../keras/topology";
import type { WeightNames, WeightSource } from "../keras/weights";

/** A model's layers as they lie in the file. */
interface Folder {
  readonly group: Hdf5Object;
  /** Groups by the names their layers say they have; empty where they do not say. */
  readonly named: ReadonlyMap<string, string>;
}

export class VarsWeights implements WeightSource {
  readonly #root: Hdf5Object;
  readonly #topology: Topology;
  readonly #stored: StoredWeights;
  readonly #folders = new Map<number, Folder | null>();

  /** `size`: of the HDF5 file, in bytes. */
  constructor(root: Hdf5Object, topology: Topology, size: number) {
    this.#root = root;
    this.#topology = topology;
    this.#stored = new StoredWeights(size);
  }

  async read(
    { path }: Pick<Step, "path">,
    wanted: readonly WeightNames[],
  ): Promise<readonly (Weight | null)[]> {
    let group: Hdf5Object | null = this.#root;
    for (const { layer, auto } of walk(this.#topology, path))
      group = group && (await this.#layerIn(group, layer, auto));
    const weights: (Weight | null)[] = [];
    for (const [i, [name = ""]] of wanted.entries())
      weights.push(
        group &&
          (await this.#stored.read(
            group,
            `vars/${i}`,
            `${path.join("/")}/${name}`,
          )),
      );
    return weights;
  }

  /** The group of a model's layer: by the name it says it has, else by its class, else by its own name. */
  async #layerIn(
    model: Hdf5Object,
    layer: string,
    auto: string,
  ): Promise<Hdf5Object | null> {
    const folder = await this.#folderOf(model);
    if (!folder) return null;
    const named = folder.named.get(layer);
    if (named !== undefined) return folder.group.find(named);
    return (await folder.group.find(auto)) ?? (await folder.group.find(layer));
  }

  async #folderOf(model: Hdf5Object): Promise<Folder | null> {
    const known = this.#folders.get(model.address);
    if (known !== undefined) return known;
    let folder: Folder | null = null;
    for (const name of layerFolders) {
      const group = await model.find(name);
      if (!group) continue;
      folder = { group, named: await namesIn(group) };
      break;
    }
    this.#folders.set(model.address, folder);
    return folder;
  }
}

/** Newer versions of Keras write a layer's own name beside its weights. */
async function namesIn(
  group: Hdf5Object,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const key of await group.names()) {
    const vars = await group.find(`${key}/vars`);
    const [name] = (await vars?.texts("name")) ?? [];
    if (name !== undefined) names.set(name, key);
  }
  return names;
}
