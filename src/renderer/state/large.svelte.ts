import type { LargeTile } from "../lib/large";
import type { Bench } from "./bench.svelte";
import type { Notices } from "./notices.svelte";
import type { Cell } from "./selection.svelte";

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
  readonly chosen = $derived.by((): LargeTile[] =>
    this.#bench.selection.cells
      .map((cell) => this.#tile(cell))
      .filter((tile) => tile !== null),
  );

  /** Every tile of the grid, row by row; empty while the view is closed. */
  readonly all = $derived.by((): LargeTile[] => {
    const { picks, columns } = this.#bench;
    if (!this.shown) return [];
    return picks.list.flatMap((target) =>
      columns.list
        .map(({ id }) => this.#tile({ target, column: id }))
        .filter((tile) => tile !== null),
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

  #tile(cell: Cell): LargeTile | null {
    const { picks, columns } = this.#bench;
    const row = picks.list.indexOf(cell.target);
    const column = columns.list.findIndex((c) => c.id === cell.column);
    const method = columns.list[column]?.method;
    const tile = this.#bench.tileOf(cell.target, column);
    if (row < 0 || !method || !tile) return null;
    const shown = this.#bench.shownPicture(tile);
    return {
      key: `${cell.target}/${cell.column}/${tile.record?.id ?? "live"}`,
      row,
      column,
      label: this.#bench.labelOf(cell.target),
      method,
      score: tile.scoreAt(shown.live ? null : shown.step),
      step: shown.step,
      picture: shown.picture,
      record: tile.record,
    };
  }
}
