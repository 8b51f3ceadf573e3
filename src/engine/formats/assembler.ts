/** How every format puts a Network together: nodes with unique names, shapes as they come, and a head that gives logits. */
import { Fault } from "../../shared/fault";
import type { Head } from "../../shared/domain";
import {
  inferShapes,
  inputName,
  type Network,
  type Told,
} from "../network/network";
import {
  node as makeNode,
  type Node,
  type Op,
  type Shape,
  type Weights,
} from "../network/op";
import { count, spell } from "../network/ops/check";
import * as ops from "../network/ops/index";
import {
  endsLinear,
  lastActivation,
  lastComputed,
  layouts,
  type LastActivation,
  type Nodes,
} from "./last-activation";
import { needGradient } from "./stopped";

export type Input = Network["input"];

/** What a finished assembly gives its Network. */
export type Assembly = Pick<
  Network,
  "input" | "nodes" | "output" | "shapes" | "maximises"
> & {
  /** What was taken off: "softmax". */
  readonly stripped: readonly string[];
  /** What the file says its output means, or what is assumed; corrections by the user left out. */
  readonly head: NonNullable<Told["head"]>;
};

export interface FinishOptions {
  /** Puts other nodes that compute the same in the place of those collected; names it keeps stay. */
  readonly improve?: (graph: Graph) => Graph;
  /** What the user says the output means: `ReadOptions.head`. */
  readonly head?: Head | null;
}

/** A network's graph alone. */
export type Graph = Pick<Network, "input" | "nodes" | "output" | "shapes">;

/** A GiB as float32: far above what images need, far below what stops a machine. */
const mostValues = 2 ** 28;

/** Collects nodes in topological order. */
export class Assembler {
  readonly #input: Input;
  #nodes = new Map<string, Node>();
  #shapes: Map<string, Shape>;
  readonly #depths = new Map<string, number>();

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
    if (inputs.length > 0) {
      const below = inputs.map((i) => this.#depths.get(i) ?? 0);
      const own = layouts.has(op.kind) ? 0 : 1;
      this.#depths.set(unique, Math.max(...below) + own);
    }
    return unique;
  }

  shapeOf(name: string): Shape {
    const shape = this.#shapes.get(name);
    if (!shape) throw new RangeError(`no node "${name}" yet`);
    return shape;
  }

  /** Operations on the longest path from the input to a node, those that only lay values out left out. */
  depthOf(name: string): number {
    return this.#depths.get(name) ?? 0;
  }

  /**
   * Takes a last softmax, log-softmax or sigmoid off unless `head` is "value" or "map", turns a map into one value a
   * channel, and reports what the output means. Throws a Fault `invalid-request` for a head "map" where there is none.
   */
  finish(end: string, { improve, head = null }: FinishOptions = {}): Assembly {
    const output = improve ? this.#improved(end, improve) : end;
    const nodes: Nodes = {
      get: (name) => this.#nodes.get(name),
      shapeOf: (name) => this.shapeOf(name),
    };
    const last = lastActivation(nodes, output);
    const stays = head === "value" || head === "map";
    const bare = last && !stays ? this.#without(last) : output;
    if (bare === inputName)
      throw new Fault(
        "unsupported-network",
        "The network does nothing with its input.",
      );
    const [logits, spread] = this.#vector(bare);
    if (head === "map" && spread === null)
      throw new Fault(
        "invalid-request",
        `The output is a vector of ${count(this.shapeOf(logits))} values and no map.`,
        'Take the head "softmax", "sigmoid" or "value".',
      );
    const told = headOf(
      last,
      spread !== null,
      count(this.shapeOf(logits)),
      () => endsLinear(nodes, bare),
    );
    const unit = unitOf(
      bare === output ? null : last,
      head ?? told.value,
      lastComputed(nodes, bare),
    );
    const reached = this.#reached(logits);
    needGradient(reached, logits);
    return {
      input: this.#input,
      nodes: reached,
      output: logits,
      shapes: new Map(
        [inputName, ...reached.map((n) => n.name)].map((name) => [
          name,
          this.shapeOf(name),
        ]),
      ),
      maximises: spread
        ? `mean over the map (${spread}) of ${unit.startsWith("o") ? "an" : "a"} ${unit}`
        : unit,
      stripped: last && bare !== output ? [last.kind] : [],
      head: told,
    };
  }

  /** The values before a last activation, laid out as those after it. */
  #without({ logits, moves }: LastActivation): string {
    return moves.reduce(
      (input, move) => this.add(move.op, move.name, [input], move.attributes),
      logits,
    );
  }

  #improved(output: string, improve: (graph: Graph) => Graph): string {
    const nodes = this.#reached(output);
    const shapes = inferShapes(this.#input, nodes);
    const better = improve({ input: this.#input, nodes, output, shapes });
    this.#nodes = new Map(better.nodes.map((node) => [node.name, node]));
    this.#shapes = new Map(inferShapes(this.#input, better.nodes));
    return better.output;
  }

  /** The output as [class], and the map's size where it had one. */
  #vector(name: string): [string, string | null] {
    const shape = this.shapeOf(name);
    const [height, width] = shape;
    if (shape.length === 1) return [name, null];
    if (shape.length === 2) {
      const attributes = { kind: "mean", axes: [0], keepDims: false } as const;
      const mean = this.add(ops.reduce, `${name}/mean`, [name], attributes);
      return [mean, `${height ?? 0} positions`];
    }
    if (shape.length !== 3)
      throw new Fault(
        "unsupported-network",
        `The output has the shape ${spell(shape)}.`,
        "Export the network with an output [class] or [height, width, channel].",
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

/** What the output of a finished graph means: its last activation says so, or else it is assumed. */
function headOf(
  last: LastActivation | null,
  isMap: boolean,
  values: number,
  isLinear: () => boolean,
): Assembly["head"] {
  if (isMap) return { value: "map", from: "file" };
  if (last)
    return {
      value: last.kind === "sigmoid" ? "sigmoid" : "softmax",
      from: "file",
    };
  const isSoftmax = values > 1 && isLinear();
  return { value: isSoftmax ? "softmax" : "value", from: "assumed" };
}

/** What one value of the output is, in words. */
function unitOf(
  taken: LastActivation | null,
  head: Head,
  last: Node | undefined,
): string {
  if (taken) {
    const unit =
      head === "value"
        ? "output value"
        : taken.kind === "sigmoid"
          ? "logit of a unit"
          : "class logit";
    return `${unit} (a last ${taken.kind} was taken off)`;
  }
  if (last?.op.activation)
    return `output of the last activation (${last.op.kind}, "${last.name}")`;
  const units = {
    softmax: "class logit",
    sigmoid: "logit of a unit",
    value: "output value",
    map: "channel",
  };
  return units[head];
}
