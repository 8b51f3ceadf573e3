import type { GalleryProgress } from "../../shared/contract";
import type {
  GalleryRecord,
  GalleryRequest,
  Method,
  RunRecord,
  TileRef,
} from "../../shared/domain";
import { encodeFault, type FaultData } from "../../shared/fault";
import { spellMethod } from "../../shared/method";
import { titleTarget } from "../../shared/target";
import { pickOf } from "../lib/pick";
import type { ColumnDraft } from "./columns.svelte";
import type { Picture } from "../../shared/pictures";
import { lasting } from "./lasting.svelte";
import { Place } from "./place.svelte";
import { Tile } from "./tile.svelte";

export type GalleryState = "running" | "done" | "cancelled" | "failed" | "lost";

/** Pictures of tiles out of sight are put away beyond this; they are in the library. */
const pictureBudget = 192 * 1024 * 1024;

/** The tiles of one run of everything, or of one opened from the library. */
export class Gallery {
  /** Known with the first progress. */
  id = $state<string | null>(null);
  state = $state<GalleryState>("running");
  fault = $state.raw<FaultData | null>(null);
  imageSteps = $state(0);
  imageStepsTotal = $state(0);
  /** Image-steps a second; null before it can be told. */
  rate = $state<number | null>(null);
  elapsedMs = $state(0);
  /** Tiles that are in the library, or never will be. */
  finished = $state(0);
  /** Steps that any of the finished runs kept, ascending. */
  kept = $state.raw<readonly number[]>([]);
  /** [height, width, channel] of its pictures; null before the first one. */
  shape = $state.raw<Picture["shape"] | null>(null);
  /** The stop was asked for and is on its way. */
  stopping = $state(false);
  readonly request: GalleryRequest;
  readonly labels: readonly string[];
  /** By row and column. */
  readonly places: readonly (readonly Place[])[];
  /** Rows by pick. */
  readonly #rows = new Map<number, number>();
  /** Tiles that hold a picture, oldest first. */
  readonly #pictured = new Set<Tile>();
  #pictureBytes = 0;

