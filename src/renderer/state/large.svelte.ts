import type { Method, RunRecord } from "../../shared/domain";
import type { Picture } from "../../shared/pictures";
import type { LargeTile } from "../lib/large";
import type { Bench } from "./bench.svelte";
import type { Notices } from "./notices.svelte";
import type { Tile } from "./tile.svelte";

/** The large view over the selection. */
export class Large {
  shown = $state(false);
  readonly #bench: Bench;
  readonly #notices: Notices;

  constructor(bench: Bench, notices: Notices) {
    this.#bench = bench;
    this.#notices = notices;
  }

  /** One to three tiles, looked at together. */
  readonly chosen = $derived.by((): LargeTile[] => {
    const { picks, columns, selection } = this.#bench;
    return selection.cells.flatMap((cell) =>
      this.#tile(
        picks.list.indexOf(cell.target),
        columns.list.findIndex((c) => c.id === cell.column),
      ),
    );
  });

  /** Every tile of the grid, row by row; empty while the view is closed. */
  readonly all = $derived.by((): LargeTile[] => {
    const { picks, columns } = this.#bench;
    if (!this.shown) return [];
    return picks.list.flatMap((_, row) =>
      columns.list.flatMap((_, column) => this.#tile(row, column)),
    );
  });

  /** Opens the chosen tiles; without a choice the first. */
  open(): void {
    const { selection } = this.#bench;
    if (!selection.focus) this.#bench.selectAt(0, 0);
    if (selection.cells.some((cell) => this.#bench.tileAt(cell)?.picture))
      this.shown = true;
    else this.#notices.info("There is no picture to open yet.");
  }

  close(): void {
    this.shown = false;
  }

  /** The view went to other tiles; the grid follows. */
  go(tiles: readonly LargeTile[]): void {
    this.#bench.selection.set(
      tiles
        .map(({ row, column }) => this.#bench.cellAt(row, column))
        .filter((cell) => cell !== null),
    );
  }

  /** None where the grid has no such place, or nothing was run there. */
  #tile(row: number, column: number): LargeTile[] {
    const target = this.#bench.picks.list[row];
    const method = this.#bench.columns.list[column]?.method;
    if (target === undefined || !method) return [];
    const tile = this.#bench.tileOf(target, column);
    if (!tile) return [];
    const label = this.#bench.labelOf(target);
    return [new LiveTile(this.#bench, tile, { row, column, label, method })];
  }
}

/** Reads what changes with every frame when it is asked for, so that the list of tiles is not made anew each time. */
class LiveTile implements LargeTile {
  readonly key: string;
  readonly row: number;
  readonly column: number;
  readonly label: string;
  readonly method: Method;
  readonly #bench: Bench;
  readonly #tile: Tile;

  constructor(
    bench: Bench,
    tile: Tile,
    place: Pick<LargeTile, "row" | "column" | "label" | "method">,
  ) {
    this.#bench = bench;
    this.#tile = tile;
    this.key = tile.key;
    this.row = place.row;
    this.column = place.column;
    this.label = place.label;
    this.method = place.method;
  }

  get #shown() {
    return this.#bench.shownPicture(this.#tile);
  }
  get score(): number | null {
    const { live, step } = this.#shown;
    return this.#tile.scoreAt(live ? null : step);
  }
  get step(): number {
    return this.#shown.step;
  }
  get picture(): Picture | null {
    return this.#shown.picture;
  }
  get record(): RunRecord | null {
    return this.#tile.record;
  }
}
