/**
 * What the end of a graph says of its output: a last softmax, log-softmax or sigmoid, which is taken off so that runs
 * climb logits, or else whether the last step is a linear one.
 */
import { inputName } from "../network/network";
import type { Node, Shape } from "../network/op";
import { count } from "../network/ops/check";
import * as ops from "../network/ops/index";

/** A graph by the names of its nodes. */
export interface Nodes {
  get(name: string): Node | undefined;
  shapeOf(name: string): Shape;
}

export interface LastActivation {
  readonly kind: "softmax" | "log-softmax" | "sigmoid";
  /** Name of the value before it: the logits. */
  readonly logits: string;
  /** What only lays its values out again afterwards, in order; each reads the one before. */
  readonly moves: readonly Node[];
}

/**
 * The activation at the very end of a graph, perhaps laid out again; null where there is none. A softmax counts only
 * where it runs over the values that are the output's last axis: one over rows, or over positions, stays.
 */
export function lastActivation(
  nodes: Nodes,
  output: string,
): LastActivation | null {
  const moves: Node[] = [];
  let node = nodes.get(output);
  while (node && layouts.has(node.op.kind)) {
    moves.unshift(node);
    node = nodes.get(node.inputs[0] ?? "");
  }
  if (!node) return null;
  const [x = ""] = node.inputs;
  if (node.op.kind === ops.sigmoid.kind)
    return { kind: "sigmoid", logits: x, moves };
  const found = softmaxOf(node) ?? logSoftmaxOf(nodes, node);
  if (!found) return null;
  // what is laid out again has to be one value a class, else the softmax may be over another axis
  const shape = nodes.shapeOf(found.logits);
  if (moves.length > 0 && shape.at(-1) !== count(shape)) return null;
  return { ...found, moves };
}

type Found = Pick<LastActivation, "kind" | "logits">;

function softmaxOf(node: Node | undefined): Found | null {
  const [logits] = node?.inputs ?? [];
  return is(node, ops.softmax) && logits !== undefined
    ? { kind: "softmax", logits }
    : null;
}

function logSoftmaxOf(nodes: Nodes, node: Node): Found | null {
  const logits = is(node, ops.log)
    ? (softmaxOf(through(nodes, node.inputs[0]))?.logits ?? null)
    : spelledOut(nodes, node);
  return logits === null ? null : { kind: "log-softmax", logits };
}

/**
 * x of x - log(sum(exp(x))) along the last axis, where the largest value may be taken off before the powers and
 * added again after.
 */
function spelledOut(nodes: Nodes, node: Node | undefined): string | null {
  if (!is(node, ops.subtract) || node.inputs.length !== 2) return null;
  const [x = "", sum = ""] = node.inputs;
  if (logSumExp(nodes, sum) === x) return before(nodes, x);
  const outer = through(nodes, sum);
  if (!is(outer, ops.add) || outer.inputs.length !== 2) return null;
  const lowered = outer.inputs
    .map((name) => logSumExp(nodes, name))
    .find((name) => name !== null);
  if (lowered == null || before(nodes, lowered) !== x) return null;
  const largest = outer.inputs.some(
    (name) => reduced(nodes, name, "max") === x,
  );
  return largest ? x : null;
}

/** y of log(sum(exp(y))). */
function logSumExp(nodes: Nodes, name: string): string | null {
  const log = through(nodes, name);
  if (!is(log, ops.log)) return null;
  const exp = nodes.get(reduced(nodes, log.inputs[0] ?? "", "sum") ?? "");
  return is(exp, ops.exp) ? (exp.inputs[0] ?? null) : null;
}

/** x of x - max(x); any other value is itself. */
function before(nodes: Nodes, name: string): string {
  const node = nodes.get(name);
  const [x = "", most = ""] = node?.inputs ?? [];
  const lowered = is(node, ops.subtract) && reduced(nodes, most, "max") === x;
  return lowered ? x : name;
}

/** x of a reduction along its last axis. */
function reduced(
  nodes: Nodes,
  name: string,
  kind: "sum" | "max",
): string | null {
  const node = through(nodes, name);
  const [x] = node?.inputs ?? [];
  if (!node || x === undefined) return null;
  const rank = nodes.shapeOf(x).length;
  // a pool that takes the largest of all positions is along others
  if (!is(node, ops.reduce)) return null;
  const { attributes } = node as Node<ops.ReduceAttributes>;
  const [axis, second] = attributes.axes;
  const last = axis === -1 || axis === rank - 1;
  return attributes.kind === kind && last && second === undefined ? x : null;
}

/** The node whose values these are, perhaps laid out again. */
function through(nodes: Nodes, name: string | undefined): Node | undefined {
  let node = nodes.get(name ?? "");
  while (node && layouts.has(node.op.kind))
    node = nodes.get(node.inputs[0] ?? "");
  return node;
}

/** The node that computes the output's values. */
export function lastComputed(nodes: Nodes, output: string): Node | undefined {
  return through(nodes, output);
}

/**
 * Whether the output comes out of a linear step, as logits do: a convolution, a dense layer, a mean over a map.
 * False for what ends in an activation, a norm, or a mean of probabilities.
 */
export function endsLinear(nodes: Nodes, output: string): boolean {
  const waiting = [output];
  const seen = new Set(waiting);
  let averaged = false;
  for (const name of waiting) {
    const node = through(nodes, name);
    if (!node) {
      if (name !== inputName) return false;
      continue;
    }
    const { kind } = node.op;
    if (averages.has(kind)) averaged = true;
    if (averages.has(kind) || picks.has(kind))
      for (const input of node.inputs) {
        if (!seen.has(input)) waiting.push(input);
        seen.add(input);
      }
    // the map whose mean the logits are may end in a rectifier, as SqueezeNet's does
    else if (
      !linear.has(kind) &&
      !(averaged && node.op.activation && !bounded.has(kind))
    )
      return false;
  }
  return true;
}

/** Operations that only lay values out again. */
export const layouts: ReadonlySet<string> = new Set([
  ops.reshape.kind,
  ops.flatten.kind,
  ops.transpose.kind,
]);
const averages: ReadonlySet<string> = new Set([
  ops.globalAverage.kind,
  ops.globalMax.kind,
  ops.averagePool.kind,
  ops.maxPool.kind,
  ops.reduce.kind,
]);
const picks: ReadonlySet<string> = new Set([
  ops.concat.kind,
  ops.slice.kind,
  ops.gather.kind,
]);
const linear: ReadonlySet<string> = new Set([
  ops.dense.kind,
  ops.conv2d.kind,
  ops.convTranspose2d.kind,
  ops.depthwiseConv2d.kind,
  ops.matmul.kind,
  ops.batchNorm.kind,
  ops.add.kind,
  ops.subtract.kind,
  ops.multiply.kind,
  ops.negate.kind,
  ops.resample.kind,
  ops.pad.kind,
  ops.zeroPad.kind,
  ops.constant.kind,
]);
/** Activations that give probabilities, or what looks like them. */
const bounded: ReadonlySet<string> = new Set([
  ops.softmax.kind,
  ops.sigmoid.kind,
  ops.tanh.kind,
  ops.hardSigmoid.kind,
]);

function is(
  node: Node | undefined,
  op: { readonly kind: string },
): node is Node {
  return node?.op.kind === op.kind;
}
