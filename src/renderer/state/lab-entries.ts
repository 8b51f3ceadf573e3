/** Rows of an experiment by their cells' keys, and how those that come late go among those that are there. */
import type { ExperimentId, LabRow } from "../../shared/lab";

/** A row that was computed, and the key its picture is kept under. */
export interface LabEntry<K extends ExperimentId> {
  readonly key: string;
  readonly row: LabRow<K>;
  /** What the row of a long cell is so far: the cell still counts as missing. */
  readonly partial?: true;
}

interface Entry {
  readonly key: string;
  readonly partial?: true;
}

/** Those whose cells are computed. */
export function wholes<E extends Entry>(entries: readonly E[]): E[] {
  return entries.filter(({ partial }) => !partial);
}

/** Each in the place of the one with its key, new ones behind. */
export function withRows<E extends Entry>(
  entries: readonly E[],
  came: readonly E[],
): E[] {
  const known = new Map(entries.map((entry) => [entry.key, entry]));
  for (const entry of came) known.set(entry.key, entry);
  return [...known.values()];
}

/** Of the entries that are there, those that came after `found` was looked up: its answer knows less of them. */
export function laterThan<E extends Entry>(
  entries: readonly E[],
  found: readonly E[],
): E[] {
  const known = new Map(found.map((entry) => [entry.key, entry]));
  return entries.filter(
    ({ key }) => known.get(key)?.partial ?? !known.has(key),
  );
}
