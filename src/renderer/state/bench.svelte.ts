import { paperEight } from "../../shared/class-sets";
import type { GalleryRequest, Head, Method } from "../../shared/domain";
import { unitWords } from "../../shared/head";
import { spellMethod } from "../../shared/method";
import { titleTarget } from "../../shared/target";
import { Columns } from "./columns.svelte";
import type { Gallery } from "./gallery.svelte";
import type { Networks } from "./networks.svelte";
import { Picks } from "./picks.svelte";
import { inputDifferences } from "../lib/answers";
import { pickOf, targetOfPick } from "../lib/pick";
import { differences } from "../lib/run-fields";
import { RunSettings } from "./run-settings.svelte";
import { summarizeSeeds, type SeedSummary } from "../../shared/scores";
import type { Place } from "./place.svelte";
import { Scrubber } from "./scrubber.svelte";
import { Selection, type Cell } from "./selection.svelte";
import type { Tile } from "./tile.svelte";
import type { Undo } from "./undo.svelte";

/**
 * What is laid out for comparing. The draft (picks, columns, settings) is what the next run will be;
 * the gallery is what was run last. The grid has the draft's rows and columns, and shows the tiles of the
 * gallery that belong there.
 */
export class Bench {
  readonly picks: Picks;
  readonly columns: Columns;
  readonly settings: RunSettings;
  readonly selection = new Selection();
  readonly scrubber = new Scrubber(() => this.gallery?.kept ?? []);
  gallery = $state.raw<Gallery | null>(null);
  readonly #networks: Networks;

  constructor(networks: Networks, undo: Undo) {
    this.#networks = networks;
    this.picks = new Picks(undo);
    this.columns = new Columns(undo);
    this.settings = new RunSettings(undo);
  }

  /** Pictures the next run would make. */
  readonly pictureCount = $derived.by(
    () =>
      this.picks.list.length * this.columns.list.length * this.settings.seeds,
  );

