/** A node with the values it reads: what every operator is given. */
import type { Shape, Weight } from "../../network/op";
import { count, spell } from "../../network/ops/check";
import type { Folding } from "../lowering/folding";
import type { Constant, Lowering, Value } from "../lowering/index";
import type { OnnxNode } from "./node";

export interface Surroundings {
  readonly lowering: Lowering;
  /** Of constants by functions the lowering does not know. */
  readonly folding: Folding;
  /** What the file fixes the batch to; everything is done for a batch of one. */
  readonly batch: number;
  /** Counts values that come of nothing; throws a Fault where a file of a few bytes fills the memory. */
  make(node: OnnxNode, values: number): void;
}

/** What an ONNX operator does: the values it gives, in order. */
export type Operator = (call: Call) => Value | readonly Value[];

const mostNumbers = 2 ** 20;

export class Call {
  readonly node: OnnxNode;
  readonly name: string;
  readonly lowering: Lowering;
  readonly folding: Folding;
  readonly around: Surroundings;
  readonly inputs: readonly (Value | null)[];

  constructor(
    node: OnnxNode,
    inputs: readonly (Value | null)[],
    around: Surroundings,
  ) {
    this.node = node;
    this.name = node.name;
    this.inputs = inputs;
    this.around = around;
    this.lowering = around.lowering;
    this.folding = around.folding;
  }

  get opset(): number {
    return this.node.opset;
  }

  has(i: number): boolean {
    return (this.inputs[i] ?? null) !== null;
  }

  value(i: number): Value {
    return this.inputs[i] ?? this.node.damaged(`its input ${i} is missing.`);
  }

  /** All inputs; none may be left out. */
  values(): readonly Value[] {
    if (this.inputs.length === 0) this.node.damaged("it has no inputs.");
    return this.inputs.map((_, i) => this.value(i));
  }

  optional(i: number): Value | null {
    return this.inputs[i] ?? null;
  }

  /** An input that must be known when the network is opened. */
  constant(i: number, what: string): Constant {
    const value = this.value(i);
    if (value.kind === "constant") return value;
    return this.node.refuse(
      `its ${what} depends on the image.`,
      "Export the network with fixed shapes and weights.",
    );
  }

  /** All inputs, where the operation is done on constants only. */
  constants(): readonly Constant[] {
    return this.values().map((value) =>
      value.kind === "constant"
        ? value
        : this.node.refuse(
            "it works on values that depend on the image.",
            "This operation is supported on constants only: it has no gradient.",
          ),
    );
  }

  /** The whole numbers of a constant input; null where it is left out. */
  integers(i: number, what: string): readonly number[] | null {
    if (!this.has(i)) return null;
    const { data } = this.constant(i, what);
    if (data.length > mostNumbers || !data.every(Number.isSafeInteger))
      this.node.damaged(`its ${what} are no list of whole numbers.`);
    return [...data];
  }

  numbers(i: number, what: string): readonly number[] | null {
    if (!this.has(i)) return null;
    const { data } = this.constant(i, what);
    if (data.length > mostNumbers)
      this.node.damaged(`its ${what} are ${data.length} numbers.`);
    return [...data];
  }

  /** The one number of a constant input. */
  number(i: number, what: string): number | null {
    if (!this.has(i)) return null;
    const { data, dims } = this.constant(i, what);
    const [only] = data;
    if (only === undefined || data.length !== 1)
      return this.node.damaged(`its ${what} has the shape ${spell(dims)}.`);
    return only;
  }

  /** A list that was an attribute up to some opset and is an input since. */
  list(attribute: string, i: number, since: number): readonly number[] | null {
    return this.opset >= since
      ? this.integers(i, attribute)
      : this.node.ints(attribute);
  }

  /** A constant input as a weight of these dimensions. */
  weight(i: number, what: string, dims: readonly (number | null)[]): Weight {
    return weightOf(this, this.constant(i, what), what, dims);
  }

  axis(axis: number, rank: number): number {
    const whole = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(whole) || whole < 0 || whole >= rank)
      this.node.damaged(
        `its input has ${rank} dimensions and no axis ${axis}.`,
      );
    return whole;
  }

  axes(axes: readonly number[], rank: number): number[] {
    const whole = axes.map((axis) => this.axis(axis, rank));
    if (new Set(whole).size !== whole.length)
      this.node.damaged(`it names an axis twice: ${spell(axes)}.`);
    return whole;
  }

  /** A scalar the operator brings. */
  scalar(value: number): Constant {
    return this.lowering.constant([], Float32Array.of(value));
  }

  /** A list of whole numbers the operator brings. */
  ints(dims: Shape, values: readonly number[]): Constant {
    this.around.make(this.node, values.length);
    return this.lowering.constant(dims, Float64Array.from(values), "int");
  }
}

export function weightOf(
  call: Call,
  constant: Constant,
  what: string,
  dims: readonly (number | null)[],
): Weight {
  const fits =
    constant.dims.length === dims.length &&
    dims.every((d, i) => d === null || d === constant.dims[i]);
  if (!fits)
    call.node.damaged(
      `its ${what} has the shape ${spell(constant.dims)}, expected [${dims.map((d) => d ?? "any").join(", ")}].`,
    );
  const { data } = constant;
  if (count(constant.dims) !== data.length)
    call.node.damaged(`its ${what} holds ${data.length} values.`);
  return {
    shape: constant.dims,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  };
}
