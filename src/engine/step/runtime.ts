import type { Tensor } from "@tensorflow/tfjs-core";
import type { GraphDefinition } from "./graph";

/** A loaded graph on the native side; opaque to the engine. */
export interface LoadedGraph {
  readonly id: number;
}

/**
 * The native runtime the engine is given; it imports none itself.
 * The host makes one over tfjs-node's SavedModel calls.
 */
export interface NativeRuntime {
  /** The graph as bytes of a SavedModel (protocol buffer). */
  encode(graph: GraphDefinition): Uint8Array;
  load(encoded: Uint8Array): LoadedGraph;
  /** One native call. Blocks. `fetches` are node names; the results are owned by the caller. */
  run(
    graph: LoadedGraph,
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Tensor[];
  unload(graph: LoadedGraph): void;
}
