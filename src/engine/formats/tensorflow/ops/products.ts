/** Matrix products and Einsum. */
import { spell } from "../../../network/ops/check";
import type { Constant, Value } from "../../lowering/index";
import type { Call, Lower } from "../call";

/** Inputs 0 and 1; `flag` is how the attributes say that one is transposed: transpose_a or adj_x. */
export function multiply(
  call: Call,
  flag: "transpose" | "adj",
  bias: Constant | null = null,
): Value {
  const [a, b] = flag === "adj" ? ["x", "y"] : ["a", "b"];
  return call.lowering.matmul(call.name, call.value(0), call.value(1), {
    transposeA: call.attributes.bool(`${flag}_${a}`, false),
    transposeB: call.attributes.bool(`${flag}_${b}`, false),
    bias,
  });
}

/** An operand of an Einsum with a letter for each axis. */
interface Operand {
  readonly value: Value;
  readonly labels: readonly string[];
}

/** Sums of products by letters: "abc,cde->abde". Letters of both inputs and the output go first, as a batch. */
const einsum: Lower = (call: Call) => {
  const equation = call.attributes.string("equation", "").replaceAll(" ", "");
  const [inputs = "", output, ...more] = equation.split("->");
  const terms = inputs.split(",");
  const letters = /^[A-Za-z]*$/;
  if (
    output === undefined ||
    more.length > 0 ||
    terms.length !== call.node.inputs.length ||
    terms.length > 2 ||
    ![...terms, output].every(
      (t) => letters.test(t) && new Set(t).size === t.length,
    )
  )
    call.refuse(
      `its equation is "${equation.slice(0, 100)}".`,
      "Supported are one or two inputs with an own letter for each axis.",
    );
  const unknown = [...output].find((label) => !inputs.includes(label));
  if (unknown !== undefined)
    call.damaged(`no input has its axis "${unknown}".`);
  const operands = terms.map((labels, i): Operand => {
    const value = call.value(i);
    if (value.dims.length !== labels.length)
      call.damaged(`"${labels}" does not fit a value ${spell(value.dims)}.`);
    return { value, labels: [...labels] };
  });
  const [first, second] = operands.map((own, i) => {
    const others = operands.filter((_, j) => j !== i);
    return summed(call, own, [...output, ...others.flatMap((o) => o.labels)]);
  });
  if (!first) call.damaged("it has no input.");
  const product = second ? contracted(call, first, second, output) : first;
  return arranged(call, product, [...output]).value;
};

/** Letters that nothing else has are summed over. */
function summed(
  { lowering, name }: Call,
  { value, labels }: Operand,
  wanted: readonly string[],
): Operand {
  const axes = labels.flatMap((label, axis) =>
    wanted.includes(label) ? [] : [axis],
  );
  if (axes.length === 0) return { value, labels };
  return {
    value: lowering.reduce(`${name}/sum`, "sum", value, axes, false),
    labels: labels.filter((label) => wanted.includes(label)),
  };
}

/** [batch, rows, summed] x [batch, summed, columns], each of the letters that fall there. */
function contracted(
  call: Call,
  a: Operand,
  b: Operand,
  output: string,
): Operand {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => output.includes(label));
  const inner = shared.filter((label) => !output.includes(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const sizes = new Map([...sizesOf(a), ...sizesOf(b)]);
  for (const [label, size] of sizesOf(a))
    if (sizes.get(label) !== size)
      call.damaged(`"${label}" stands for ${size} and ${sizes.get(label)}.`);
  const dims = (labels: readonly string[]) =>
    labels.map((label) => sizes.get(label) ?? 1);
  const count = (labels: readonly string[]) =>
    dims(labels).reduce((product, d) => product * d, 1);
  const { lowering, name } = call;
  const left = arranged(call, a, [...batch, ...rows, ...inner]).value;
  const right = arranged(call, b, [...batch, ...inner, ...columns]).value;
  const product = lowering.matmul(
    name,
    lowering.reshape(`${name}/left`, left, [
      ...dims(batch),
      count(rows),
      count(inner),
    ]),
    lowering.reshape(`${name}/right`, right, [
      ...dims(batch),
      count(inner),
      count(columns),
    ]),
  );
  const labels = [...batch, ...rows, ...columns];
  return {
    value: lowering.reshape(`${name}/laid`, product, dims(labels)),
    labels,
  };
}

function sizesOf({ value, labels }: Operand): [string, number][] {
  return labels.map((label, i) => [label, value.dims[i] ?? 1]);
}

function arranged(
  { lowering, name }: Call,
  { value, labels }: Operand,
  wanted: readonly string[],
): Operand {
  const order = wanted.map((label) => labels.indexOf(label));
  if (order.every((axis, i) => axis === i)) return { value, labels };
  return {
    value: lowering.transpose(`${name}/arranged`, value, order),
    labels: wanted,
  };
}

export const products: Readonly<Record<string, Lower>> = {
  MatMul: (call) => multiply(call, "transpose"),
  BatchMatMul: (call) => multiply(call, "adj"),
  BatchMatMulV2: (call) => multiply(call, "adj"),
  BatchMatMulV3: (call) => multiply(call, "adj"),
  Einsum: einsum,
};
