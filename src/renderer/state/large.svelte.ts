import type { Method, RunRecord } from "../../shared/domain";
import type { Picture } from "../../shared/pictures";
import { SvelteMap } from "svelte/reactivity";
import type { Score } from "../../shared/scores";
import type { LargeTile, SeedChoice } from "../lib/large";
import type { Place } from "./place.svelte";
import type { Bench } from "./bench.svelte";
import type { Notices } from "./notices.svelte";
import type { Tile } from "./tile.svelte";

/** So many stand side by side. */
const most = 3;

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
    return selection.cells.slice(-most).flatMap((cell) =>
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

  /** Which seed of a place is looked at, where it is not the best. */
  readonly #looks = new SvelteMap<Place, number>();

  /** Opens the chosen tiles; without a choice the first. */
  open(): void {
    const { selection } = this.#bench;
    if (!selection.focus) this.#bench.selectAt(0, 0);
    const { length } = selection.cells;
    if (this.chosen.some(({ picture }) => picture)) {
      this.shown = true;
      if (length > most)
        this.#notices.info(
          `The large view shows ${most} of the ${length} chosen tiles.`,
          { topic: "large" },
        );
    } else this.#notices.info("There is no picture to open yet.");
  }

  close(): void {
    this.shown = false;
    this.#looks.clear();
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
    const method = this.#bench.methodShown(column);
    if (target === undefined || !method) return [];
    const place = this.#bench.placeOf(target, column);
    if (!place) return [];
    const tile = place.runs[this.#looks.get(place) ?? -1] ?? place.shown;
    const label = this.#bench.labelOf(target);
    const seeds = this.#seedsOf(place, tile);
    const at = { row, column, label, method, seeds };
    return [new LiveTile(this.#bench, tile, at)];
  }

  #seedsOf(place: Place, tile: Tile): SeedChoice | null {
    const { length: count } = place.runs;
    if (count < 2) return null;
    const at = place.runs.indexOf(tile);
    return {
      seed: tile.place.seed,
      place: at + 1,
      count,
      best: tile === place.shown && tile.record !== null,
      go: (by) => {
        this.#looks.set(place, (at + by + count) % count);
      },
    };
  }
}

/** Reads what changes with every frame when it is asked for, so that the list of tiles is not made anew each time. */
class LiveTile implements LargeTile {
  readonly key: string;
  readonly row: number;
  readonly column: number;
  readonly label: string;
  readonly method: Method;
  readonly seeds: SeedChoice | null;
  readonly #bench: Bench;
  readonly #tile: Tile;

  constructor(
    bench: Bench,
    tile: Tile,
    place: Pick<LargeTile, "row" | "column" | "label" | "method" | "seeds">,
  ) {
    this.#bench = bench;
    this.#tile = tile;
    this.key = tile.key;
    this.row = place.row;
    this.column = place.column;
    this.label = place.label;
    this.method = place.method;
    this.seeds = place.seeds;
  }

  get #shown() {
    return this.#bench.shownPicture(this.#tile);
  }
  get score(): Score | null {
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
