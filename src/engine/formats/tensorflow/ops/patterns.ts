/**
 * Activations that frameworks write as several operations, found again from their last one.
 * A gradient rule must see ReLU6 or PReLU as one, and must leave hard swish alone.
 */
import * as ops from "../../../network/ops/index";
import type { Value } from "../../lowering/index";
import { uniformOf, type Call } from "../call";
import { behind, type Source } from "../flatten";

/** value = the source, limited to [low, high]; null is no limit. */
export interface Limited {
  readonly source: Source;
  readonly low: number | null;
  readonly high: number | null;
}

/** Deeper stacks of limits are no activation any more. */
const mostLimits = 8;
/** Numbers one after the other that a gate is multiplied with. */
const mostFactors = 3;

/** What a source is limited to: Relu, Relu6, ClipByValue, Minimum and Maximum with a number, one after the other. */
export function limitsOf(call: Call, from: Source): Limited {
  const steps: Omit<Limited, "source">[] = [];
  let source = behind(from);
  while (steps.length < mostLimits) {
    const step = limitIn(call, source);
    if (!step) break;
    steps.push(step);
    source = behind(step.source);
  }
  // the first limit is the innermost
  const { low, high } = steps.reduceRight(
    (inner, outer) => ({
      low: raised(lowered(inner.low, outer.high), outer.low),
      high: raisedTop(loweredTop(inner.high, outer.high), outer.low),
    }),
    { low: null, high: null } as Omit<Limited, "source">,
  );
  return { source, low, high };
}

const lowered = (low: number | null, high: number | null) =>
  low === null || high === null ? low : Math.min(low, high);
const raised = (low: number | null, by: number | null) =>
  low === null ? by : by === null ? low : Math.max(low, by);
const loweredTop = (high: number | null, by: number | null) =>
  high === null ? by : by === null ? high : Math.min(high, by);
const raisedTop = (high: number | null, low: number | null) =>
  high === null || low === null ? high : Math.max(high, low);

/** The limits that one node sets on what it reads. */
function limitIn(call: Call, { node }: Source): Limited | null {
  const [first, second, third] = node.inputs;
  if (!first) return null;
  switch (node.op) {
    case "Relu":
      return { source: first, low: 0, high: null };
    case "Relu6":
      return { source: first, low: 0, high: 6 };
    case "Minimum":
    case "Maximum": {
      if (!second) return null;
      const found = withNumber(call, first, second);
      if (!found) return null;
      const { source, number } = found;
      return node.op === "Minimum"
        ? { source, low: null, high: number }
        : { source, low: number, high: null };
    }
    case "ClipByValue": {
      const low = second ? numberOf(call, second, first) : null;
      const high = third ? numberOf(call, third, first) : null;
      return low === null || high === null
        ? null
        : { source: first, low, high };
    }
    default:
      return null;
  }
}

/** Which of two is a number everywhere, and which is the other. */
function withNumber(
  call: Call,
  a: Source,
  b: Source,
): { readonly source: Source; readonly number: number } | null {
  const second = numberOf(call, b, a);
  if (second !== null) return { source: a, number: second };
  const first = numberOf(call, a, b);
  return first === null ? null : { source: b, number: first };
}

/** The number a source is everywhere, where it is a constant that leaves the shape beside it as it is. */
function numberOf(call: Call, source: Source, beside: Source): number | null {
  const constant = call.outcomeOf(source);
  const other = call.outcomeOf(beside);
  if (constant?.kind !== "constant" || other?.kind !== "dynamic") return null;
  const { dims } = other;
  const more = dims.length - constant.dims.length;
  const fits =
    more >= 0 && constant.dims.every((d, i) => d === 1 || d === dims[more + i]);
  return fits ? uniformOf(constant) : null;
}

/** factor * hard sigmoid of the source, with the hard sigmoid's slope: an offset of 1/2 is part of it. */
interface HardSigmoid {
  readonly source: Source;
  readonly slope: number;
  readonly factor: number;
}

