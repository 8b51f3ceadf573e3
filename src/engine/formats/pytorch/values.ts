/** What a pickle holds once it is read: data alone, never a Python object, and nothing that could be called. */
import type { NumberType } from "../floats";
import type { View } from "../state-dict/stored-tensor";

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | List
  | Dict
  | Global
  | Opaque
  | Storage
  | Tensor;

/** A list, tuple or set. */
export interface List {
  readonly kind: "list";
  readonly items: Value[];
}

/** Keys and values in the order they were set; a key set twice has its last value. */
export interface Dict {
  readonly kind: "dict";
  readonly keys: Value[];
  readonly values: Value[];
}

/** The name of a class or function. */
export interface Global {
  readonly kind: "global";
  /** "collections.OrderedDict" */
  readonly name: string;
}

/** An object of a class that means nothing to us: its class's name, and what it would have been made of. */
export interface Opaque {
  readonly kind: "opaque";
  readonly name: string;
  /** What its `__setstate__` would have been given. */
  state: Value;
}

/** A run of numbers that lies outside the pickle, under a key. */
export interface Storage {
  readonly kind: "storage";
  readonly key: string;
  /** Null: plain bytes, which a tensor gives a type. */
  readonly type: NumberType | null;
  /** Numbers, or bytes where there is no type. */
  readonly numbers: number;
  /** Where this part begins in the storage under the key, in numbers. */
  readonly start: number;
}

export interface Tensor {
  readonly kind: "tensor";
  readonly storage: Storage;
  readonly type: NumberType;
  readonly view: View;
}

type Kinds = List | Dict | Global | Opaque | Storage | Tensor;

/** Whether a value is of a kind; Uint8Arrays, strings and the like have none. */
export function isKind<K extends Kinds["kind"]>(
  value: Value | undefined,
  kind: K,
): value is Extract<Kinds, { kind: K }> {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    value.kind === kind
  );
}

/** The entries of a dict with text as keys. */
export function textEntries(dict: Dict): Map<string, Value> {
  const entries = new Map<string, Value>();
  dict.keys.forEach((key, i) => {
    if (typeof key === "string") entries.set(key, dict.values[i] ?? null);
  });
  return entries;
}
