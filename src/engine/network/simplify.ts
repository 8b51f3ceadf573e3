/** The same function in the operations it was meant in: activations and normalizations that a file spells out. */
import type { Network } from "./network";

type Graph = Pick<Network, "input" | "nodes" | "output" | "shapes">;

export function simplify(graph: Graph): Graph {
  return graph;
}