/** relu6(x + 3), and slope x + 1/2 limited to [0, 1], also times a number. */
function hardSigmoidOf(
  call: Call,
  from: Source,
  depth = 0,
): HardSigmoid | null {
  const scaled = depth < mostFactors ? scaledOf(call, from) : null;
  if (scaled) {
    const inner = hardSigmoidOf(call, scaled.source, depth + 1);
    return inner && { ...inner, factor: inner.factor * scaled.factor };
  }
  const { source, low, high } = limitsOf(call, from);
  if (low !== 0 || (high !== 6 && high !== 1)) return null;
  const sum = sumOf(call, source);
  if (!sum || !near(sum.offset / high, 0.5)) return null;
  if (high === 6) return { source: sum.source, slope: 1 / 6, factor: 6 };
  const line = scaledOf(call, sum.source);
  return line && line.factor > 0
    ? { source: line.source, slope: line.factor, factor: 1 }
    : { source: sum.source, slope: 1, factor: 1 };
}

/** factor * hard swish (x times the hard sigmoid of slope 1/6) of the source. */
function hardSwishOf(
  call: Call,
  from: Source,
  depth = 0,
): { readonly source: Source; readonly factor: number } | null {
  const scaled = depth < mostFactors ? scaledOf(call, from) : null;
  if (scaled) {
    const inner = hardSwishOf(call, scaled.source, depth + 1);
    return inner && { ...inner, factor: inner.factor * scaled.factor };
  }
  const { node } = behind(from);
  const [a, b] = node.inputs;
  if (node.op !== "Mul" || !a || !b) return null;
  for (const [x, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    const found = hardSigmoidOf(call, gate);
    if (!found || !near(found.slope, 1 / 6)) continue;
    if (same(found.source, x)) return { source: x, factor: found.factor };
    // the sixth may stand at the other side of the product
    const part = scaledOf(call, x);
    if (part && same(found.source, part.source))
      return { source: part.source, factor: found.factor * part.factor };
  }
  return null;
}

/** A product with, or quotient by, a number. */
function scaledOf(
  call: Call,
  from: Source,
): { readonly source: Source; readonly factor: number } | null {
  const { node } = behind(from);
  const [a, b] = node.inputs;
  if (!a || !b) return null;
  if (node.op === "RealDiv" || node.op === "Div") {
    const number = numberOf(call, b, a);
    return number === null ? null : { source: a, factor: 1 / number };
  }
  const found = node.op === "Mul" ? withNumber(call, a, b) : null;
  return found && { source: found.source, factor: found.number };
}

/** A sum with a number. */
function sumOf(
  call: Call,
  from: Source,
): { readonly source: Source; readonly offset: number } | null {
  const { node } = behind(from);
  const [a, b] = node.inputs;
  if (!/^Add(V2)?$/.test(node.op) || !a || !b) return null;
  const found = withNumber(call, a, b);
  return found && { source: found.source, offset: found.number };
}

/** Equal as float32; a sixth that was rounded to float16 is another number, and stays as a factor. */
function near(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-6 * Math.abs(b);
}

function same(a: Source, b: Source): boolean {
  const [x, y] = [behind(a), behind(b)];
  return x.node === y.node && x.output === y.output;
}

/** The node as one that limits its input; null where it does not, or where it is a part of something else. */
export function asLimit(call: Call): Value | null {
  const own = { node: call.node, output: 0 };
  const gate = hardSigmoidOf(call, own);
  if (gate) return hardSigmoid(call, gate);
  const { source, low, high } = limitsOf(call, own);
  if (source.node === call.node) return null;
  return call.lowering.clip(call.name, call.valueOf(source), low, high);
}

/** A product as hard sigmoid, hard swish or swish; null where it is none of them. */
export function asGate(call: Call): Value | null {
  const { lowering, name } = call;
  const own = { node: call.node, output: 0 };
  const gate = hardSigmoidOf(call, own);
  if (gate) return hardSigmoid(call, gate);
  const swish = hardSwishOf(call, own);
  if (swish) {
    const x = call.valueOf(swish.source);
    return times(
      call,
      lowering.activation(name, ops.hardSwish, {}, x),
      swish.factor,
    );
  }
  const x = swishOf(call);
  const value = x && call.valueOf(x);
  return value?.kind === "dynamic"
    ? lowering.activation(name, ops.swish, {}, value)
    : null;
}

/** The x of x sigmoid(x), in which TensorFlow multiplies the second x by 1. */
function swishOf(call: Call): Source | null {
  const [a, b] = call.node.inputs;
  if (!a || !b || call.node.op !== "Mul") return null;
  for (const [x, curve] of [
    [a, b],
    [b, a],
  ] as const) {
    const { node } = behind(curve);
    const [inside] = node.inputs;
    if (node.op !== "Sigmoid" || !inside) continue;
    const scaled = scaledOf(call, inside);
    if (same(inside, x)) return x;
    if (scaled?.factor === 1 && same(scaled.source, x)) return x;
  }
  return null;
}

function hardSigmoid(
  call: Call,
  { source, slope, factor }: HardSigmoid,
): Value | null {
  const x = call.valueOf(source);
  if (x.kind === "constant") return null;
  const { lowering, name } = call;
  const y = lowering.activation(
    name,
    ops.hardSigmoid,
    { slope, offset: 0.5 },
    x,
  );
  return times(call, y, factor);
}

function times(call: Call, x: Value, factor: number): Value {
  if (near(factor, 1)) return x;
  const { lowering, name } = call;
  const number = lowering.constant([], Float32Array.of(factor));
  return lowering.binary(`${name}/factor`, "multiply", x, number);
}

/** relu(x) - slope relu(-x), as a sum or a difference; null where it is none. */
export function asPrelu(call: Call): Value | null {
  const [a, b] = call.node.inputs;
  if (!a || !b) return null;
  const difference = call.node.op === "Sub";
  for (const [positive, negative] of [
    [a, b],
    ...(difference ? [] : [[b, a] as const]),
  ] as const) {
    const own = behind(positive).node;
    const [x] = own.inputs;
    if (own.op !== "Relu" || !x) continue;
    const slope = negativePart(call, negative, x);
    if (!slope) continue;
    const { lowering, name } = call;
    const signed = difference ? slope : lowering.unary(name, "negate", slope);
    if (signed.kind !== "constant") return null;
    return lowering.prelu(name, call.valueOf(x), signed);
  }
  return null;
}

/** The constant c of c relu(-x). */
function negativePart(call: Call, from: Source, x: Source): Value | null {
  const { node } = behind(from);
  const [a, b] = node.inputs;
  if (node.op !== "Mul" || !a || !b) return null;
  for (const [slope, rest] of [
    [a, b],
    [b, a],
  ] as const) {
    const relu = behind(rest).node;
    const negated = relu.inputs[0] && behind(relu.inputs[0]).node;
    const [inside] = negated?.inputs ?? [];
    const value = call.outcomeOf(slope);
    if (
      relu.op === "Relu" &&
      negated?.op === "Neg" &&
      inside &&
      same(inside, x) &&
      value?.kind === "constant"
    )
      return value;
  }
  return null;
}

/** max(x, slope x) with a slope from 0 to 1; null where it is something else. */
export function asLeaky(call: Call): Value | null {
  const [a, b] = call.node.inputs;
  if (!a || !b) return null;
  for (const [x, scaled] of [
    [a, b],
    [b, a],
  ] as const) {
    const found = scaledOf(call, scaled);
    if (!found || !same(found.source, x)) continue;
    const slope = found.factor;
    const value = call.valueOf(x);
    if (slope < 0 || slope > 1 || value.kind === "constant") continue;
    const attributes = { slope, ceiling: null };
    const { lowering, name } = call;
    return lowering.activation(name, ops.rectifier, attributes, value);
  }
  return null;
}
