/**
 * The engine's NativeRuntime over tfjs-node: graphs go in as SavedModels, a step is one native call.
 * tfjs-node's own loadSavedModel parses the file again for every signature, so its backend is called directly.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { NativeRuntime } from "../../engine";
import { Fault } from "../../shared/fault";
import { encodeSavedModel, type Messages } from "./saved-model";

/** What is used of tfjs-node's backend; its class is exported without types. */
export interface NativeBackend {
  loadSavedModelMetaGraph(path: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(
    id: number,
    inputs: readonly Tensor[],
    inputInfos: readonly { name: string; tfDtype: string }[],
    outputNames: readonly string[],
  ): Tensor[];
}

export function nativeRuntime(
  backend: NativeBackend,
  messages: Messages,
): NativeRuntime {
  return {
    encode: (graph) => encodeSavedModel(messages, graph),
    load(encoded) {
      const folder = mkdtempSync(join(tmpdir(), "proxima-graph-"));
      try {
        writeFileSync(join(folder, "saved_model.pb"), encoded);
        return { id: backend.loadSavedModelMetaGraph(folder, "serve") };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    run(graph, feeds, fetches) {
      try {
        return backend.runSavedModel(
          graph.id,
          Object.values(feeds),
          Object.keys(feeds).map((name) => ({ name, tfDtype: "DT_FLOAT" })),
          fetches,
        );
      } catch (error) {
        throw understood(error);
      }
    },
    unload: (graph) => backend.deleteSavedModel(graph.id),
  };
}

/** TensorFlow's own words for a full memory, as a fault the user can act on. */
function understood(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (!/RESOURCE_EXHAUSTED|OOM when allocating|bad_alloc/i.test(message))
    return error;
  return new Fault(
    "out-of-memory",
    "The batch does not fit into memory.",
    "Choose a smaller batch in the Run panel.",
    { cause: error },
  );
}
