/** Matrix products. */
import { spell } from "../../../network/ops/check";
import type { Constant, Value } from "../../lowering/index";
import type { Call, Operator } from "../call";

export const matmul: Operator = (call) =>
  call.lowering.matmul(call.name, call.value(0), call.value(1));

/** alpha A B + beta C, both possibly transposed. */
export const gemm: Operator = (call) => {
  const { lowering, name, node } = call;
  const [a, b] = [call.value(0), call.value(1)];
  if (a.dims.length !== 2 || b.dims.length !== 2)
    node.damaged(
      `it multiplies ${spell(a.dims)} and ${spell(b.dims)}; matrices have two dimensions.`,
    );
  const transposeA = node.flag("transA");
  const transposeB = node.flag("transB");
  const [alpha, beta] = [node.float("alpha", 1), node.float("beta", 1)];
  const c = beta === 0 ? null : call.optional(2);
  const columns = b.dims[transposeB ? 0 : 1] ?? 1;
  const bias = alpha === 1 && beta === 1 ? asBias(call, c, columns) : null;
  const product = lowering.matmul(name, a, b, { transposeA, transposeB, bias });
  if (bias || (!c && alpha === 1)) return product;
  const scaled = times(call, product, alpha);
  return c
    ? lowering.binary(name, "add", scaled, times(call, c, beta))
    : scaled;
};

function times(call: Call, x: Value, factor: number): Value {
  if (factor === 1) return x;
  return call.lowering.binary(call.name, "multiply", x, call.scalar(factor));
}

/** A constant with one value a column, as a vector; null where it is none. */
function asBias(call: Call, c: Value | null, columns: number): Constant | null {
  if (c?.kind !== "constant" || c.dims.at(-1) !== columns) return null;
  if (c.dims.slice(0, -1).some((d) => d !== 1)) return null;
  return call.folding.reshape(c, [columns]);
}

/** Of two values by transposes and one matrix product; of one by a sum. */
export const einsum: Operator = (call) => {
  const { node, lowering, name } = call;
  const equation = node.text("equation", "").replaceAll(/\s/g, "");
  const parsed = /^([a-zA-Z,]*)(?:->([a-zA-Z]*))?$/.exec(equation);
  const terms = parsed?.[1]?.split(",") ?? [];
  const simple =
    parsed &&
    equation.length <= 200 &&
    terms.every((t) => new Set(t).size === t.length) &&
    terms.length === call.inputs.length &&
    terms.length >= 1 &&
    terms.length <= 2;
  if (!simple)
    return node.refuse(
      `its equation is "${equation.slice(0, 200)}".`,
      "Supported are one or two values without repeated letters or dots.",
    );
  const output = parsed[2] ?? implied(terms);
  const sizes = new Map<string, number>();
  const operands = terms.map((term, i): Operand => {
    const x = call.value(i);
    if (x.dims.length !== term.length)
      return node.damaged(`"${term}" does not fit ${spell(x.dims)}.`);
    for (const [axis, letter] of [...term].entries()) {
      const size = x.dims[axis] ?? 1;
      if ((sizes.get(letter) ?? size) !== size)
        node.damaged(`"${letter}" is both ${sizes.get(letter)} and ${size}.`);
      sizes.set(letter, size);
    }
    return { x, letters: term };
  });
  if (
    new Set(output).size !== output.length ||
    [...output].some((l) => !sizes.has(l))
  )
    node.damaged(`its equation is "${equation}".`);
  // what stands in one value only, and not in the result, is summed first
  const [a, b] = operands.map((operand, i) => {
    const other = terms[1 - i] ?? "";
    return summed(
      call,
      operand,
      (l) => output.includes(l) || other.includes(l),
    );
  });
  if (!a) return node.damaged("it has no inputs.");
  if (!b) return ordered(call, a, output);
  const both = [...a.letters].filter((l) => b.letters.includes(l));
  const batch = both.filter((l) => output.includes(l)).join("");
  const inner = both.filter((l) => !output.includes(l)).join("");
  const rows = [...a.letters].filter((l) => !both.includes(l)).join("");
  const columns = [...b.letters].filter((l) => !both.includes(l)).join("");
  const dims = (letters: string) => [...letters].map((l) => sizes.get(l) ?? 1);
  const product = (list: readonly number[]) => list.reduce((p, d) => p * d, 1);
  const [m, k, n] = [rows, inner, columns].map((l) => product(dims(l)));
  const left = lowering.reshape(name, ordered(call, a, batch + rows + inner), [
    ...dims(batch),
    m ?? 1,
    k ?? 1,
  ]);
  const right = lowering.reshape(
    name,
    ordered(call, b, batch + inner + columns),
    [...dims(batch), k ?? 1, n ?? 1],
  );
  const flat = lowering.matmul(name, left, right);
  const letters = batch + rows + columns;
  const x = lowering.reshape(name, flat, dims(letters));
  return ordered(call, { x, letters }, output);
};

interface Operand {
  readonly x: Value;
  /** One an axis. */
  readonly letters: string;
}

/** Without an arrow: the letters that stand there once, in order. */
function implied(terms: readonly string[]): string {
  const all = [...terms.join("")];
  return all
    .filter((l) => all.indexOf(l) === all.lastIndexOf(l))
    .sort()
    .join("");
}

function summed(
  call: Call,
  { x, letters }: Operand,
  stays: (letter: string) => boolean,
): Operand {
  const gone = [...letters].flatMap((l, i) => (stays(l) ? [] : [i]));
  if (gone.length === 0) return { x, letters };
  return {
    x: call.lowering.reduce(call.name, "sum", x, gone, false),
    letters: [...letters].filter(stays).join(""),
  };
}

function ordered(call: Call, { x, letters }: Operand, wanted: string): Value {
  const order = [...wanted].map((l) => letters.indexOf(l));
  if (order.every((axis, i) => axis === i)) return x;
  return call.lowering.transpose(call.name, x, order);
}
