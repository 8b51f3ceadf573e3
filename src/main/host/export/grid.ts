/** The gallery's rows and columns as the contact sheet and the page draw them. */
import type { Method } from "../../../shared/domain";
import { slopesOf, titleMethod, type Slopes } from "../../../shared/method";
import type { ExportTile, GallerySource } from "./source";

export interface GridColumn {
  readonly title: string;
  readonly method: Method;
  readonly slopes: Slopes;
  /** Name of the network. */
  readonly network: string;
}

export interface GridRow {
  readonly label: string;
  /** The class's index. */
  readonly id: string;
  /** One for each column; a text says why there is no picture. */
  readonly cells: readonly (ExportTile | string)[];
}

export interface Grid {
  readonly columns: readonly GridColumn[];
  readonly rows: readonly GridRow[];
  /** Rows of the gallery that have no picture at all and are left out. */
  readonly leftOut: number;
}

/** Rows with at least one picture. Of tiles that were run twice, the later run. */
export function makeGrid(source: GallerySource): Grid {
  const { request, labels } = source.gallery;
  const byRow = new Map<number, Map<number, ExportTile>>();
  for (const tile of source.tiles) {
    const { row, column } = tile.run.tile;
    const cells = byRow.get(row) ?? new Map<number, ExportTile>();
    byRow.set(row, cells.set(column, tile));
  }
  const shown = new Set(source.tiles.map(({ run }) => run.tile.column));
  if (source.whole) request.columns.forEach((_, index) => shown.add(index));
  const columns = [...shown].sort((a, b) => a - b);
  const finished = new Set(
    source.runs.map(({ tile }) => `${tile.row}/${tile.column}`),
  );

  const rows = [...byRow].map(([row, cells]): GridRow => {
    const any = [...cells.values()][0]?.run;
    const target = request.targets[row] ?? any?.target;
    return {
      label: labels[row] ?? any?.label ?? "",
      id: target ? String(target.index) : "",
      cells: columns.map(
        (column) =>
          cells.get(column) ??
          (finished.has(`${row}/${column}`) ? "not chosen" : "no picture"),
      ),
    };
  });
  return {
    columns: columns.flatMap((index) => {
      const run = source.tiles.find((t) => t.run.tile.column === index)?.run;
      const column = request.columns[index];
      const method = run?.method ?? column?.method;
      if (!method) return [];
      return [
        {
          title: titleMethod(method),
          method,
          slopes: run
            ? { forward: run.forwardSlope, backward: run.backwardSlope }
            : slopesOf(method),
          network: run?.network.name ?? column?.network ?? "",
        },
      ];
    }),
    rows,
    leftOut: source.whole ? request.targets.length - rows.length : 0,
  };
}
