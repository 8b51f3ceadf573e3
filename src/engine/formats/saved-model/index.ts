/** TensorFlow SavedModels: a folder with a graph, its functions, signatures and a checkpoint of its variables. */
import { Fault } from "../../../shared/fault";
import type { Format, NetworkFiles } from "../format";
import { constantOf } from "../frozen-graph/index";
import { decodeFile } from "../protobuf-file";
import type { TensorSource } from "../tensorflow/attributes";
import { Flattener, reached, type FlatNode } from "../tensorflow/flatten";
import { lowerGraph } from "../tensorflow/lower";
import type { Opened } from "../tensorflow/opened";
import type { Candidate } from "../tensorflow/outputs";
import { protoGraph } from "../tensorflow/proto-graph";
import {
  savedModel as savedModelProto,
  type MetaGraphDef,
  type SignatureDef,
} from "../tensorflow/protos";
import { openDimsOf } from "../tensorflow/tensor";
import { Bundle } from "./bundle";
import { isVariable, restoredKeys, variableTensor } from "./variables";

const graphName = "saved_model.pb";

export const savedModel: Format = {
  id: "saved-model",
  title: "TensorFlow SavedModel",

  recognises: (files) => Promise.resolve(nameOf(files) !== null),

  async read(files, options) {
    const name = nameOf(files) ?? graphName;
    options.progress("Reading the graph", 0, 0);
    const file = await files.open(name);
    const { metaGraphs } = await decodeFile(savedModelProto, file, name);
    const meta = metaGraphOf(metaGraphs, name);
    const [signatureName, signature] = signatureOf(meta);
    if (!meta.graph) throw empty(name);
    const graph = protoGraph(meta.graph, file);
    const flattener = new Flattener(graph);
    const outputs = [...signature.outputs].map(([key, info]): Candidate => ({
      name: key,
      source: flattener.source(info.name),
      stripped: [],
      declared: true,
    }));
    const nodes = [...reached(outputs.map((o) => o.source.node))];
    const opened: Opened = {
      nodes,
      outputs,
      declared: new Map(
        [...signature.inputs.values()].map((info) => [
          info.name.split(":")[0] ?? info.name,
          openDimsOf(info.shape),
        ]),
      ),
      tensor: constantOf,
      format: savedModel.title,
      producer: producerOf(meta, signatureName),
    };
    if (!nodes.some(isVariable)) return lowerGraph(opened, files, options);
    const folder = name.slice(0, -graphName.length);
    const bundle = await Bundle.open(files, `${folder}variables/variables`);
    const restore = meta.saver?.restore ?? "";
    const keys = restoredKeys(graph, flattener, restore);
    const variables = new Map<FlatNode, TensorSource>(
      nodes
        .filter(isVariable)
        .map((node) => [node, variableTensor(node, keys, bundle)]),
    );
    const tensor = (node: FlatNode) => variables.get(node) ?? constantOf(node);
    return lowerGraph({ ...opened, tensor }, files, options);
  },
};

/** The file chosen, the folder's own, or the only one in the folders below it. */
function nameOf({ chosen, names }: NetworkFiles): string | null {
  const is = (name: string) =>
    name === graphName || name.endsWith(`/${graphName}`);
  if (chosen !== null) return is(chosen) ? chosen : null;
  if (names.includes("model.json")) return null;
  if (names.includes(graphName)) return graphName;
  const [only, ...others] = names.filter(is);
  return only !== undefined && others.length === 0 ? only : null;
}

/** The graph for inference: tagged "serve". */
function metaGraphOf(
  metaGraphs: readonly MetaGraphDef[],
  name: string,
): MetaGraphDef {
  const [first] = metaGraphs;
  const serving = metaGraphs.find(({ info }) => info?.tags.includes("serve"));
  const found = serving ?? first;
  if (!found) throw empty(name);
  return found;
}

const exportHint =
  "Export it with model.export(folder) in Keras, or with tf.saved_model.save(model, folder, signatures=...) in TensorFlow.";

/** "serving_default", or else the one that there is. */
function signatureOf({ signatures }: MetaGraphDef): [string, SignatureDef] {
  const real = [...signatures].filter(
    ([name, { inputs, outputs }]) =>
      !name.startsWith("__") && inputs.size > 0 && outputs.size > 0,
  );
  const usual = real.find(([name]) => name === "serving_default");
  const [first, ...others] = real;
  const found = usual ?? (others.length === 0 ? first : undefined);
  if (found) return found;
  throw new Fault(
    "unsupported-network",
    first
      ? `The SavedModel has several signatures and no "serving_default": ${real
          .slice(0, 4)
          .map(([name]) => `"${name}"`)
          .join(", ")}.`
      : "The SavedModel has no signature that says where its input and its output are.",
    exportHint,
  );
}

function producerOf({ info }: MetaGraphDef, signature: string): string {
  const version = info?.version ? `TensorFlow ${info.version}` : "TensorFlow";
  return `${version.slice(0, 100)}, signature "${signature.slice(0, 100)}"`;
}

function empty(name: string): Fault {
  return new Fault(
    "damaged-file",
    `"${name}" holds no graph.`,
    "The copy is incomplete: copy or export the network again.",
  );
}
