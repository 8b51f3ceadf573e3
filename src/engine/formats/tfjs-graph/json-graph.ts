/** A GraphDef written as JSON: int64 as strings, bytes as base64. */
import { isObject, type Json } from "../json";
import {
  Attributes,
  type AttributeValue,
  type OpenDims,
} from "../tensorflow/attributes";
import { typeNumber } from "../tensorflow/data-types";
import {
  damagedGraph,
  nodesByName,
  type Graph,
  type GraphFunction,
  type GraphNode,
} from "../tensorflow/graph";

/** Throws a Fault `damaged-file` where the topology is no GraphDef. */
export function jsonGraph(topology: unknown): Graph {
  if (!isObject(topology) || !Array.isArray(topology["node"]))
    throw damagedGraph("The topology holds no nodes.");
  const library = topology["library"];
  const definitions = isObject(library) ? listIn(library, "function") : [];
  const functions = new Map<string, GraphFunction>();
  for (const definition of definitions) {
    const made = functionOf(definition);
    if (functions.has(made.name))
      throw damagedGraph(`Two functions are called "${made.name}".`);
    functions.set(made.name, made);
  }
  return { nodes: nodesByName(topology["node"].map(nodeOf)), functions };
}

function functionOf(value: unknown): GraphFunction {
  if (!isObject(value) || !isObject(value["signature"]))
    throw damagedGraph("The library holds something that is no function.");
  const { signature, ret } = value;
  const names = (key: string) =>
    listIn(signature, key).map((argument) => textIn(argument, "name"));
  const returns = isObject(ret) ? Object.entries(ret) : [];
  return {
    name: textIn(signature, "name"),
    args: new Map(names("inputArg").map((name, i) => [name, i])),
    outputs: names("outputArg"),
    returns: new Map(
      returns.filter((e): e is [string, string] => typeof e[1] === "string"),
    ),
    nodes: nodesByName(listIn(value, "nodeDef").map(nodeOf)),
  };
}

function nodeOf(value: unknown): GraphNode {
  const name = textIn(value, "name");
  if (!isObject(value)) throw damagedGraph("A node is no object.");
  const attributes = isObject(value["attr"]) ? value["attr"] : {};
  return {
    name,
    op: textIn(value, "op"),
    inputs: listIn(value, "input")
      .map((reference) =>
        typeof reference === "string"
          ? reference
          : fail(`Node "${name}" has an input that is no name.`),
      )
      .filter((reference) => !reference.startsWith("^")),
    attributes: new Attributes(name, valuesIn(attributes, name)),
  };
}

function valuesIn(
  attributes: Json,
  node: string,
): ReadonlyMap<string, AttributeValue> {
  const values = new Map<string, AttributeValue>();
  for (const [key, value] of Object.entries(attributes)) {
    const read = attributeOf(value, `attribute "${key}" of node "${node}"`);
    if (read) values.set(key, read);
  }
  return values;
}

/** Null: of a kind that nothing asks for (a tensor: the values lie in the weight files). */
function attributeOf(value: unknown, about: string): AttributeValue | null {
  if (!isObject(value)) throw damagedGraph(`The ${about} is no object.`);
  const { s, i, f, b, type, shape, func, list } = value;
  if (s !== undefined) return { kind: "string", value: bytesOf(s, about) };
  if (i !== undefined) return { kind: "int", value: numberOf(i, about) };
  if (f !== undefined) return { kind: "float", value: numberOf(f, about) };
  if (b !== undefined) return { kind: "bool", value: b === true };
  if (type !== undefined) return { kind: "type", value: typeNumber(type) };
  if (shape !== undefined)
    return { kind: "shape", value: shapeOf(shape, about) };
  if (isObject(func)) return { kind: "function", value: textIn(func, "name") };
  if (!isObject(list)) return null;
  return {
    kind: "list",
    value: [
      ...listIn(list, "s").map(
        (v) => ({ kind: "string", value: bytesOf(v, about) }) as const,
      ),
      ...listIn(list, "i").map(
        (v) => ({ kind: "int", value: numberOf(v, about) }) as const,
      ),
      ...listIn(list, "f").map(
        (v) => ({ kind: "float", value: numberOf(v, about) }) as const,
      ),
    ],
  };
}

/** Open dimensions are null. Throws a Fault `damaged-file`. */
export function shapeOf(shape: unknown, about: string): OpenDims {
  if (!isObject(shape) || shape["unknownRank"] === true) return null;
  return listIn(shape, "dim").map((dim) => {
    const size = isObject(dim) ? (dim["size"] ?? 0) : NaN;
    const number = numberOf(size, about);
    return number >= 0 ? number : null;
  });
}

/** Text in base64; lists of character codes are written by old converters. */
function bytesOf(value: unknown, about: string): string {
  if (Array.isArray(value) && value.length <= 1000)
    return String.fromCharCode(...value.map((v) => numberOf(v, about)));
  if (typeof value !== "string") return fail(`The ${about} is no text.`);
  try {
    const bytes = Uint8Array.from(atob(value), (c) => c.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch {
    return fail(`The ${about} is not written in base64.`);
  }
}

function numberOf(value: unknown, about: string): number {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number)
    ? number
    : fail(`The ${about} is ${JSON.stringify(value)?.slice(0, 100)}.`);
}

function listIn(value: unknown, key: string): readonly unknown[] {
  const list = isObject(value) ? value[key] : undefined;
  // Array.isArray makes it any[]
  return Array.isArray(list) ? (list as unknown[]) : [];
}

function textIn(value: unknown, key: string): string {
  const text = isObject(value) ? value[key] : undefined;
  return typeof text === "string"
    ? text
    : fail(`The graph holds a node or a function without a ${key}.`);
}

function fail(message: string): never {
  throw damagedGraph(message);
}
