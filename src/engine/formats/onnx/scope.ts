/** What names and attributes mean inside a graph, a function or a branch. */
import type { AttributeProto, FunctionProto } from "./model";

export interface Scope {
  /** The value a name stands for, unique in the whole file. */
  rename(name: string): string;
  /** The value of an attribute of the function's call; null outside of functions. */
  attribute(name: string): AttributeProto | null;
  /** Version of a domain's operations; null where the file names none. */
  opset(domain: string): number | null;
  /** In front of nodes' names, for people: "encoder/". */
  readonly path: string;
  /** Functions and branches around it. */
  readonly depth: number;
  readonly shared: Shared;
}

/** What all scopes of a file have in common. */
export interface Shared {
  /** By {@link functionKey}. */
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** Unique numbers for names of inner values. */
  next(): number;
  /** Counts a node; throws a Fault where there are too many. */
  count(): void;
}

/** ONNX's own domain has two names. */
export function domainOf(name: string): string {
  return name === "ai.onnx" ? "" : name;
}

export function functionKey(domain: string, name: string, overload: string) {
  return JSON.stringify([domainOf(domain), name, overload]);
}
