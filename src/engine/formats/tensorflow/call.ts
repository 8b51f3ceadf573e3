/** One node being lowered: its inputs as values, its attributes, and how it refuses. */
import { Fault } from "../../../shared/fault";
import type { Weight } from "../../network/op";
import { spell } from "../../network/ops/check";
import type { Padding, Pair } from "../../network/ops/index";
import type { Constant, Lowering, MapOrder, Value } from "../lowering/index";
import type { Attributes } from "./attributes";
import type { FlatNode, Source } from "./flatten";

/** What lies between SpaceToBatchND and BatchToSpaceND: the map as it is, and the dilation the two stand for. */
export interface Spread {
  readonly kind: "spread";
  readonly value: Value;
  readonly block: Pair;
}

/** The side of a Switch that is not taken. */
export interface Dead {
  readonly kind: "dead";
}

export type Outcome = Value | Spread | Dead;

/** Everything a node is lowered with. */
export interface Surroundings {
  readonly lowering: Lowering;
  /** What an output of a node became; undefined: it has no such output, or is not lowered. */
  outcome(source: Source): Outcome | undefined;
  /** Whether the file leaves the size of the batch open. */
  readonly openBatch: boolean;
}

/** What a kind of node becomes: one value, or one an output. */
export type Lower = (call: Call) => Outcome | readonly Outcome[];

/** More numbers than any shape, axis or index list has that shapes a network. */
const mostNumbers = 2 ** 20;

export class Call {
  readonly node: FlatNode;
  readonly #surroundings: Surroundings;

  constructor(node: FlatNode, surroundings: Surroundings) {
    this.node = node;
    this.#surroundings = surroundings;
  }

  get name(): string {
    return this.node.name;
  }
  get attributes(): Attributes {
    return this.node.attributes;
  }
  get lowering(): Lowering {
    return this.#surroundings.lowering;
  }
  get openBatch(): boolean {
    return this.#surroundings.openBatch;
  }

  source(input: number): Source {
    return this.node.inputs[input] ?? this.damaged(`it has no input ${input}.`);
  }

  outcome(input: number): Outcome {
    const source = this.source(input);
    const outcome = this.outcomeOf(source);
    return outcome ?? this.#unknown(source);
  }

  value(input: number): Value {
    return this.plain(this.outcome(input));
  }

  values(): Value[] {
    return this.node.inputs.map((_, i) => this.value(i));
  }

  /** What any source became; for what looks further back than its own inputs. */
  outcomeOf(source: Source): Outcome | undefined {
    return this.#surroundings.outcome(source);
  }

  valueOf(source: Source): Value {
    const outcome = this.outcomeOf(source);
    return this.plain(outcome ?? this.#unknown(source));
  }

  #unknown({ node, output }: Source): never {
    this.refuse(
      `it reads output ${output} of "${node.name}" (${node.op}), which is not supported.`,
    );
  }

  plain(outcome: Outcome): Value {
    if (outcome.kind === "spread")
      this.refuse(
        "it stands between SpaceToBatchND and BatchToSpaceND.",
        "Between them convolutions, biases and activations are supported.",
      );
    if (outcome.kind === "dead")
      this.refuse("it reads the side of a branch that is not taken.");
    return outcome;
  }

  constant(input: number, what: string): Constant {
    const value = this.value(input);
    if (value.kind === "constant") return value;
    this.refuse(
      `its ${what} depends on the image.`,
      "What is computed here must be known when the network is opened.",
    );
  }

  /** A constant of float32 values. */
  weight(input: number, what: string): Weight {
    return weightOf(this.constant(input, what));
  }

  /** The numbers of a constant: a shape, axes, indices. */
  numbers(input: number, what: string): number[] {
    const { data } = this.constant(input, what);
    if (data.length > mostNumbers)
      this.refuse(`its ${what} has ${data.length} numbers.`);
    return [...data];
  }

  number(input: number, what: string): number {
    const [only, ...others] = this.numbers(input, what);
    if (only === undefined || others.length > 0)
      this.damaged(`its ${what} is no single number.`);
    return only;
  }

  /** An axis from 0 on, counted from the end where it is negative. */
  axis(axis: number, rank: number): number {
    const found = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(found) || found < 0 || found >= Math.max(rank, 1))
      this.damaged(`it has no axis ${axis} among ${rank}.`);
    return found;
  }

  /** "data_format". */
  order(): MapOrder {
    const order = this.attributes.string("data_format", "NHWC");
    if (order === "NHWC" || order === "NCHW") return order;
    this.refuse(`its data_format is ${order}.`, "Supported: NHWC and NCHW.");
  }

  /** Height and width of a list with a number for each axis; batch and channel have to be 1. */
  spatial(key: string): Pair {
    const list = this.attributes.ints(key);
    return this.spatialOf(list.length > 0 ? list : [1, 1, 1, 1], key);
  }

  spatialOf(list: readonly number[], what: string): Pair {
    const nchw = this.order() === "NCHW";
    const [batch, second, third, fourth] = list;
    const channel = nchw ? second : fourth;
    const pair = nchw ? [third, fourth] : [second, third];
    const [height, width] = pair;
    if (list.length !== 4 || height === undefined || width === undefined)
      this.damaged(`its ${what} are ${spell(list)}.`);
    if (batch !== 1 || channel !== 1)
      this.refuse(`its ${what} are ${spell(list)}.`, "They cover pixels only.");
    return [height, width];
  }

  padding(): Padding {
    const padding = this.attributes.string("padding", "");
    if (padding === "SAME") return "same";
    if (padding === "VALID") return "valid";
    const pads = this.attributes.ints("explicit_paddings");
    const first = this.order() === "NCHW" ? 4 : 2;
    const [top, bottom, left, right] = pads.slice(first, first + 4);
    if (
      padding !== "EXPLICIT" ||
      pads.length !== 8 ||
      top === undefined ||
      bottom === undefined ||
      left === undefined ||
      right === undefined
    )
      this.damaged(`its padding is "${padding}" ${spell(pads)}.`);
    return [
      [top, bottom],
      [left, right],
    ];
  }

  refuse(found: string, supported = ""): never {
    throw new Fault("unsupported-network", this.#about(found), supported);
  }

  damaged(found: string): never {
    throw new Fault(
      "damaged-file",
      this.#about(found),
      "Export the network again.",
    );
  }

  #about(found: string): string {
    return `Node "${this.name}" (${this.node.op}): ${found}`;
  }
}

export function weightOf({ dims, data }: Constant): Weight {
  return {
    shape: dims,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  };
}

/** The one number of a constant that holds only one; null otherwise. */
export function scalarOf(value: Value): number | null {
  if (value.kind !== "constant" || value.data.length !== 1) return null;
  return value.data[0] ?? null;
}

/** The number all values of a constant share; null otherwise. */
export function uniformOf(value: Value): number | null {
  if (value.kind !== "constant" || value.data.length > mostNumbers) return null;
  const [first] = value.data;
  return first !== undefined && value.data.every((v) => v === first)
    ? first
    : null;
}
