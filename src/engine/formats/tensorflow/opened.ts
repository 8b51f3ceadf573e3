/** What the formats that hold TensorFlow graphs hand over. */
import type { TensorSource } from "./attributes";
import type { FlatNode } from "./flatten";
import type { DeclaredShapes } from "./inputs";
import type { Candidate } from "./outputs";

/** A graph as a format gives it. */
export interface Opened {
  /** Every node that may matter. */
  readonly nodes: readonly FlatNode[];
  /** The outputs a signature names; null: those that nothing reads. */
  readonly outputs: readonly Candidate[] | null;
  readonly declared: DeclaredShapes;
  /** The tensor that a Const or a variable holds; null for all other nodes. */
  tensor(node: FlatNode): TensorSource | null;
  readonly format: string;
  readonly producer: string;
}
