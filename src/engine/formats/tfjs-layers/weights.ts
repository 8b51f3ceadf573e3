/** Weights of a TF.js layers model by Keras' names, or as the converter takes them from .keras archives. */
import type { Weight } from "../../network/op";
import { layerFolders, walk } from "../keras/auto-names";
import type { Step } from "../keras/plan";
import type { Topology } from "../keras/topology";
import type { WeightNames, WeightSource } from "../keras/weights";
import type { WeightStore } from "../tfjs-weights";

export function weightSource(
  store: WeightStore,
  topology: Topology,
): WeightSource {
  const one = (
    path: readonly string[],
    names: WeightNames,
    place: number,
  ): Weight | null => {
    for (let start = 0; start < path.length; start++)
      for (const name of names) {
        const found = store.find(path.slice(start).join("/"), name);
        if (found) return found;
      }
    for (const folder of layerFolders) {
      const auto = walk(topology, path).map((part) => `${folder}/${part.auto}`);
      const found = store.find(`${auto.join("/")}/vars`, String(place));
      if (found) return found;
    }
    return null;
  };
  return {
    read: ({ path }: Pick<Step, "path">, wanted) =>
      Promise.resolve(wanted.map((names, i) => one(path, names, i))),
  };
}
