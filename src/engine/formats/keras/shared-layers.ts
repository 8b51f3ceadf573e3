/** Layers and models that are in several models at once: their weights are stored with one of them. */
import type { Step } from "./plan";
import type { Layer, Topology } from "./topology";

type Place = Pick<Step, "layer" | "path">;

/**
 * The other places of a layer, those with most models of the same names around them first: layers of its name, its
 * class and its settings.
 */
export function otherPlaces(
  topology: Topology,
  { layer, path }: Place,
): Place[] {
  const found: (Place & { readonly common: number })[] = [];
  const visit = (model: Topology, around: readonly string[]): void => {
    for (const other of model.layers.values()) {
      const place = [...around, other.name];
      if (other.model) visit(other.model, place);
      else if (other !== layer && isLike(other, layer))
        found.push({ layer: other, path: place, common: common(place, path) });
    }
  };
  visit(topology, []);
  return found.sort((a, b) => b.common - a.common);
}

function isLike(a: Layer, b: Layer): boolean {
  return (
    a.name === b.name &&
    a.className === b.className &&
    a.config.isLike(b.config)
  );
}

/** How many names two paths have in common at their ends. */
function common(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && a.at(-1 - count) === b.at(-1 - count)) count++;
  return count;
}
