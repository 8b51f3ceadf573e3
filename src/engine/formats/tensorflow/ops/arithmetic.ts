/** Arithmetic value by value, and reductions. Whole numbers and truths are only computed where they are known. */
import type {
  BinaryKind,
  ReduceKind,
  UnaryKind,
  Value,
} from "../../lowering/index";
import type { Call, Lower } from "../call";
import { through } from "./activations";
import { plusBias } from "./channels";
import { folded } from "./folded";
import { asGate, asLeaky, asLimit, asPrelu } from "./patterns";

function unary(kind: UnaryKind): Lower {
  return through(({ lowering, name }, x) => lowering.unary(name, kind, x));
}

function binary(
  kind: BinaryKind,
  pattern: (call: Call) => Value | null = () => null,
): Lower {
  return (call: Call) => {
    const [a, b] = [call.outcome(0), call.outcome(1)];
    // a map whose pixels were moved into the batch, with a number or a bias
    if (a.kind === "spread" && b.kind === "constant" && b.dims.length <= 1)
      return {
        ...a,
        value: call.lowering.binary(call.name, kind, a.value, b),
      };
    return (
      pattern(call) ??
      call.lowering.binary(call.name, kind, call.plain(a), call.plain(b))
    );
  };
}

function sum(call: Call): Value {
  return call
    .values()
    .reduce((a, b) => call.lowering.binary(call.name, "add", a, b));
}

/** (a - b)^2 */
function squaredDifference(call: Call): Value {
  const { lowering, name } = call;
  const [a, b] = [call.value(0), call.value(1)];
  const difference = lowering.binary(`${name}/difference`, "subtract", a, b);
  return lowering.unary(name, "square", difference);
}

/** A sum of one unary operation and a number: log(1 + x), exp(x) - 1, 1 - erf(x). */
function shifted(
  parts: (
    number: (value: number) => Value,
    unary: (kind: UnaryKind, x: Value) => Value,
    binary: (kind: BinaryKind, a: Value, b: Value) => Value,
    x: Value,
  ) => Value,
): Lower {
  return through(({ lowering, name }, x) =>
    parts(
      (value) => lowering.constant([], Float32Array.of(value)),
      (kind, a) => lowering.unary(name, kind, a),
      (kind, a, b) => lowering.binary(name, kind, a, b),
      x,
    ),
  );
}

function reduction(kind: ReduceKind): Lower {
  return (call: Call) => {
    const x = call.value(0);
    const rank = x.dims.length;
    const axes = call.numbers(1, "axes").map((axis) => call.axis(axis, rank));
    const keep =
      call.attributes.bool("keep_dims", false) ||
      call.attributes.bool("keepdims", false);
    return call.lowering.reduce(call.name, kind, x, [...new Set(axes)], keep);
  };
}

/** x limited to [input 1, input 2]. */
function clipByValue(call: Call): Value {
  const found = asLimit(call);
  if (found) return found;
  const { lowering, name } = call;
  const raised = lowering.binary(name, "maximum", call.value(0), call.value(1));
  return lowering.binary(name, "minimum", raised, call.value(2));
}

/** x / y, and 0 where y is 0. */
function divideNoNan(call: Call): Value {
  const { data } = call.constant(1, "divisor");
  if (data.some((v) => v === 0)) call.refuse("its divisor has zeros.");
  return call.lowering.binary(
    call.name,
    "divide",
    call.value(0),
    call.value(1),
  );
}

export const arithmetic: Readonly<Record<string, Lower>> = {
  BiasAdd: (call) => {
    const outcome = call.outcome(0);
    const order = call.order();
    return outcome.kind === "spread"
      ? {
          ...outcome,
          value: plusBias(call, outcome.value, call.value(1), order),
        }
      : plusBias(call, call.plain(outcome), call.value(1), order);
  },
  BiasAddV1: (call) => plusBias(call, call.value(0), call.value(1), "NHWC"),
  Add: binary("add", asPrelu),
  AddV2: binary("add", asPrelu),
  AddN: sum,
  AccumulateNV2: sum,
  Sub: binary("subtract", asPrelu),
  Mul: binary("multiply", asGate),
  RealDiv: binary("divide", asGate),
  Div: binary("divide", asGate),
  DivNoNan: divideNoNan,
  Pow: binary("power"),
  Maximum: binary("maximum", (call) => asLimit(call) ?? asLeaky(call)),
  Minimum: binary("minimum", asLimit),
  ClipByValue: clipByValue,
  SquaredDifference: squaredDifference,
  Square: unary("square"),
  Sqrt: unary("sqrt"),
  Rsqrt: unary("rsqrt"),
  Exp: unary("exp"),
  Log: unary("log"),
  Neg: unary("negate"),
  Abs: unary("abs"),
  Reciprocal: unary("reciprocal"),
  Inv: unary("reciprocal"),
  Sin: unary("sin"),
  Cos: unary("cos"),
  Erf: unary("erf"),
  Erfc: shifted((number, un, bin, x) =>
    bin("subtract", number(1), un("erf", x)),
  ),
  Expm1: shifted((number, un, bin, x) =>
    bin("subtract", un("exp", x), number(1)),
  ),
  Log1p: shifted((number, un, bin, x) => un("log", bin("add", x, number(1)))),
  Mean: reduction("mean"),
  Sum: reduction("sum"),
  Max: reduction("max"),
  Min: reduction("min"),
  ...folded,
};
