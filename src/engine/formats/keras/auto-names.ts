/**
 * How Keras' newer formats name layers: not by their names but by their classes, counted within each model:
 * "conv2d", "conv2d_1", ... in "layers", and a layer's weights by their number in "vars".
 */
import type { Topology } from "./topology";

/** Folders of a model's layers: today's, and that of TensorFlow 2.12. */
export const layerFolders = [
  "layers",
  "_layer_checkpoint_dependencies",
] as const;

/** The names of a model's layers, by their own. */
export function autoNames(topology: Topology): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  for (const { name, className } of topology.layers.values()) {
    const base = snakeCase(className);
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    names.set(name, count === 0 ? base : `${base}_${count}`);
  }
  return names;
}

/** "SeparableConv2D" is "separable_conv2d". */
export function snakeCase(className: string): string {
  return className
    .slice(className.lastIndexOf(">") + 1)
    .replaceAll(/\W+/g, "")
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** The models a path of layer names leads through, the network's first, and the auto name of each part. */
export function walk(
  topology: Topology,
  path: readonly string[],
): {
  readonly model: Topology;
  readonly layer: string;
  readonly auto: string;
}[] {
  const parts: { model: Topology; layer: string; auto: string }[] = [];
  let model: Topology | null = topology;
  for (const layer of path) {
    if (!model) return parts;
    parts.push({ model, layer, auto: autoNames(model).get(layer) ?? "" });
    model = model.layers.get(layer)?.model ?? null;
  }
  return parts;
}
