/** How every format puts a Network together: nodes with unique names, shapes as they come, and a head that gives logits. */
import { Fault } from "../../shared/fault";
import { inferShapes, inputName, type Network } from "../network/network";
import {
  node as makeNode,
  type Node,
  type Op,
  type Shape,
  type Weights,
} from "../network/op";
import { count, spell } from "../network/ops/check";
import * as ops from "../network/ops/index";

export type Input = Network["input"];

/** What a finished assembly gives its Network. */
export type Assembly = Pick<
  Network,
  "input" | "nodes" | "output" | "shapes" | "maximises"
> & { readonly stripped: readonly string[] };

/** A network's graph alone. */
export type Graph = Pick<Network, "input" | "nodes" | "output" | "shapes">;

/** A GiB as float32: far above what images need, far below what stops a machine. */
const mostValues = 2 ** 28;

/** Collects nodes in topological order. */
export class Assembler {
  readonly #input: Input;
  #nodes = new Map<string, Node>();
  #shapes: Map<string, Shape>;

  constructor(input: Input) {
    this.#input = input;
    this.#shapes = new Map([[inputName, input]]);
  }

  /** Adds a node whose inputs are there already; a name that is taken gets a number. Returns the name. */
  add<A extends object>(
    op: Op<A>,
    name: string,
    inputs: readonly string[],
    attributes: A,
    weights: Weights = {},
  ): string {
    const unique = this.#unique(name);
    const node = makeNode(op, unique, inputs, attributes, weights);
    const shape = op.infer(
      inputs.map((i) => this.shapeOf(i)),
      node,
    );
    if (!(count(shape) <= mostValues))
      throw new Fault(
        "unsupported-network",
        `Node "${unique}" (${op.kind}) has the shape ${spell(shape)}.`,
        `Supported are values of up to ${mostValues} numbers an image.`,
      );
    this.#nodes.set(unique, node);
    this.#shapes.set(unique, shape);
    return unique;
  }

  shapeOf(name: string): Shape {
    const shape = this.#shapes.get(name);
    if (!shape) throw new RangeError(`no node "${name}" yet`);
    return shape;
  }

  /**
   * Takes a last softmax off, or its logarithm, turns a map into one value a class, and says what is maximised.
   * `improve` may put other nodes that compute the same in the place of those collected; names it keeps stay.
   */
  finish(end: string, improve?: (graph: Graph) => Graph): Assembly {
    const stripped: string[] = [];
    const output = improve ? this.#improved(end, improve) : end;
    const bare = this.#withoutSoftmax(output);
    if (bare !== output) stripped.push("softmax");
    if (bare === inputName)
      throw new Fault(
        "unsupported-network",
        "The network does nothing with its input.",
      );
    const [logits, spread] = this.#vector(bare);
    const nodes = this.#reached(logits);
    const last = this.#lastComputed(bare);
    const unit =
      stripped.length > 0
        ? "class logit (a last softmax was taken off)"
        : last?.op.activation
          ? `output of the last activation (${last.op.kind}, "${last.name}")`
          : "class logit";
    return {
      input: this.#input,
      nodes,
      output: logits,
      shapes: new Map(
        [inputName, ...nodes.map((n) => n.name)].map((name) => [
          name,
          this.shapeOf(name),
        ]),
      ),
      maximises: spread ? `mean over the map (${spread}) of a ${unit}` : unit,
      stripped,
    };
  }

  #improved(output: string, improve: (graph: Graph) => Graph): string {
    const nodes = this.#reached(output);
    const shapes = inferShapes(this.#input, nodes);
    const better = improve({ input: this.#input, nodes, output, shapes });
    this.#nodes = new Map(better.nodes.map((node) => [node.name, node]));
    this.#shapes = new Map(inferShapes(this.#input, better.nodes));
    return better.output;
  }

  /** The node whose values these are, perhaps laid out anew. */
  #lastComputed(output: string): Node | undefined {
    let node = this.#nodes.get(output);
    while (node && layouts.includes(node.op.kind))
      node = this.#nodes.get(node.inputs[0] ?? "");
    return node;
  }

  /** The output without its softmax or the logarithm of it, after which it may be laid out anew. */
  #withoutSoftmax(output: string): string {
    const moves: Node[] = [];
    const before = (of: Node) => this.#nodes.get(of.inputs[0] ?? "");
    let node = this.#nodes.get(output);
    let seesLog = false;
    while (
      node &&
      (layouts.includes(node.op.kind) || (!seesLog && isLog(node)))
    ) {
      if (isLog(node)) seesLog = true;
      else moves.unshift(node);
      node = before(node);
    }
    const [logits] = node?.inputs ?? [];
    if (node?.op.kind !== ops.softmax.kind || logits === undefined)
      return output;
    // what is laid out anew is one value a class: the softmax is over the classes
    const shape = this.shapeOf(logits);
    if (moves.length > 0 && shape.at(-1) !== count(shape)) return output;
    return moves.reduce(
      (input, move) => this.add(move.op, move.name, [input], move.attributes),
      logits,
    );
  }

  /** The output as [class], and the map's size where it had one. */
  #vector(name: string): [string, string | null] {
    const shape = this.shapeOf(name);
    const [height, width] = shape;
    if (shape.length === 1) return [name, null];
    if (shape.length !== 3)
      throw new Fault(
        "unsupported-network",
        `The output has the shape ${spell(shape)}.`,
        "Networks end in a vector [class] or in a map [height, width, class].",
      );
    if (height === 1 && width === 1)
      return [this.add(ops.flatten, `${name}/flat`, [name], {}), null];
    const mean = this.add(ops.globalAverage, `${name}/mean`, [name], {
      keepDims: false,
    });
    return [mean, `${height} x ${width}`];
  }

  /** The nodes the output depends on, in order. */
  #reached(output: string): Node[] {
    const wanted = new Set([output]);
    const nodes: Node[] = [];
    for (const node of [...this.#nodes.values()].reverse())
      if (wanted.has(node.name)) {
        nodes.push(node);
        for (const name of node.inputs) wanted.add(name);
      }
    return nodes.reverse();
  }

  #unique(name: string): string {
    let unique = name;
    for (let i = 2; this.#shapes.has(unique); i++) unique = `${name}_${i}`;
    return unique;
  }
}

/** Operations that only lay values out anew. */
const layouts: readonly string[] = [
  ops.reshape.kind,
  ops.flatten.kind,
  ops.transpose.kind,
];

function isLog(node: Node): boolean {
  return node.op.kind === ops.log.kind;
}
