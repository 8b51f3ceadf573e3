import type { LargeTile } from "../../lib/large";

/** Where a tile lies in the grid. */
type Place = Pick<LargeTile, "key" | "row" | "column">;
export type Direction = "left" | "right" | "up" | "down";

/** As many tiles as are looked at together. */
export const mostTiles = 3;

function at<T extends Place>(
  all: readonly T[],
  row: number,
  column: number,
): T | undefined {
  return all.find((tile) => tile.row === row && tile.column === column);
}

/** The tiles of a row, in the order of the columns. */
export function rowOf<T extends Place>(all: readonly T[], row: number): T[] {
  return all
    .filter((tile) => tile.row === row)
    .sort((a, b) => a.column - b.column);
}

/**
 * The tiles that arrow keys lead to, all of them moved by one; the present ones where the grid ends.
 * Past the last column the next row begins, but only for a single tile: a comparison keeps its row.
 */
export function moveTiles<T extends Place>(
  open: readonly T[],
  all: readonly T[],
  direction: Direction,
): readonly T[] {
  const step = direction === "left" || direction === "up" ? -1 : 1;
  if (direction === "up" || direction === "down") {
    const rows = [...new Set(all.map((tile) => tile.row))].sort(
      (a, b) => a - b,
    );
    return whole(
      open,
      open.map((tile) => {
        const row = rows[rows.indexOf(tile.row) + step];
        return row === undefined ? undefined : at(all, row, tile.column);
      }),
    );
  }
  const [only] = open;
  if (open.length === 1 && only) {
    const order = [...all].sort((a, b) => a.row - b.row || a.column - b.column);
    const next = order[order.findIndex((t) => t.key === only.key) + step];
    return next ? [next] : open;
  }
  return whole(
    open,
    open.map((tile) => at(all, tile.row, tile.column + step)),
  );
}

function whole<T>(
  open: readonly T[],
  next: readonly (T | undefined)[],
): readonly T[] {
  const found = next.filter((tile) => tile !== undefined);
  return found.length === open.length ? found : open;
}

/** Keys 1, 2, 3 ...: that column of the row, alone. `ordinal` counts from 1. */
export function pickColumn<T extends Place>(
  open: readonly T[],
  all: readonly T[],
  ordinal: number,
): readonly T[] {
  const [first] = open;
  const tile = first && rowOf(all, first.row)[ordinal - 1];
  return tile ? [tile] : open;
}

/** Adds a tile to the comparison, or takes it out; the last one stays, and never more than three. */
export function toggleTile<T extends Place>(
  open: readonly T[],
  tile: T,
): readonly T[] {
  if (open.some((one) => one.key === tile.key))
    return open.length > 1 ? open.filter((one) => one.key !== tile.key) : open;
  if (open.length >= mostTiles) return open;
  return [...open, tile].sort((a, b) => a.row - b.row || a.column - b.column);
}
