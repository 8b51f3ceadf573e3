/** A graph without functions: every call is replaced by the nodes of the function it calls. */
import { Fault } from "../../../shared/fault";
import type { Attributes } from "./attributes";
import {
  damagedGraph,
  mostNodes,
  parseReference,
  type Graph,
  type GraphFunction,
  type GraphNode,
  type Reference,
} from "./graph";

/** One output of a node. */
export interface Source {
  readonly node: FlatNode;
  readonly output: number;
}

export interface FlatNode {
  readonly name: string;
  readonly op: string;
  readonly attributes: Attributes;
  readonly inputs: readonly Source[];
}

/** Where names are looked up: the graph itself, or one call of a function. */
interface Scope {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly called: {
    readonly definition: GraphFunction;
    readonly by: GraphNode;
    readonly from: Scope;
  } | null;
  readonly depth: number;
  readonly flat: Map<string, FlatNode>;
  readonly calls: Map<string, Scope>;
}

/** Functions call functions, and arguments lead out of them again: so many steps from names to nodes at most. */
const mostHops = 2_000_000;
const mostDepth = 100;

/** Names of the outputs of operations with several; those of all others are numbered. */
const outputNames: Readonly<Record<string, readonly string[]>> = {
  FusedBatchNorm: ["y", "batch_mean", "batch_variance"],
  FusedBatchNormV2: ["y", "batch_mean", "batch_variance"],
  FusedBatchNormV3: ["y", "batch_mean", "batch_variance"],
  MaxPoolWithArgmax: ["output", "argmax"],
  Merge: ["output", "value_index"],
  Switch: ["output_false", "output_true"],
  TopKV2: ["values", "indices"],
  Unique: ["y", "idx"],
};

