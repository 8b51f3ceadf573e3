/** The gallery's rows and columns as the contact sheet and the page draw them. */
import type {
  Method,
  RunRecord,
  Target,
  TileRef,
} from "../../../shared/domain";
import { slopesOf, titleMethod, type Slopes } from "../../../shared/method";
import {
  courseOf,
  summarizeSeeds,
  type SeededCourse,
  type SeedSummary,
} from "../../../shared/scores";
import { titleTarget } from "../../../shared/target";
import type { ExportTile, GallerySource } from "./source";

export interface GridColumn {
  readonly title: string;
  readonly method: Method;
  readonly slopes: Slopes;
  /** Name of the network. */
  readonly network: string;
}

/** A place of the grid: the run with the best score among its seeds. */
export interface GridTile extends ExportTile {
  /** What all its seeds came to. */
  readonly seeds: SeedSummary | null;
  /** Runs that it stands for. */
  readonly runs: number;
}

export interface GridRow {
  /** With a minus sign in front where the target is minimised. */
  readonly label: string;
  /** The target's index. */
  readonly id: string;
  /** One for each column; a text says why there is no picture. */
  readonly cells: readonly (GridTile | string)[];
}

export interface Grid {
  readonly columns: readonly GridColumn[];
  readonly rows: readonly GridRow[];
  /** Rows of the gallery that have no picture at all and are left out. */
  readonly leftOut: number;
}

/** The best of a place's runs. Of a seed that was run twice, the later run. */
function bestOf(
  tiles: readonly ExportTile[],
  first: readonly RunRecord[] | null,
): GridTile {
  const own = [...new Map(tiles.map((tile) => [tile.run.seed, tile])).values()];
  const seeds = summarizeSeeds(
    own.map(({ run }) => seeded(run)),
    first && first.map(seeded),
  );
  const best = own[seeds?.best ?? 0];
  if (!best) throw new RangeError("a place without a run");
  return { ...best, seeds, runs: tiles.length };
}

function seeded(run: RunRecord): SeededCourse {
  const stopped = run.state === "cancelled";
  return { ...courseOf(run), seed: run.seed, stopped };
}

function groupedBy(
  tiles: readonly ExportTile[],
  of: (tile: TileRef) => number,
): Map<number, ExportTile[]> {
  const groups = new Map<number, ExportTile[]>();
  for (const tile of tiles) {
    const key = of(tile.run.tile);
    const group = groups.get(key);
    if (group) group.push(tile);
    else groups.set(key, [tile]);
  }
  return groups;
}

/** Rows with at least one picture. */
export function makeGrid(source: GallerySource): Grid {
  const { request, labels } = source.gallery;
  const byRow = new Map<number, Map<number, GridTile>>();
  const firsts = new Map<number, RunRecord[]>();
  for (const run of source.runs)
    if (run.tile.column === 0)
      firsts.set(run.tile.row, [...(firsts.get(run.tile.row) ?? []), run]);
  for (const [row, tiles] of groupedBy(source.tiles, (tile) => tile.row)) {
    const columns = groupedBy(tiles, (tile) => tile.column);
    const first = firsts.get(row) ?? [];
    const cells = new Map<number, GridTile>();
    for (const [column, runs] of columns)
      cells.set(column, bestOf(runs, column > 0 ? first : null));
    byRow.set(row, cells);
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
      label: titled(labels[row] ?? any?.label ?? "", target),
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

function titled(label: string, target: Target | undefined): string {
  return target ? titleTarget(label, target) : label;
}

/** "12 pictures", and how many runs they are the best of. */
export function countOf(grid: Grid, { tiles }: GallerySource): string {
  const shown = grid.rows
    .flatMap(({ cells }) => cells)
    .filter((cell) => typeof cell !== "string").length;
  const pictures = `${shown} ${shown === 1 ? "picture" : "pictures"}`;
  return tiles.length > shown
    ? `${pictures} of ${tiles.length} runs`
    : pictures;
}
