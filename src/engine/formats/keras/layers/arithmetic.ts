/** Arithmetic of several values, some of which may be numbers written into the topology. */
import type { Op, Shape } from "../../../network/op";
import * as ops from "../../../network/ops/index";
import type { Argument } from "../arguments";
import { numbersIn, type Numbers } from "../config";
import {
  damaged,
  each,
  only,
  refused,
  type LayerContext,
  type LayerKind,
} from "./context";
import { addAffine } from "./normalization";

export type Arithmetic =
  "add" | "subtract" | "multiply" | "divide" | "maximum" | "minimum" | "power";

/** A node's name, or numbers: one, or one a channel. */
type Operand = string | Numbers;

/** All values the call is given, also in a list; by these names where it is an operation's. */
function operandsOf(
  context: LayerContext,
  named: readonly string[],
): Operand[] {
  const own = named.flatMap((name) => {
    const argument = context.named.get(name);
    return argument ? [argument] : [];
  });
  return [...context.args, ...own].flatMap((argument) =>
    argument.kind === "list"
      ? argument.items.map((item) => operandOf(context, item))
      : [operandOf(context, argument)],
  );
}

function operandOf(context: LayerContext, argument: Argument<string>): Operand {
  if (argument.kind === "tensor") return argument.tensor;
  const numbers =
    argument.kind === "value" && isRow(argument.value)
      ? numbersIn(argument.value)
      : null;
  if (!numbers || numbers.length === 0)
    throw refused(
      context,
      "computes with a value that is no output of a layer, and neither one number nor one a channel",
      "Supported are outputs of layers, numbers, and lists of numbers.",
    );
  return numbers;
}

/** Whether all dimensions of a list but the last are 1. */
function isRow(value: unknown): boolean {
  let inner = value;
  while (Array.isArray(inner) && inner.length === 1)
    inner = inner[0] as unknown;
  return (
    !Array.isArray(inner) || inner.every((item) => typeof item === "number")
  );
}

/** The values combined from left to right, as nodes; the last has the layer's name. */
export function combine(
  context: LayerContext,
  kind: Arithmetic,
  operands: readonly Operand[],
): string {
  const [first, second, ...others] = operands;
  if (first === undefined || second === undefined)
    throw damaged(
      `The layer "${context.name}" combines fewer than two values.`,
    );
  const isLast = others.length === 0;
  const name = isLast ? context.name : `${context.name}/${others.length}`;
  const both = two(context, name, kind, first, second);
  return isLast ? both : combine(context, kind, [both, ...others]);
}

function two(
  context: LayerContext,
  name: string,
  kind: Arithmetic,
  a: Operand,
  b: Operand,
): string {
  if (typeof a === "string" && typeof b === "string")
    return context.add(binary[kind], name, aligned(context, [a, b]), {});
  if (typeof a === "string" && typeof b !== "string")
    return withNumbers(context, name, kind, a, b);
  if (typeof a !== "string" && typeof b === "string")
    return fromNumbers(context, name, kind, a, b);
  throw refused(
    context,
    "combines numbers alone",
    "Supported are combinations with outputs of layers.",
  );
}

type None = Record<string, never>;
const binary: Readonly<Record<Arithmetic, Op<None>>> = {
  add: ops.add,
  subtract: ops.subtract,
  multiply: ops.multiply,
  divide: ops.divide,
  maximum: ops.maximum,
  minimum: ops.minimum,
  power: ops.power,
};

/** x (kind) numbers */
function withNumbers(
  context: LayerContext,
  name: string,
  kind: Arithmetic,
  x: string,
  numbers: Numbers,
): string {
  const [number = 0] = numbers;
  const isSingle = numbers.length === 1;
  switch (kind) {
    case "add":
      return addAffine(context, name, x, [1], numbers);
    case "subtract":
      return addAffine(
        context,
        name,
        x,
        [1],
        numbers.map((n) => -n),
      );
    case "multiply":
      return addAffine(context, name, x, numbers, [0]);
    case "divide":
      if (numbers.includes(0))
        throw damaged(`The layer "${context.name}" divides by 0.`);
      return addAffine(
        context,
        name,
        x,
        numbers.map((n) => 1 / n),
        [0],
      );
    case "maximum":
      if (isSingle) return addClip(context, name, x, number, null);
      break;
    case "minimum":
      if (isSingle) return addClip(context, name, x, null, number);
      break;
    case "power":
      if (isSingle)
        return context.add(ops.power, name, [x], { exponent: number });
  }
  const y = addConstant(context, name, x, numbers);
  return context.add(binary[kind], name, [x, y], {});
}

