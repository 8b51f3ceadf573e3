/** What was decided about a network, and by whom. */

export type Source = "file" | "answer" | "guess";

export interface Decision<T, S extends Source = Source> {
  readonly value: T;
  readonly from: S;
  /** A sentence for people, or nothing. */
  readonly because: string;
}

/** Without anyone's word. */
export type Suggested<T> = Decision<T, "file" | "guess">;

export function answered<T>(value: T): Decision<T> {
  return { value, from: "answer", because: "" };
}