  constructor(request: GalleryRequest, labels: readonly string[]) {
    this.request = request;
    this.labels = labels;
    const seeds = Array.from(
      { length: request.seeds },
      (_, index) => request.settings.seed + index,
    );
    this.places = lasting(() =>
      request.targets.map((target, row) =>
        request.columns.map(({ method }, column) => {
          const label = titleTarget(
            labels[row] ?? String(target.index),
            target,
          );
          const place = { row, column, target, method, label };
          return new Place(seeds.map((seed) => new Tile({ ...place, seed })));
        }),
      ),
    );
    request.targets.forEach((target, row) => {
      const pick = pickOf(target);
      if (!this.#rows.has(pick)) this.#rows.set(pick, row);
    });
    this.imageStepsTotal = this.size * request.settings.steps;
  }

  /** A gallery out of the library. */
  static of(record: GalleryRecord, runs: readonly RunRecord[]): Gallery {
    const gallery = new Gallery(record.request, record.labels);
    gallery.id = record.id;
    gallery.shape = runs[0]?.shape ?? null;
    for (const run of runs) {
      const tile = gallery.at(run.tile);
      if (!tile) continue;
      tile.settle(run);
      gallery.#count(tile);
    }
    for (const tile of gallery.runs()) tile.abandon("cancelled", null);
    gallery.state = runs.some((run) => run.state === "cancelled")
      ? "cancelled"
      : "done";
    gallery.elapsedMs = Math.max(0, ...runs.map((run) => run.elapsedMs));
    return gallery;
  }

  get network(): string {
    return this.request.columns[0]?.network ?? "";
  }

  /** One of its records; null before there is one. */
  get anyRecord(): RunRecord | null {
    for (const { record } of this.runs()) if (record) return record;
    return null;
  }

  /** What its records call the network; null before there is one. */
  get networkName(): string | null {
    return this.anyRecord?.network.name ?? null;
  }

  /** Runs of all its places and seeds. */
  get size(): number {
    const { targets, columns, seeds } = this.request;
    return targets.length * columns.length * seeds;
  }

  *runs(): Generator<Tile, void, void> {
    for (const row of this.places) for (const { runs } of row) yield* runs;
  }

  /** The runs shown, by row and column: the best of their seeds. */
  get tiles(): readonly (readonly Tile[])[] {
    return this.places.map((row) => row.map(({ shown }) => shown));
  }

  /** Milliseconds to go at the present rate; null where it cannot be told. */
  get remainingMs(): number | null {
    if (this.rate === null || this.rate <= 0) return null;
    return ((this.imageStepsTotal - this.imageSteps) / this.rate) * 1000;
  }

  at({ row, column, seed }: TileRef): Tile | undefined {
    return this.places[row]?.[column]?.runs[seed];
  }

  /** The row of a pick; undefined where the gallery has none. */
  rowOf(pick: number): readonly Place[] | undefined {
    const row = this.#rows.get(pick);
    return row === undefined ? undefined : this.places[row];
  }

  /**
   * For each column of a draft the column that shows it, or -1; equal ones in turn. A column whose method was changed
   * since keeps the pictures of the method it had, where no other column shows those.
   */
  columnsFor(drafts: readonly ColumnDraft[]): number[] {
    const names = this.request.columns.map((c) => spellMethod(c.method));
    const used = new Set<number>();
    const take = (method: Method): number => {
      const name = spellMethod(method);
      const fresh = names.findIndex((n, i) => n === name && !used.has(i));
      if (fresh >= 0) used.add(fresh);
      return fresh;
    };
    const exact = drafts.map(({ method }) => {
      const fresh = take(method);
      return fresh >= 0 ? fresh : names.indexOf(spellMethod(method));
    });
    return exact.map((at, place) => {
      if (at >= 0) return at;
      for (const method of drafts[place]?.earlier ?? []) {
        const fresh = take(method);
        if (fresh >= 0) return fresh;
      }
      return -1;
    });
  }

  follow(progress: GalleryProgress): void {
    this.id = progress.gallery;
    this.imageSteps = progress.imageSteps;
    this.imageStepsTotal = progress.imageStepsTotal;
    this.rate = progress.rate;
    this.elapsedMs = progress.elapsedMs;
    for (const change of progress.tiles) {
      const tile = this.at(change.tile);
      if (!tile) continue;
      const before = tile.unfinished;
      tile.follow(change);
      if (before && !tile.unfinished) this.#count(tile);
    }
  }

  /** The run is over; tiles that have no end of their own get one. */
  finish(state: "done" | "cancelled", elapsedMs: number): void {
    this.state = state;
    this.elapsedMs = elapsedMs;
    this.stopping = false;
    this.#abandon("cancelled", null);
  }

  /** The run broke off. */
  fail(error: unknown): void {
    const fault = encodeFault(error);
    const lost = fault.code === "engine-gone";
    this.state = lost ? "lost" : "failed";
    this.fault = fault;
    this.stopping = false;
    this.#abandon(lost ? "lost" : "failed", fault);
  }

  /** A picture has come for a tile: makes room where too many are held. */
  hold(tile: Tile, bytes: number): void {
    this.shape ??= tile.picture?.shape ?? null;
    if (!this.#pictured.has(tile)) this.#pictureBytes += bytes;
    this.#pictured.delete(tile);
    this.#pictured.add(tile);
    for (const oldest of this.#pictured) {
      if (this.#pictureBytes <= pictureBudget) break;
      // What is in sight stays, and so does what could not be fetched again.
      if (oldest.watchers > 0 || !oldest.record) continue;
      this.#pictureBytes -= oldest.picture?.values.byteLength ?? 0;
      oldest.picture = null;
      oldest.kept = null;
      this.#pictured.delete(oldest);
    }
  }

  #count(tile: Tile): void {
    this.finished++;
    const kept = tile.record?.kept ?? [];
    if (kept.every((step) => this.kept.includes(step))) return;
    this.kept = [...new Set([...this.kept, ...kept])].toSorted((a, b) => a - b);
  }

  #abandon(
    condition: "lost" | "failed" | "cancelled",
    fault: FaultData | null,
  ): void {
    for (const tile of this.runs())
      if (tile.unfinished) {
        tile.abandon(condition, fault);
        this.finished++;
      }
  }
}
