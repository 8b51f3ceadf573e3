/** A GraphDef as a Graph. */
import type { NetworkFile } from "../format";
import { Attributes, type AttributeValue } from "./attributes";
import { typeNumber } from "./data-types";
import {
  nodesByName,
  damagedGraph,
  type Graph,
  type GraphFunction,
  type GraphNode,
} from "./graph";
import type { AttrValue, FunctionDef, GraphDef, NodeDef } from "./protos";
import { openDimsOf, protoTensor } from "./tensor";

/** `file`: where the long tensors of the graph lie. */
export function protoGraph(
  { node, library }: GraphDef,
  file: NetworkFile | null,
): Graph {
  const functions = new Map<string, GraphFunction>();
  for (const definition of library?.function ?? []) {
    const made = functionOf(definition, file);
    if (functions.has(made.name))
      throw damagedGraph(`Two functions are called "${made.name}".`);
    functions.set(made.name, made);
  }
  return { nodes: nodesByName(node.map((n) => nodeOf(n, file))), functions };
}

function functionOf(
  { signature, node, ret }: FunctionDef,
  file: NetworkFile | null,
): GraphFunction {
  return {
    name: signature?.name ?? "",
    args: new Map(signature?.inputArg.map(({ name }, i) => [name, i])),
    outputs: signature?.outputArg.map(({ name }) => name) ?? [],
    returns: ret,
    nodes: nodesByName(node.map((n) => nodeOf(n, file))),
  };
}

function nodeOf(
  { name, op, input, attr }: NodeDef,
  file: NetworkFile | null,
): GraphNode {
  const values = new Map<string, AttributeValue>();
  for (const [key, value] of attr) {
    const read = attributeOf(value, file);
    if (read) values.set(key, read);
  }
  return {
    name,
    op,
    inputs: input.filter((reference) => !reference.startsWith("^")),
    attributes: new Attributes(name, values),
  };
}

function attributeOf(
  value: AttrValue,
  file: NetworkFile | null,
): AttributeValue | null {
  const { s, i, f, b, type, shape, tensor, func, list } = value;
  if (s) return { kind: "string", value: textOf(s) };
  if (i !== null) return { kind: "int", value: i };
  if (f !== null) return { kind: "float", value: f };
  if (b !== null) return { kind: "bool", value: b };
  if (type !== null) return { kind: "type", value: typeNumber(type) };
  if (shape) return { kind: "shape", value: openDimsOf(shape) };
  if (tensor) return { kind: "tensor", value: protoTensor(tensor, file) };
  if (func) return { kind: "function", value: func.name };
  return list && { kind: "list", value: listOf(list) };
}

function listOf(list: NonNullable<AttrValue["list"]>): AttributeValue[] {
  return [
    ...list.s.map((v) => ({ kind: "string", value: textOf(v) }) as const),
    ...list.i.map((value) => ({ kind: "int", value }) as const),
    ...list.f.map((value) => ({ kind: "float", value }) as const),
    ...list.b.map((value) => ({ kind: "bool", value }) as const),
    ...list.type.map((value) => ({ kind: "type", value }) as const),
    ...list.shape.map(
      (shape) => ({ kind: "shape", value: openDimsOf(shape) }) as const,
    ),
  ];
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
