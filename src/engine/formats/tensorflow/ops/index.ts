/** What TensorFlow's operations become. To add one: a line in the table of its topic, and its attributes in arguments.ts. */
import type { Lower } from "../call";
import { arithmetic } from "./arithmetic";
import { activations } from "./activations";
import { constants } from "./constants";
import { control } from "./control";
import { convolutions } from "./convolutions";
import { fused } from "./fused";
import { layout } from "./layout";
import { normalisations } from "./normalisations";
import { pools } from "./pools";
import { products } from "./products";
import { selection } from "./selection";

const tables: readonly Readonly<Record<string, Lower>>[] = [
  activations,
  arithmetic,
  constants,
  control,
  convolutions,
  fused,
  layout,
  normalisations,
  pools,
  products,
  selection,
];

const operations = new Map(tables.flatMap((table) => Object.entries(table)));

/** Undefined: there is nothing the operation could become. */
export function lowerOf(op: string): Lower | undefined {
  return operations.get(op);
}

/** Names of all operations that become something. */
export function operationNames(): Iterable<string> {
  return operations.keys();
}