/** numbers (kind) x */
function fromNumbers(
  context: LayerContext,
  name: string,
  kind: Arithmetic,
  numbers: Numbers,
  x: string,
): string {
  switch (kind) {
    case "subtract":
      return addAffine(context, name, x, [-1], numbers);
    case "divide": {
      const step = `${name}/reciprocal`;
      const inverse = context.add(ops.reciprocal, step, [x], {});
      return addAffine(context, name, inverse, numbers, [0]);
    }
    case "power": {
      const base = addConstant(context, name, x, numbers);
      return context.add(ops.power, name, [base, x], {});
    }
    default:
      return withNumbers(context, name, kind, x, numbers);
  }
}

/** x limited to [low, high]; from 0 on it is a rectifier. */
export function addClip(
  context: LayerContext,
  name: string,
  x: string,
  low: number | null,
  high: number | null,
): string {
  return low === 0 && (high === null || high > 0)
    ? context.add(ops.rectifier, name, [x], { slope: 0, ceiling: high })
    : context.add(ops.clip, name, [x], { low, high });
}

/** Numbers along the last axis, as a node of as many dimensions as x. */
function addConstant(
  context: LayerContext,
  name: string,
  x: string,
  numbers: Numbers,
): string {
  const shape = context.shapeOf(x);
  const { data } = each(context, numbers, shape.at(-1) ?? 0);
  const value = {
    shape: shape.map((d, i) => (i === shape.length - 1 ? d : 1)),
    data,
  };
  return context.add(ops.constant, `${name}/constant`, [x], {}, { value });
}

/** Nodes of equally many dimensions: Keras puts dimensions of 1 in front of the others. */
export function aligned(
  context: LayerContext,
  inputs: readonly string[],
): string[] {
  const shapes = inputs.map((input) => context.shapeOf(input));
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return inputs.map((input, i) => {
    const shape: Shape = shapes[i] ?? [];
    if (shape.length === rank) return input;
    const ones = new Array<number>(rank - shape.length).fill(1);
    return context.add(ops.reshape, `${context.name}/aligned`, [input], {
      shape: [...ones, ...shape],
    });
  });
}

/** A layer that merges its inputs, or an operation with two values. */
function build(kind: Arithmetic, context: LayerContext): string {
  const operands = operandsOf(context, ["x1", "x2"]);
  const nodes = operands.filter((o) => typeof o === "string");
  const isSum = kind === "add" || kind === "multiply";
  if (isSum && nodes.length === operands.length && nodes.length > 1)
    return context.add(binary[kind], context.name, aligned(context, nodes), {});
  return combine(context, kind, operands);
}

/** An operation with two values. */
export function arithmetic(kind: Arithmetic): LayerKind {
  return {
    settings: {},
    parameters: { x1: "read", x2: "read" },
    preparation: true,
    build: (context) => build(kind, context),
  };
}

function merge(kind: Arithmetic): LayerKind {
  return {
    settings: {},
    preparation: true,
    build: (context) => build(kind, context),
  };
}

const average: LayerKind = {
  settings: {},
  build(context) {
    const { name, inputs } = context;
    if (inputs.length < 2) return only(context);
    const sum = context.add(
      ops.add,
      `${name}/sum`,
      aligned(context, inputs),
      {},
    );
    return addAffine(context, name, sum, [1 / inputs.length], [0]);
  },
};

/** a + scale b, as keras.applications' Inception-ResNet has it. */
export const customScale: LayerKind = {
  settings: { scale: "read" },
  build(context) {
    const { config, inputs, name } = context;
    const [a, b, ...others] = inputs;
    if (a === undefined || b === undefined || others.length > 0)
      throw damaged(
        `The layer "${name}" has ${inputs.length} inputs, not two.`,
      );
    const scale = config.numbers("scale") ?? [1];
    const scaled = addAffine(context, `${name}/scaled`, b, scale, [0]);
    return context.add(ops.add, name, [a, scaled], {});
  },
};

export const mergeKinds: Readonly<Record<string, LayerKind>> = {
  Add: merge("add"),
  Subtract: merge("subtract"),
  Multiply: merge("multiply"),
  Maximum: merge("maximum"),
  Minimum: merge("minimum"),
  Average: average,
};
