/** Which tensor of the checkpoint each variable of a graph is: as the graph itself restores them. */
import { Fault } from "../../../shared/fault";
import { spell } from "../../network/ops/check";
import type { TensorSource } from "../tensorflow/attributes";
import { behind, type Flattener, type FlatNode } from "../tensorflow/flatten";
import type { Graph } from "../tensorflow/graph";
import type { Bundle } from "./bundle";

const variableOps = /^(VarHandleOp|VariableV2|Variable)$/;

export function isVariable({ op }: FlatNode): boolean {
  return variableOps.test(op);
}

/**
 * Key of the checkpoint by variable: what each assignment of the graph, and of the function it restores with,
 * takes from RestoreV2.
 */
export function restoredKeys(
  graph: Graph,
  flattener: Flattener,
  restore: string,
): ReadonlyMap<FlatNode, string> {
  const keys = new Map<FlatNode, string>();
  const assigning = /^Assign(VariableOp)?$/;
  const top = [...graph.nodes.values()]
    .filter(({ op }) => assigning.test(op))
    .map(({ name }) => flattener.source(name).node);
  for (const { op, inputs } of [...top, ...flattener.body(restore)]) {
    const [variable, value] = inputs;
    if (!assigning.test(op) || !variable || !value) continue;
    const target = behind(variable).node;
    const found = behind(value);
    const names = found.node.inputs[1];
    if (!isVariable(target) || found.node.op !== "RestoreV2" || !names)
      continue;
    const key = behind(names).node.attributes.tensor("value")?.strings()[
      found.output
    ];
    if (key !== undefined) keys.set(target, key);
  }
  return keys;
}

/** The tensor of a variable. Throws a Fault `damaged-file` where the checkpoint has none, or one of another shape. */
export function variableTensor(
  node: FlatNode,
  keys: ReadonlyMap<FlatNode, string>,
  bundle: Bundle,
): TensorSource {
  const shared = node.attributes.string("shared_name", "");
  const found = [keys.get(node), shared, node.name].find(
    (key) => key !== undefined && bundle.has(key),
  );
  const tensor = bundle.tensor(found ?? "");
  if (!tensor)
    throw new Fault(
      "damaged-file",
      `The checkpoint has no values for the variable "${node.name}"${shared ? ` ("${shared}")` : ""}.`,
      "Copy the whole SavedModel, its folder variables included, or export it again.",
    );
  const dims = node.attributes.shape("shape");
  const fits =
    !dims ||
    (dims.length === tensor.dims.length &&
      dims.every((d, i) => d === null || d === tensor.dims[i]));
  if (!fits)
    throw new Fault(
      "unsupported-network",
      `The variable "${node.name}" has the shape ${spell(dims.map((d) => d ?? -1))}, and the checkpoint holds ${spell(tensor.dims)}.`,
      "Variables in parts are not supported: export the network with TensorFlow 2.",
    );
  return tensor;
}