  /** For each column of the draft the gallery's column, or -1. */
  readonly #galleryColumns = $derived.by(
    () => this.gallery?.columnsFor(this.columns.list) ?? [],
  );

  /** [height, width] of the pictures: of those shown, which another input size leaves as they are, else of the next run's. */
  readonly pictureShape = $derived.by((): readonly [number, number] => {
    const shape = this.gallery?.shape;
    if (shape) return [shape[0], shape[1]];
    const input = this.#networks.current?.input;
    return input ? [input.height, input.width] : [128, 128];
  });

  /** Settings that differ between the pictures shown and the next run, as words. */
  readonly drift = $derived.by(() => {
    if (!this.gallery) return [];
    const { settings, seeds } = this.gallery.request;
    const drift = differences(settings, this.settings.values);
    return seeds === this.settings.seeds
      ? drift
      : [...drift, "number of seeds"];
  });

  /** How the network was fed for the pictures shown, where that is not how it is fed now, as words. */
  readonly otherInput = $derived.by(() => {
    const network = this.#networks.current;
    const { gallery } = this;
    if (!network || gallery?.network !== network.id) return [];
    return inputDifferences(gallery.anyRecord, network);
  });

  /** The paper's eight classes; null where the network has not all of them. */
  readonly paperClasses = $derived.by(() =>
    paperEight(this.#networks.current?.labels ?? []),
  );

  /** The place of a pick under a column of the draft; undefined where it was never run. */
  placeOf(pick: number, column: number): Place | undefined {
    const at = this.#galleryColumns[column] ?? -1;
    return at < 0 ? undefined : this.gallery?.rowOf(pick)?.[at];
  }

  /** The method of the pictures under a column, where it has another one by now; else null. */
  madeWith(column: number): Method | null {
    const draft = this.columns.list[column]?.method;
    const at = this.#galleryColumns[column] ?? -1;
    const made = this.gallery?.request.columns[at]?.method;
    return draft && made && spellMethod(draft) !== spellMethod(made)
      ? made
      : null;
  }

  /** The method of what is shown under a column; undefined where there is no such column. */
  methodShown(column: number): Method | undefined {
    return this.madeWith(column) ?? this.columns.list[column]?.method;
  }

  /** The run shown there: the best of its seeds. */
  tileOf(target: number, column: number): Tile | undefined {
    return this.placeOf(target, column)?.shown;
  }

  /** What a tile of another column is compared with: the first column's run of the same seed. */
  baselineOf(target: number, { place }: Tile): Tile | undefined {
    return this.placeOf(target, 0)?.ofSeed(place.seed);
  }

  /** Spread and win rate over the seeds of a place; null where there is one seed, or nothing stored yet. */
  seedsOf(target: number, column: number): SeedSummary | null {
    const place = this.placeOf(target, column);
    if (!place || place.runs.length < 2) return null;
    const first = column > 0 ? this.placeOf(target, 0) : null;
    return summarizeSeeds(place.courses, first?.courses ?? null);
  }

  tileAt(cell: Cell): Tile | undefined {
    return this.tileOf(
      cell.target,
      this.columns.list.findIndex((c) => c.id === cell.column),
    );
  }

  /** What the output of the open network means, else that of the gallery's. */
  readonly head = $derived.by(
    (): Head =>
      this.#networks.current?.head ??
      this.gallery?.anyRecord?.head ??
      "softmax",
  );

  /** What a row is called, and several. */
  readonly units = $derived(unitWords(this.head));

  /** The name of a pick, with a minus sign in front where it is minimised. */
  labelOf(pick: number): string {
    const target = targetOfPick(pick);
    const known = this.#networks.current?.labels[target.index];
    if (known) return titleTarget(known, target);
    // The network of a gallery out of the library may not be open.
    return (
      this.gallery?.rowOf(pick)?.[0]?.runs[0]?.place.label ??
      titleTarget(`${this.units[0]} ${target.index}`, target)
    );
  }

  /** The picture a tile shows under the scrubber, and its step. */
  shownPicture(tile: Tile) {
    const { step } = this.scrubber;
    const kept = step === null ? null : tile.keptStep(step);
    if (kept !== null && tile.kept?.step === kept)
      return { picture: tile.kept.picture, step: kept, live: false };
    // Until it has come, or while the run is going, the newest stays.
    return { picture: tile.picture, step: tile.pictureStep, live: true };
  }

  /** Puts the ring on a tile by its place in the grid. */
  selectAt(row: number, column: number): void {
    const cell = this.cellAt(row, column);
    if (cell) this.selection.select(cell);
  }

  cellAt(row: number, column: number): Cell | null {
    const target = this.picks.list[row];
    const id = this.columns.list[column]?.id;
    return target === undefined || id === undefined
      ? null
      : { target, column: id };
  }

  /** Drops from the selection what is no longer in the grid. */
  tidySelection(): void {
    this.selection.keep(
      new Set(this.picks.list),
      new Set(this.columns.list.map((c) => c.id)),
    );
  }

  /** What a run asks for; null without a network or a class. */
  request(): GalleryRequest | null {
    const network = this.#networks.current;
    if (!network || this.picks.list.length === 0) return null;
    return {
      targets: this.picks.list.map(targetOfPick),
      columns: this.columns.list.map(({ method }) => ({
        network: network.id,
        method,
      })),
      settings: this.settings.values,
      seeds: this.settings.seeds,
      padBatch: false,
    };
  }

  /** Makes the draft what a request asked for. */
  adopt(request: GalleryRequest): void {
    this.picks.list = [...new Set(request.targets.map(pickOf))];
    this.columns.set(request.columns.map((c) => c.method));
    this.settings.setAll(request.settings);
    this.settings.seeds = request.seeds;
  }

  /** Equal for equal drafts. */
  draftKey(): string {
    return JSON.stringify([
      this.picks.list,
      this.columns.list.map((c) => c.method),
      this.settings.values,
      this.settings.seeds,
    ]);
  }

  /** Shows another gallery, from its newest pictures. */
  show(gallery: Gallery | null): void {
    this.gallery = gallery;
    this.scrubber.goLive();
  }

  /** Remembers draft and gallery; calling what it returns brings them back. */
  snapshot(): () => void {
    const picks = this.picks.list;
    const columns = this.columns.list;
    const { values, seeds } = this.settings;
    const { gallery } = this;
    return () => {
      this.picks.list = picks;
      this.columns.list = columns;
      this.settings.values = values;
      this.settings.seeds = seeds;
      this.show(gallery);
    };
  }
}
