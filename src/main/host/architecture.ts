/** Which networks are built alike, whatever their weights. */
import { createHash } from "node:crypto";
import type { Network } from "../../engine";

/**
 * sha256, hex, of the operations with weights in their order, each with the shapes of its weights, and of the channels
 * of the input. Sizes of maps, strides and activations are not in it: answers decide those.
 */
export function architectureOf({ input, nodes }: Network): string {
  const layers = nodes.flatMap(({ op, weights }) => {
    const shapes = Object.entries(weights)
      .map(([name, { shape }]) => [name, ...shape] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return shapes.length > 0 ? [[op.kind, ...shapes]] : [];
  });
  const content = JSON.stringify([input[2], layers]);
  return createHash("sha256").update(content).digest("hex");
}
