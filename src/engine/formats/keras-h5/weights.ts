/** Weights of a Keras .h5: a group a layer of the outermost model, with the weights' names as its attribute. */
import type { Weight } from "../../network/op";
import type { Hdf5Object } from "../hdf5/index";
import type { Step } from "../keras/plan";
import { StoredWeights } from "../keras/stored-weights";
import type { WeightNames, WeightSource } from "../keras/weights";

/** Names are cut into parts of less than 64 KB, an attribute each: weight_names0, weight_names1, ... */
const mostParts = 10_000;

export class H5Weights implements WeightSource {
  readonly #group: Hdf5Object;
  readonly #stored: StoredWeights;
  /** Names by layer; null where there is no such layer. */
  readonly #names = new Map<string, readonly string[] | null>();

  /** `group`: that of all layers; `size`: of the file, in bytes. */
  constructor(group: Hdf5Object, size: number) {
    this.#group = group;
    this.#stored = new StoredWeights(size);
  }

  async read(
    { path }: Pick<Step, "path">,
    wanted: readonly WeightNames[],
  ): Promise<readonly (Weight | null)[]> {
    const [outermost = ""] = path;
    const names = await this.#namesOf(outermost);
    const group = await this.#group.find(outermost);
    if (!names || !group) return wanted.map(() => null);
    const own = path.length === 1 ? names : inner(names, path.slice(1));
    const found = wanted.map((w) => own.find((n) => w.includes(lastOf(n))));
    // names of Keras 1 say "conv1_W_1": then their order counts
    const byOrder =
      path.length === 1 &&
      names.length === wanted.length &&
      found.every((name) => name === undefined);
    const weights: (Weight | null)[] = [];
    for (const name of byOrder ? names : found)
      weights.push(
        name === undefined ? null : await this.#stored.read(group, name, name),
      );
    return weights;
  }

  async #namesOf(layer: string): Promise<readonly string[] | null> {
    const known = this.#names.get(layer);
    if (known !== undefined) return known;
    const group = await this.#group.find(layer);
    const names = group && (await namesIn(group, "weight_names"));
    this.#names.set(layer, names);
    return names;
  }
}

/** A list of names, also where it is cut into parts; null where there is none. */
export async function namesIn(
  group: Hdf5Object,
  attribute: string,
): Promise<readonly string[] | null> {
  const whole = await group.texts(attribute);
  if (whole) return whole;
  const names: string[] = [];
  for (let part = 0; part < mostParts; part++) {
    const some = await group.texts(`${attribute}${part}`);
    if (!some) return part === 0 ? null : names;
    names.push(...some);
  }
  return names;
}

/**
 * Names of a layer's weights in a model inside the model: Keras 3 writes the whole path, or as much of it as there was
 * when the layer was made; Keras 2 writes its end.
 */
function inner(
  names: readonly string[],
  path: readonly string[],
): readonly string[] {
  const places = new Map<string, string[]>();
  for (const name of names) {
    const place = name.slice(0, name.lastIndexOf("/"));
    places.set(place, [...(places.get(place) ?? []), name]);
  }
  for (let start = 0; start < path.length; start++) {
    const end = path.slice(start).join("/");
    const exact = places.get(end);
    if (exact) return exact;
    const longer = [...places.keys()].filter((p) => p.endsWith(`/${end}`));
    const [only = ""] = longer;
    if (longer.length === 1) return places.get(only) ?? [];
  }
  return [];
}

/** "conv1/kernel:0" is "kernel". */
function lastOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1).replace(/:\d+$/, "");
}
