/** An ONNX graph as one list of nodes: functions inlined, constants taken out, names unique, in order. */
import { Fault } from "../../../shared/fault";
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
} from "./model";
import { OnnxNode } from "./node";
import { inOrder } from "./order";
import { domainOf, functionKey, type Scope, type Shared } from "./scope";

/** Names are unique; every value is written before it is read. */
export interface FlatGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly outputs: readonly string[];
}

const mostNodes = 200_000;
const mostDepth = 16;
const fewest = 7;

/** What names mean at the top of the file. */
export function topScope(model: ModelProto): Scope {
  const functions = new Map<string, FunctionProto>();
  for (const each of model.functions) {
    const key = functionKey(each.domain, each.name, each.overload);
    if (functions.has(key))
      throw damaged(`The function "${each.name}" is there twice.`);
    functions.set(key, each);
  }
  let numbers = 0;
  let nodes = 0;
  const shared: Shared = {
    functions,
    next: () => numbers++,
    count() {
      if (++nodes > mostNodes)
        throw new Fault(
          "unsupported-network",
          `The network has more than ${mostNodes} nodes.`,
          "Functions that call each other many times over add up.",
        );
    },
  };
  return {
    rename: (name) => name,
    attribute: () => null,
    opset: opsetsOf(model.opsetImport),
    path: "",
    depth: 0,
    shared,
  };
}

function opsetsOf(imports: ModelProto["opsetImport"]): Scope["opset"] {
  const versions = new Map(imports.map((o) => [domainOf(o.domain), o.version]));
  return (domain) => versions.get(domain) ?? null;
}

/** The graph flattened; `given` are the values that are there before it: its inputs. */
export function flatten(
  graph: GraphProto,
  scope: Scope,
  given: Iterable<string>,
): FlatGraph {
  const constants = new Map<string, TensorProto>();
  const known = new Set(given);
  if (graph.sparseInitializer.length > 0)
    throw new Fault(
      "unsupported-network",
      "The network holds sparse tensors.",
      "Export it with dense weights.",
    );
  for (const tensor of graph.initializer) {
    const name = scope.rename(tensor.name);
    if (tensor.name === "" || constants.has(name))
      throw damaged(`The tensor "${tensor.name}" is there twice.`);
    constants.set(name, tensor);
    known.add(name);
  }
  const nodes: OnnxNode[] = [];
  for (const node of inOrder([...inlined(graph.node, scope)], known, readBy)) {
    for (const name of node.outputs) if (name !== "") known.add(name);
    const tensor = node.op === "Constant" ? node.tensor("value") : null;
    const [output = ""] = node.outputs;
    if (tensor) constants.set(output, { ...tensor, name: output });
    else nodes.push(node);
  }
  const outputs = graph.output.map(({ name }) => {
    const value = scope.rename(name);
    if (!known.has(value)) throw damaged(`Nothing gives the output "${name}".`);
    return value;
  });
  return { nodes, constants, outputs };
}

/** The scope of a branch: what it gives itself is its own, all other names are those around it. */
export function branchScope(graph: GraphProto, around: Scope): Scope {
  const own = new Set<string>();
  for (const { output } of graph.node) for (const name of output) own.add(name);
  for (const { name } of graph.initializer) own.add(name);
  own.delete("");
  const prefix = `branch ${around.shared.next()}: `;
  return {
    ...around,
    rename: (name) => (own.has(name) ? prefix + name : around.rename(name)),
    depth: deeper(around, "Branches"),
  };
}

function deeper({ depth }: Scope, what: string): number {
  if (depth >= mostDepth)
    throw new Fault(
      "unsupported-network",
      `${what} of the network are nested more than ${mostDepth} deep.`,
    );
  return depth + 1;
}

/** The nodes in order, those of functions in place of their calls. Recursion ends at {@link mostDepth}. */
function* inlined(
  protos: readonly NodeProto[],
  scope: Scope,
): Generator<OnnxNode> {
  for (const proto of protos) {
    scope.shared.count();
    const { opType, overload } = proto;
    const domain = domainOf(proto.domain);
    const key = functionKey(domain, opType, overload);
    const called = scope.shared.functions.get(key);
    if (!called) yield nodeOf(proto, domain, scope);
    else {
      const inner = functionScope(called, proto, scope);
      yield* inlined(called.node, inner);
      // an output that is an input as it came
      for (const [i, name] of called.output.entries())
        if (called.input.includes(name) && proto.output[i])
          yield nodeOf(
            identity(inner.rename(name), scope.rename(proto.output[i])),
            "",
            { ...scope, rename: (same) => same },
          );
    }
  }
}

