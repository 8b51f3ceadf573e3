import { nameTarget } from "../../../shared/target";
import type { Cell } from "../experiment";
import type { Climb } from "./cells";

/** Classes and methods that climb together: every class under every method, all from one step. */
export interface Group {
  /** Updates done on every image. */
  readonly step: number;
  /** By class and method. */
  readonly cells: readonly (readonly Cell<Climb>[])[];
}

/**
 * Puts cells together that can move in lockstep, at most `batch` classes at a time. Usually all methods of a batch;
 * where some are computed already or were left at another step, fewer.
 */
export function groupsOf(
  cells: readonly Cell<Climb>[],
  stepOf: (cell: Cell<Climb>) => number,
  batch: number,
): readonly Group[] {
  const rows = new Map<string, Cell<Climb>[]>();
  for (const cell of cells) {
    const at = `${nameTarget(cell.ask.target)} ${stepOf(cell)}`;
    rows.set(at, [...(rows.get(at) ?? []), cell]);
  }
  const alike = new Map<string, { step: number; cells: Cell<Climb>[][] }>();
  for (const row of rows.values()) {
    const [first] = row;
    if (!first) continue;
    const step = stepOf(first);
    const id = `${step} ${row.map(({ ask }) => ask.name).join()}`;
    const group = alike.get(id) ?? { step, cells: [] };
    group.cells.push(row);
    alike.set(id, group);
  }
  return [...alike.values()].flatMap(({ step, cells }) =>
    Array.from({ length: Math.ceil(cells.length / batch) }, (_, i) => ({
      step,
      cells: cells.slice(i * batch, (i + 1) * batch),
    })),
  );
}
