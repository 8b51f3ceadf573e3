/** TensorFlow's GraphDef as every format gives it: nodes by name, functions, and references between them. */
import { Fault } from "../../../shared/fault";
import type { Attributes } from "./attributes";

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** References as they are written; what only orders the nodes ("^name") is left out. */
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
}

/** A function of the library: its nodes speak of each other and of its arguments by name. */
export interface GraphFunction {
  readonly name: string;
  /** Number of the argument by name. */
  readonly args: ReadonlyMap<string, number>;
  readonly outputs: readonly string[];
  /** Reference inside the function by output. */
  readonly returns: ReadonlyMap<string, string>;
  readonly nodes: ReadonlyMap<string, GraphNode>;
}

export interface Graph {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly functions: ReadonlyMap<string, GraphFunction>;
}

/** Far above any network's; a graph of more is no use to anybody. */
export const mostNodes = 100_000;

/** Nodes by name. Throws a Fault `damaged-file` where two share a name, or there are too many. */
export function nodesByName(
  nodes: Iterable<GraphNode>,
): ReadonlyMap<string, GraphNode> {
  const byName = new Map<string, GraphNode>();
  for (const node of nodes) {
    if (byName.has(node.name))
      throw damagedGraph(`Two nodes are called "${node.name}".`);
    byName.set(node.name, node);
    if (byName.size > mostNodes)
      throw damagedGraph(`The graph has more than ${mostNodes} nodes.`);
  }
  return byName;
}

/** A reference in parts: "name", "name:1", and in functions "name:output:1". */
export interface Reference {
  readonly name: string;
  /** Of an operation with several named outputs; null: not said. */
  readonly output: string | null;
  readonly index: number;
}

/** Throws a Fault `damaged-file` where the text is no reference. */
export function parseReference(text: string): Reference {
  const [name = "", second, third, ...rest] = text.split(":");
  const index = Number(third ?? (isIndex(second) ? second : 0));
  if (name === "" || rest.length > 0 || !isIndex(String(index)))
    throw damagedGraph(
      `The graph refers to "${text.slice(0, 200)}", which is no name of a tensor.`,
    );
  const output = second === undefined || isIndex(second) ? null : second;
  return { name, output, index };
}

function isIndex(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,6}$/.test(text);
}

export function damagedGraph(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}