function identity(from: string, to: string): NodeProto {
  return {
    input: [from],
    output: [to],
    name: "",
    opType: "Identity",
    domain: "",
    overload: "",
    attribute: [],
  };
}

function functionScope(
  called: FunctionProto,
  call: NodeProto,
  around: Scope,
): Scope {
  const number = around.shared.next();
  const names = new Map<string, string>();
  for (const [i, formal] of called.output.entries()) {
    const actual = call.output[i] ?? "";
    if (actual !== "") names.set(formal, around.rename(actual));
  }
  // inputs last: a name that is both is the input, and copied to the output
  for (const [i, formal] of called.input.entries()) {
    const actual = call.input[i] ?? "";
    names.set(formal, actual === "" ? "" : around.rename(actual));
  }
  const given = attributesOf(call, around);
  const missing = new Map(called.attributeProto.map((a) => [a.name, a]));
  const title = call.name || call.output[0] || called.name;
  return {
    rename: (name) =>
      name === "" ? "" : (names.get(name) ?? `call ${number}: ${name}`),
    attribute: (name) => given.get(name) ?? missing.get(name) ?? null,
    opset: opsetsOf(called.opsetImport),
    path: `${around.path}${title}/`,
    depth: deeper(around, "Functions"),
    shared: around.shared,
  };
}

function nodeOf(proto: NodeProto, domain: string, scope: Scope): OnnxNode {
  const opset = scope.opset(domain) ?? (domain === "" ? 1 : 0);
  const [first = ""] = proto.output;
  const node = new OnnxNode({
    name: scope.path + (proto.name || `${proto.opType} ${first}`.trim()),
    domain,
    op: proto.opType,
    opset,
    inputs: proto.input.map((name) => (name === "" ? "" : scope.rename(name))),
    outputs: proto.output.map((n) => (n === "" ? "" : scope.rename(n))),
    attributes: attributesOf(proto, scope),
    scope,
  });
  if (domain === "" && opset < fewest)
    throw new Fault(
      "unsupported-network",
      `The network uses operations of ONNX opset ${opset}.`,
      `Supported are opsets from ${fewest} on: convert it with onnx.version_converter, or export it again.`,
    );
  return node;
}

/** The node's attributes; those that refer to the call of a function are looked up there. */
function attributesOf(
  proto: NodeProto,
  scope: Scope,
): ReadonlyMap<string, AttributeProto> {
  const attributes = new Map<string, AttributeProto>();
  for (const attribute of proto.attribute) {
    const { name, refAttrName } = attribute;
    const value = refAttrName ? scope.attribute(refAttrName) : attribute;
    if (value) attributes.set(name, value);
  }
  return attributes;
}

/** What a node reads: its inputs, and what its subgraphs take from around them. */
export function readBy(node: OnnxNode): ReadonlySet<string> {
  const names = new Set(node.inputs);
  const visit = (
    graph: GraphProto,
    around: ReadonlySet<string>,
    depth: number,
  ) => {
    if (depth > mostDepth)
      node.refuse(`its branches are nested more than ${mostDepth} deep.`);
    const own = new Set(around);
    for (const { name } of graph.input) own.add(name);
    for (const { name } of graph.initializer) own.add(name);
    for (const { output } of graph.node)
      for (const name of output) own.add(name);
    const read = graph.node.flatMap(({ input }) => input);
    for (const name of [...read, ...graph.output.map((o) => o.name)])
      if (name !== "" && !own.has(name)) names.add(node.scope.rename(name));
    for (const { attribute } of graph.node)
      for (const { g } of attribute) if (g) visit(g, own, depth + 1);
  };
  for (const graph of node.graphs()) visit(graph, new Set(), 1);
  names.delete("");
  return names;
}

/** The nodes the outputs depend on, in order. */
export function reaching(
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
): readonly OnnxNode[] {
  const wanted = new Set(outputs);
  const reached: OnnxNode[] = [];
  for (const node of nodes.toReversed())
    if (node.outputs.some((name) => wanted.has(name))) {
      reached.push(node);
      for (const name of readBy(node)) wanted.add(name);
    }
  return reached.reverse();
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}
