/** Frozen TensorFlow graphs: one protobuf with the graph and its weights as constants. */
import { Fault } from "../../../shared/fault";
import type { Format, NetworkFile, NetworkFiles } from "../format";
import { decodeFile } from "../protobuf-file";
import { Flattener, type FlatNode } from "../tensorflow/flatten";
import { lowerGraph } from "../tensorflow/lower";
import { protoGraph } from "../tensorflow/proto-graph";
import { graphDef } from "../tensorflow/protos";

export const frozenGraph: Format = {
  id: "frozen-graph",
  title: "TensorFlow frozen graph",

  recognises: (files) => Promise.resolve(nameOf(files) !== null),

  async read(files, options) {
    const name = nameOf(files) ?? "";
    options.progress("Reading the graph", 0, 0);
    const file = await files.open(name);
    await checkStart(file, name);
    const definition = await decodeFile(graphDef, file, name);
    const graph = protoGraph(definition, file);
    if (graph.nodes.size === 0) throw notOne(name);
    const flattener = new Flattener(graph);
    const version = definition.versions?.producer ?? 0;
    return lowerGraph(
      {
        nodes: flattener.nodes(),
        outputs: null,
        declared: new Map(),
        tensor: constantOf,
        format: frozenGraph.title,
        producer: version > 0 ? `TensorFlow (graph version ${version})` : "",
      },
      files,
      options,
    );
  },
};

/** The tensor that a Const holds. */
export function constantOf(node: FlatNode) {
  return node.op === "Const" ? node.attributes.tensor("value") : null;
}

/** The .pb file chosen, or the only one of a folder; a SavedModel's has its own name and format. */
function nameOf({ chosen, names }: NetworkFiles): string | null {
  const is = (name: string) =>
    name.toLowerCase().endsWith(".pb") && !/(^|\/)saved_model\.pb$/.test(name);
  if (chosen !== null) return is(chosen) ? chosen : null;
  if (names.some((n) => /(^|\/)(model\.json|saved_model\.pb)$/.test(n)))
    return null;
  const [only, ...others] = names.filter(
    (n) => is(n) && !/(^|\/)(keras_metadata|fingerprint)\.pb$/.test(n),
  );
  return only !== undefined && others.length === 0 ? only : null;
}

/** A GraphDef starts with its first node: tag 0x0a. A SavedModel and an ONNX file start with a version: 0x08. */
async function checkStart(file: NetworkFile, name: string): Promise<void> {
  const [first] = await file.read(0, Math.min(1, file.size));
  if (first === 0x08)
    throw new Fault(
      "unsupported-network",
      `"${name}" is no frozen graph: it starts like a SavedModel or an ONNX file.`,
      "Open a SavedModel by its folder, in which the file is called saved_model.pb and lies beside the folder variables; name an ONNX file with .onnx.",
    );
  if (first !== 0x0a && first !== 0x12 && first !== 0x22) throw notOne(name);
}

function notOne(name: string): Fault {
  return new Fault(
    "damaged-file",
    `"${name}" is no TensorFlow graph: it holds no nodes.`,
    "The copy is incomplete, or it is another kind of file: copy or export the network again.",
  );
}