/** Makes flat nodes as they are asked for, together with all they depend on. */
export class Flattener {
  readonly #graph: Graph;
  readonly #top: Scope;
  /** How many nodes have a name; the number itself is the next one's ending. */
  readonly #names = new Map<string, number>();
  readonly #open: { scope: Scope; node: GraphNode; inputs: Source[] }[] = [];
  #scopes = 0;
  #nodes = 0;
  #hops = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#top = scopeOf(graph.nodes, null, 0);
  }

  /** The node that a tensor of the graph comes from. Throws a Fault `damaged-file`, also for functions that call themselves. */
  source(reference: string): Source {
    const source = this.#resolve(this.#top, reference);
    // a list instead of recursion: a hostile file may be deeper than the stack
    for (let next = this.#open.pop(); next; next = this.#open.pop())
      for (const input of next.node.inputs)
        next.inputs.push(this.#resolve(next.scope, input));
    return source;
  }

  /** The nodes of the whole graph, and those of the functions whose outputs it reads. */
  nodes(): FlatNode[] {
    const sources = [...this.#graph.nodes.values()]
      .filter((node) => this.#calledBy(node)?.outputs.length !== 0)
      .map(({ name }) => this.source(name).node);
    return [...reached(sources)];
  }

  /** The nodes of a function that the node calls, with what they depend on; of a node that calls none, none. */
  body(name: string): FlatNode[] {
    const node = this.#graph.nodes.get(name);
    const definition = node && this.#calledBy(node);
    if (!node || !definition) return [];
    const scope = this.#enter(this.#top, node, definition);
    const plain = [...scope.nodes.values()].filter((n) => !this.#calledBy(n));
    const flat = plain.map((n) => this.#flat(scope, n));
    for (let next = this.#open.pop(); next; next = this.#open.pop())
      for (const input of next.node.inputs)
        next.inputs.push(this.#resolve(next.scope, input));
    return flat;
  }

  #resolve(from: Scope, reference: string): Source {
    let scope = from;
    let text = reference;
    while (++this.#hops < mostHops) {
      const parsed = parseReference(text);
      const argument = scope.called?.definition.args.get(parsed.name);
      if (scope.called && argument !== undefined) {
        const { by, from: outer } = scope.called;
        text = by.inputs[argument] ?? missing(by, `input ${argument}`);
        scope = outer;
        continue;
      }
      const node = scope.nodes.get(parsed.name);
      if (!node) throw damagedGraph(`The graph has no node "${parsed.name}".`);
      const definition = this.#calledBy(node);
      if (!definition)
        return {
          node: this.#flat(scope, node),
          output: outputIndex(node, parsed),
        };
      text = returned(node, definition, parsed);
      scope = this.#enter(scope, node, definition);
    }
    throw damagedGraph(`"${reference}" leads around in a circle.`);
  }

  #calledBy(node: GraphNode): GraphFunction | null {
    const own = this.#graph.functions.get(node.op);
    if (own) return own;
    if (!/^(Stateful)?PartitionedCall$/.test(node.op)) return null;
    const name = node.attributes.function("f");
    const definition = this.#graph.functions.get(name ?? "");
    return definition ?? missing(node, `function "${name}"`);
  }

  #enter(scope: Scope, by: GraphNode, definition: GraphFunction): Scope {
    const known = scope.calls.get(by.name);
    if (known) return known;
    for (let s: Scope | undefined = scope; s; s = s.called?.from)
      if (s.called?.definition === definition)
        throw damagedGraph(`The function "${definition.name}" calls itself.`);
    if (scope.depth >= mostDepth || ++this.#scopes > mostNodes)
      throw damagedGraph("Its functions call each other without end.");
    const called = { definition, by, from: scope };
    const inner = scopeOf(definition.nodes, called, scope.depth + 1);
    scope.calls.set(by.name, inner);
    return inner;
  }

  #flat(scope: Scope, node: GraphNode): FlatNode {
    const known = scope.flat.get(node.name);
    if (known) return known;
    if (++this.#nodes > mostNodes)
      throw new Fault(
        "unsupported-network",
        `With its functions written out the graph has more than ${mostNodes} nodes.`,
      );
    const inputs: Source[] = [];
    const name = this.#unique(node.name);
    const { op, attributes } = node;
    const flat: FlatNode = { name, op, attributes, inputs };
    scope.flat.set(node.name, flat);
    // what decodes a file gives pixels, wherever the file comes from
    if (!isDecoder(flat)) this.#open.push({ scope, node, inputs });
    return flat;
  }

  #unique(name: string): string {
    const times = this.#names.get(name) ?? 0;
    this.#names.set(name, times + 1);
    return times === 0 ? name : `${name}_call${times + 1}`;
  }
}

function scopeOf(
  nodes: Scope["nodes"],
  called: Scope["called"],
  depth: number,
): Scope {
  return { nodes, called, depth, flat: new Map(), calls: new Map() };
}

/** The reference inside the function that a call's output stands for. */
function returned(
  node: GraphNode,
  definition: GraphFunction,
  { output, index }: Reference,
): string {
  // a call by its own name names the output, a PartitionedCall numbers it
  const own = node.op === definition.name && output !== null;
  const name = own ? output : (definition.outputs[index] ?? "");
  return definition.returns.get(name) ?? missing(node, `output "${name}"`);
}

function outputIndex(node: GraphNode, { output, index }: Reference): number {
  if (output === null) return index;
  const named = Object.hasOwn(outputNames, node.op)
    ? (outputNames[node.op]?.indexOf(output) ?? -1)
    : -1;
  // outputs that nothing reads on the way to a class have a number nobody uses
  if (named < 0 && Object.hasOwn(outputNames, node.op)) return 100;
  return named < 0 ? index : named;
}

function missing(node: GraphNode, what: string): never {
  throw damagedGraph(`Node "${node.name}" (${node.op}) has no ${what}.`);
}

/** Whether a node makes pixels [height, width, channel] of 0 to 255 of a file's bytes. */
export function isDecoder({ op }: Pick<FlatNode, "op">): boolean {
  return /^Decode(Jpeg|Png|Bmp|Image|AndCropJpeg)$/.test(op);
}

const passing = new Set(["Identity", "Snapshot"]);

/** The node behind those that hand their input on. */
export function behind(source: Source): Source {
  let found = source;
  for (let i = 0; i < 100 && passing.has(found.node.op); i++)
    found = found.node.inputs[0] ?? found;
  return found;
}

/** All nodes that the given ones depend on, themselves included; in no particular order. */
export function reached(roots: Iterable<FlatNode>): Set<FlatNode> {
  const found = new Set(roots);
  // a Set goes on to what is added while it is walked
  for (const node of found) for (const { node: n } of node.inputs) found.add(n);
  return found;
}

/** Those of them that the given ones depend on in any case: not on one side of a Merge alone. */
export function certain(roots: Iterable<FlatNode>): Set<FlatNode> {
  const found = new Set(roots);
  for (const { op, inputs } of found)
    if (op !== "Merge") for (const { node } of inputs) found.add(node);
  return found;
}

/** All nodes that the given ones depend on, every node after those it reads. Throws a Fault `damaged-file` where one depends on itself. */
export function ordered(roots: Iterable<FlatNode>): FlatNode[] {
  const done = new Set<FlatNode>();
  const waiting = new Set<FlatNode>();
  const path = [...roots].reverse();
  for (let node = path.at(-1); node; node = path.at(-1)) {
    const open = done.has(node)
      ? []
      : node.inputs.map((i) => i.node).filter((n) => !done.has(n));
    if (open.length === 0) {
      done.add(node);
      path.pop();
    } else if (waiting.has(node))
      throw damagedGraph(`Node "${node.name}" reads what depends on it.`);
    else {
      waiting.add(node);
      path.push(...open.reverse());
    }
  }
  return [...done];
}
