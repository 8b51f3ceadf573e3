/** Nodes that treat every value alike, as functions of one number in float64. */
import type { Node } from "../op";
import type {
  ClipAttributes,
  EluAttributes,
  HardSigmoidAttributes,
  PowerAttributes,
  RectifierAttributes,
} from "../ops/index";
import * as ops from "../ops/index";
import { errorFunction } from "./error-function";
import { is, lineOf, uniform, type Known } from "./graph";

export type Curve = (x: number) => number;

/** Of a spelled-out activation; the longest, GELU by tanh, has ten nodes. */
const mostNodes = 14;

const sigmoid: Curve = (x) => 1 / (1 + Math.exp(-x));
const softplus: Curve = (x) =>
  Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const limited = (x: number, low: number, high: number) =>
  Math.min(Math.max(x, low), high);
const bend = Math.sqrt(2 / Math.PI);
const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;

/** Activations without attributes. */
export const curves = {
  sigmoid,
  tanh: Math.tanh,
  softplus,
  swish: (x: number) => x * sigmoid(x),
  quickGelu: (x: number) => x * sigmoid(1.702 * x),
  hardSwish: (x: number) => (x * limited(x + 3, 0, 6)) / 6,
  gelu: (x: number) => (x * (1 + errorFunction(x * Math.SQRT1_2))) / 2,
  geluTanh: (x: number) =>
    (x * (1 + Math.tanh(bend * (x + 0.044715 * x ** 3)))) / 2,
  mish: (x: number) => x * Math.tanh(softplus(x)),
  softsign: (x: number) => x / (1 + Math.abs(x)),
  logSigmoid: (x: number) => -softplus(-x),
  selu: (x: number) => seluScale * (x > 0 ? x : seluAlpha * Math.expm1(x)),
  hardTanh: (x: number) => limited(x, -1, 1),
} satisfies Partial<Record<keyof typeof ops, Curve>>;

const elementary = {
  negate: (x: number) => -x,
  abs: Math.abs,
  square: (x: number) => x * x,
  sqrt: Math.sqrt,
  rsqrt: (x: number) => 1 / Math.sqrt(x),
  reciprocal: (x: number) => 1 / x,
  exp: Math.exp,
  log: Math.log,
  erf: errorFunction,
  sin: Math.sin,
  cos: Math.cos,
} satisfies Partial<Record<keyof typeof ops, Curve>>;

const byKind: ReadonlyMap<string, Curve> = new Map(
  (
    Object.entries({ ...curves, ...elementary }) as [
      // the literals above have no other keys
      keyof typeof curves | keyof typeof elementary,
      Curve,
    ][]
  ).map(([name, curve]) => [ops[name].kind, curve]),
);

type Combine = (values: readonly number[]) => number;

const combinations: ReadonlyMap<string, Combine> = new Map<string, Combine>([
  [ops.add.kind, (v) => v.reduce((a, b) => a + b)],
  [ops.multiply.kind, (v) => v.reduce((a, b) => a * b)],
  [ops.subtract.kind, ([a = NaN, b = NaN]) => a - b],
  [ops.divide.kind, ([a = NaN, b = NaN]) => a / b],
  [ops.maximum.kind, ([a = NaN, b = NaN]) => Math.max(a, b)],
  [ops.minimum.kind, ([a = NaN, b = NaN]) => Math.min(a, b)],
]);

/** What the node makes of the values of its inputs; null where it does not treat every value alike. */
function combinationOf(node: Node, known: Known): Combine | null {
  const curve = byKind.get(node.op.kind) ?? curveOf(node, known);
  if (curve) return ([x = NaN]) => curve(x);
  return combinations.get(node.op.kind) ?? null;
}

function curveOf(node: Node, known: Known): Curve | null {
  const line = lineOf(node, known);
  if (line) return (x) => line.scale * x + line.offset;
  if (is<RectifierAttributes>(node, ops.rectifier)) {
    const { slope, ceiling } = node.attributes;
    return (x) => Math.min(x > 0 ? x : slope * x, ceiling ?? Infinity);
  }
  if (is<ClipAttributes>(node, ops.clip)) {
    const { low, high } = node.attributes;
    return (x) => limited(x, low ?? -Infinity, high ?? Infinity);
  }
  if (is<HardSigmoidAttributes>(node, ops.hardSigmoid)) {
    const { slope, offset } = node.attributes;
    return (x) => limited(slope * x + offset, 0, 1);
  }
  if (is<EluAttributes>(node, ops.elu)) {
    const { alpha } = node.attributes;
    return (x) => (x > 0 ? x : alpha * Math.expm1(x));
  }
  if (is<PowerAttributes>(node, ops.power)) {
    const { exponent } = node.attributes;
    return exponent === undefined ? null : (x) => x ** exponent;
  }
  return null;
}

/** A value whose every number is a function of the same number of another value. */
export interface Pointwise {
  /** The node the function is of. */
  readonly root: string;
  readonly curve: Curve;
}

/** All ways to read a node as a function of one of the values before it, the nearest first. */
export function* pointwiseOf(node: Node, known: Known): Generator<Pointwise> {
  const shape = known.shapes.get(node.name)?.join();
  const inside = new Map([[node.name, node]]);
  const seen = new Set([node.name]);
  const waiting = [node];
  for (let next = waiting.shift(); next; next = waiting.shift())
    for (const name of next.inputs) {
      if (seen.has(name)) continue;
      seen.add(name);
      const before = known.nodes.get(name);
      const goesOn = before && combinationOf(before, known) !== null;
      if (goesOn && inside.size < mostNodes) {
        inside.set(name, before);
        waiting.push(before);
      }
    }
  for (const root of seen) {
    if (root === node.name || known.shapes.get(root)?.join() !== shape)
      continue;
    if (known.effort.left-- <= 0) return;
    const curve = compile(node, root, known, inside);
    if (curve) yield { root, curve };
  }
}

interface Step {
  readonly combine: Combine;
  /** The places of its inputs' values. */
  readonly inputs: readonly number[];
}

/** The value of a node as a function of the root's, step by step; null where it depends on anything else. */
function compile(
  end: Node,
  root: string,
  known: Known,
  inside: ReadonlyMap<string, Node>,
): Curve | null {
  const steps: Step[] = [];
  // the root's value has the first place
  const places = new Map([[root, 0]]);
  const path = [end.name];
  for (let name = path.at(-1); name !== undefined; name = path.at(-1)) {
    if (places.has(name)) {
      path.pop();
      continue;
    }
    const step = stepOf(name, known, inside);
    if (!step) return null;
    const open = step.inputs.filter((input) => !places.has(input));
    if (open.length > 0) path.push(...open);
    else {
      const inputs = step.inputs.map((input) => places.get(input) ?? 0);
      steps.push({ combine: step.combine, inputs });
      places.set(name, steps.length);
      path.pop();
    }
  }
  return (x) => {
    const values = [x];
    for (const { combine, inputs } of steps)
      values.push(combine(inputs.map((place) => values[place] ?? NaN)));
    return values.at(-1) ?? NaN;
  };
}

function stepOf(
  name: string,
  known: Known,
  inside: ReadonlyMap<string, Node>,
): { combine: Combine; inputs: readonly string[] } | null {
  const node = known.nodes.get(name);
  const value = is(node, ops.constant) ? node.weights["value"] : undefined;
  if (value) {
    const same = uniform(value);
    return same === null ? null : { combine: () => same, inputs: [] };
  }
  const within = inside.get(name);
  const combine = within && combinationOf(within, known);
  return combine ? { combine, inputs: within.inputs } : null;
}
