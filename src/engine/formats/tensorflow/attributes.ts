/** A node's attributes, read by type; JSON and protobuf both end here. */
import { Fault } from "../../../shared/fault";
import type { Constant } from "../lowering/index";
import { dataTypeOf, type DataType } from "./data-types";

/** A tensor in a file: its values are read when they are asked for. */
export interface TensorSource {
  readonly dims: readonly number[];
  readonly type: DataType;
  /** The file's own word for the type: "float", "half". */
  readonly stored: string;
  /** Throws a Fault `damaged-file` that names `about`. */
  load(about: string): Promise<Pick<Constant, "dims" | "type" | "data">>;
  /** The values of a tensor of strings. */
  strings(): readonly string[];
}

/** Open dimensions are null; a shape of unknown rank is null altogether. */
export type OpenDims = readonly (number | null)[] | null;

export type AttributeValue =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  /** A number of types.proto. */
  | { readonly kind: "type"; readonly value: number }
  | { readonly kind: "shape"; readonly value: OpenDims }
  | { readonly kind: "tensor"; readonly value: TensorSource }
  | { readonly kind: "function"; readonly value: string }
  | { readonly kind: "list"; readonly value: readonly AttributeValue[] };

type Kind = AttributeValue["kind"];
type ValueOf<K extends Kind> = Extract<AttributeValue, { kind: K }>["value"];

export class Attributes {
  readonly #node: string;
  readonly #values: ReadonlyMap<string, AttributeValue>;

  constructor(node: string, values: ReadonlyMap<string, AttributeValue>) {
    this.#node = node;
    this.#values = values;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** Names and values of all, with lists as arrays; a tensor or a function is told by its kind. */
  *entries(): Generator<readonly [string, unknown]> {
    for (const [key, value] of this.#values) yield [key, plainOf(value)];
  }

  string(key: string, fallback: string): string {
    return this.#read(key, "string") ?? fallback;
  }

  int(key: string, fallback: number): number {
    const value = this.#read(key, "int") ?? fallback;
    return Number.isSafeInteger(value) ? value : this.#fail(key);
  }

  /** A finite number. */
  float(key: string, fallback: number): number {
    const value = this.#read(key, "float") ?? fallback;
    return Number.isFinite(value) ? value : this.#fail(key);
  }

  bool(key: string, fallback: boolean): boolean {
    return this.#read(key, "bool") ?? fallback;
  }

  /** What the values of a type attribute are; "other" where it is missing. */
  type(key: string): DataType {
    const value = this.#read(key, "type");
    return value === null ? "other" : dataTypeOf(value);
  }

  /** Undefined where it is missing. */
  shape(key: string): OpenDims | undefined {
    const found = this.#values.get(key);
    if (!found) return undefined;
    return found.kind === "shape" ? found.value : this.#fail(key);
  }

  tensor(key: string): TensorSource | null {
    return this.#read(key, "tensor");
  }

  function(key: string): string | null {
    return this.#read(key, "function");
  }

  ints(key: string): readonly number[] {
    return this.#list(key, "int");
  }

  strings(key: string): readonly string[] {
    return this.#list(key, "string");
  }

  #read<K extends Kind>(key: string, kind: K): ValueOf<K> | null {
    const found = this.#values.get(key);
    if (!found) return null;
    if (found.kind !== kind) this.#fail(key);
    // a value of kind K holds a ValueOf<K>: see AttributeValue
    return found.value as ValueOf<K> | null;
  }

  #list<K extends Kind>(key: string, kind: K): readonly ValueOf<K>[] {
    const list = this.#read(key, "list") ?? [];
    return list.map((entry) =>
      // as in #read
      entry.kind === kind ? (entry.value as ValueOf<K>) : this.#fail(key),
    );
  }

  #fail(key: string): never {
    const { value } = this.#values.get(key) ?? {};
    const shown = JSON.stringify(value)?.slice(0, 100) ?? "a tensor";
    throw new Fault(
      "damaged-file",
      `Node "${this.#node}": its attribute "${key}" is ${shown}.`,
      "Export the network again.",
    );
  }
}

function plainOf(value: AttributeValue): unknown {
  if (value.kind === "list") return value.value.map(plainOf);
  return value.kind === "tensor" ? "a tensor" : value.value;
}
