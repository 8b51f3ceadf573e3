import { Fault } from "../../../shared/fault";
import type { Pair } from "../../network/ops/window";
import { isCount, isObject, type Json } from "../json";

/** Scale, offset, mean: one number for all channels, or one each. */
export type Numbers = readonly number[];

const mostNumbers = 1_000_000;
const deepestList = 8;

/** A layer's settings, read by type. Keys are Keras' own (snake_case); those of TF.js (camelCase) count as well. */
export class Config {
  readonly layer: string;
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(layer: string, values: Json) {
    this.layer = layer;
    this.#values = new Map(
      Object.entries(values).map(([key, value]) => [snake(key), plain(value)]),
    );
  }

  /** Whether all settings are the same; the numbers that Keras 3 gives objects it writes again do not count. */
  isLike(other: Config): boolean {
    return this.#text() === other.#text();
  }

  #text(): string {
    return JSON.stringify([...this.#values], (key, value: unknown) =>
      key === "shared_object_id" ? undefined : value,
    );
  }

  /** All settings with their names in snake_case. */
  entries(): Iterable<readonly [string, unknown]> {
    return this.#values;
  }

  raw(key: string): unknown {
    return this.#values.get(key) ?? null;
  }

  string(key: string, fallback: string): string {
    const value = this.raw(key);
    if (value === null) return fallback;
    if (typeof value === "string") return value;
    throw this.#wrong(key);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.raw(key);
    if (value === null) return fallback;
    if (typeof value === "boolean") return value;
    throw this.#wrong(key);
  }

  /** A finite number; Keras also writes one as a list of one value. */
  number(key: string, fallback: number): number {
    return this.optionalNumber(key) ?? fallback;
  }

  optionalNumber(key: string): number | null {
    let value = this.raw(key);
    if (Array.isArray(value) && value.length === 1) value = value[0] as unknown;
    if (value === null || value === undefined) return null;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.#wrong(key);
  }

  /** One number or many, also in lists of lists ([[[1, 2, 3]]]); null where there are none. */
  numbers(key: string): Numbers | null {
    const value = this.raw(key);
    return value === null ? null : (numbersIn(value) ?? this.#fail(key));
  }

  /** Two whole numbers [height, width], or one for both. */
  pair(key: string, fallback: Pair): Pair {
    const value = this.raw(key);
    if (value === null) return fallback;
    return this.#asPair(value) ?? this.#fail(key);
  }

  /** [[top, bottom], [left, right]]; one number for all, or two for height and width. */
  pads(key: string, fallback: readonly [Pair, Pair]): readonly [Pair, Pair] {
    const value = this.raw(key);
    if (value === null) return fallback;
    const plain = this.#asPair(value);
    if (plain)
      return [
        [plain[0], plain[0]],
        [plain[1], plain[1]],
      ];
    if (!Array.isArray(value) || value.length !== 2) return this.#fail(key);
    const [rows, columns] = value.map((v: unknown) => this.#asPair(v));
    return rows && columns ? [rows, columns] : this.#fail(key);
  }

  /** Whole numbers; null entries stay. */
  dimensions(key: string): (number | null)[] {
    const value = this.raw(key);
    const numbers = Array.isArray(value) ? value : [value];
    return numbers.map((n: unknown) =>
      n === null || Number.isSafeInteger(n)
        ? (n as number | null)
        : this.#fail(key),
    );
  }

  /** Two whole numbers that have no usual value. */
  needPair(key: string): Pair {
    return this.#asPair(this.raw(key)) ?? this.#fail(key);
  }

  /** A whole number that has no usual value. */
  needCount(key: string): number {
    const value = this.raw(key);
    return isCount(value) ? value : this.#fail(key);
  }

  #asPair(value: unknown): Pair | null {
    const values: unknown[] = Array.isArray(value) ? value : [value, value];
    const [height, width] = values;
    return values.length === 2 && isWhole(height) && isWhole(width)
      ? [height, width]
      : null;
  }

  #fail(key: string): never {
    throw this.#wrong(key);
  }

  #wrong(key: string): Fault {
    const value = JSON.stringify(this.raw(key))?.slice(0, 100);
    return new Fault(
      "damaged-file",
      `The layer "${this.layer}" has the ${key} ${value}.`,
      "Export the network again.",
    );
  }
}

/**
 * A value without what Keras wraps it in: an array as { value }, { type: "ndarray", value } or
 * { class_name: "__numpy__", config: { value } }, a tuple as { class_name: "__tuple__", items }.
 */
function plain(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { class_name: className, config, items, type } = value;
  if (className === "__numpy__" || className === "__tensor__")
    return isObject(config) ? config["value"] : value;
  if (className === "__tuple__" || className === "TensorShape") return items;
  const isArray = Object.keys(value).length === 1 || type === "ndarray";
  return isArray && numbersIn(value["value"]) ? value["value"] : value;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function snake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

/** The finite numbers in a value, in order; null where there is anything else. */
export function numbersIn(value: unknown, depth = 0): number[] | null {
  if (typeof value === "number") return Number.isFinite(value) ? [value] : null;
  if (!Array.isArray(value) || depth > deepestList) return null;
  const numbers: number[] = [];
  for (const item of value as unknown[]) {
    const inner = numbersIn(item, depth + 1);
    if (!inner || numbers.length + inner.length > mostNumbers) return null;
    for (const number of inner) numbers.push(number);
  }
  return numbers;
}
