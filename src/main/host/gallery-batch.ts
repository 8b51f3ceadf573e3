/** The columns of one network and one batch of targets, moving together. */
import { setTimeout } from "node:timers/promises";
import {
  ascend as engineAscend,
  startImage,
  type Batch,
  type StepCache,
  type TileUpdate,
} from "../../engine";
import type {
  EngineTable,
  FrameHeader,
  GalleryProgress,
} from "../../shared/contract";
import type { RunRecord } from "../../shared/domain";
import { encodeFault, Fault } from "../../shared/fault";
import { toPicture } from "../../shared/pictures";
import { networkOf, type GalleryItem, type GalleryPlan } from "./gallery-plan";
import type { GalleryReport } from "./gallery-report";
import { memoryFault } from "./memory";
import { TileRun } from "./tile-run";

export interface GalleryOptions {
  readonly signal: AbortSignal;
  /** At most ten times a second; together they tell everything. */
  readonly progress: (progress: GalleryProgress) => void;
  /** Somebody who looks on. */
  readonly viewer?: {
    /** Whether a frame of this slot could be shown now. */
    wants(slot: string): boolean;
    frame(
      slot: string,
      header: FrameHeader<EngineTable["gallery.run"]>,
      bytes: Uint8Array,
    ): void;
  };
}

/** What became of tiles so far; batches of a gallery count together. */
export interface Counts {
  /** Runs stored. */
  runs: number;
  failed: number;
  cancelled: number;
}

/** How long the start image's frames get to leave. */
const startMs = 25;
/** Runs stored at a time: a picture is encoded in a thread of its own, and files are few. */
const storedAtOnce = 16;

export class GalleryBatch {
  readonly #plan: GalleryPlan;
  readonly #steps: StepCache;
  readonly #options: GalleryOptions;
  readonly #report: GalleryReport;
  readonly #counts: Counts;
  /** Tiles that have not ended, by slot. */
  readonly #running = new Map<string, TileRun>();

  constructor(
    plan: GalleryPlan,
    steps: StepCache,
    options: GalleryOptions,
    report: GalleryReport,
    counts: Counts,
  ) {
    this.#plan = plan;
    this.#steps = steps;
    this.#options = options;
    this.#report = report;
    this.#counts = counts;
  }

  async run(
    { items, size }: Batch<GalleryItem>,
    columns: readonly number[],
  ): Promise<void> {
    const { record, networks, backend, ascend = engineAscend } = this.#plan;
    const { request } = record;
    const chosen = columns
      .map((column) => request.columns[column])
      .filter((c) => c !== undefined);
    const opened = networkOf(networks, chosen[0]?.network);
    const tiles = new Map<string, TileRun>();
    try {
      for (const [i, { row, target, seed }] of items.entries())
        for (const [j, { method }] of chosen.entries()) {
          const run = await TileRun.begin({
            gallery: record,
            folder: this.#plan.folder,
            tile: { row, column: columns[j] ?? j, seed },
            target,
            method,
            batch: size,
            network: opened,
            backend: backend.status,
          });
          tiles.set(`${i} ${j}`, run);
          this.#running.set(run.slot, run);
        }
      await this.#showStart(tiles.values(), opened.network.input);
      const steps = ascend(
        {
          network: opened.network,
          targets: items.map(({ target }) => target),
          seeds: items.map(({ seed }) => request.settings.seed + seed),
          methods: chosen.map(({ method }) => method),
          settings: { ...request.settings, batch: size },
          runtime: backend.runtime,
          steps: this.#steps,
        },
        { signal: this.#options.signal },
      );
      for await (const updates of steps) {
        await this.#step(
          updates.flatMap((update) => {
            const run = tiles.get(`${update.row} ${update.column}`);
            return run ? [{ run, update }] : [];
          }),
        );
        this.#report.flush();
      }
    } catch (error) {
      const fault = memoryFault(error, size);
      for (const run of this.#running.values())
        this.#fail(run, Math.max(0, run.scored - 1), fault);
      throw fault;
    } finally {
      for (const run of this.#running.values()) await run.discard();
    }
  }

  async #step(
    steps: readonly { run: TileRun; update: TileUpdate }[],
  ): Promise<void> {
    const ended: { run: TileRun; update: TileUpdate }[] = [];
    for (const { run, update } of steps) {
      if (update.step > 0) this.#report.did(1);
      this.#show(run, update);
      await run.take(update);
      if (update.state === "running") this.#tell(run, update, null);
      else ended.push({ run, update });
    }
    ended.sort(
      (a, b) =>
        a.run.plan.tile.row - b.run.plan.tile.row ||
        a.run.plan.tile.seed - b.run.plan.tile.seed ||
        a.run.plan.tile.column - b.run.plan.tile.column,
    );
    for (let i = 0; i < ended.length; i += storedAtOnce) {
      const group = ended.slice(i, i + storedAtOnce);
      const stored = await Promise.allSettled(
        group.map(({ run, update }) => this.#store(run, update)),
      );
      // told in the tiles' order, and all that is stored before a fault is thrown
      for (const [j, { run, update }] of group.entries())
        if (stored[j]?.status === "fulfilled")
          this.#end(run, update, stored[j].value);
      for (const outcome of stored)
        if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  /** The record of a run that is on disk now; null for one that failed and leaves nothing. */
  async #store(run: TileRun, update: TileUpdate): Promise<RunRecord | null> {
    if (update.state === "failed" || update.state === "running") {
      await run.discard();
      return null;
    }
    this.#plan.check?.();
    return run.finish(update, update.state);
  }

  #end(run: TileRun, update: TileUpdate, record: RunRecord | null): void {
    const { steps } = this.#plan.record.request.settings;
    this.#running.delete(run.slot);
    if (record) {
      this.#counts.runs += 1;
      if (record.state === "cancelled") this.#counts.cancelled += 1;
      this.#tell(run, update, record);
    } else {
      const fault = update.fault ?? new Fault("internal", "The run failed.");
      this.#fail(run, update.step, fault);
    }
    this.#report.dropped(steps - update.step);
  }

  #tell(run: TileRun, update: TileUpdate, record: RunRecord | null): void {
    this.#report.tile({
      tile: run.plan.tile,
      state: update.state,
      step: update.step,
      from: update.step,
      score: update.score,
      top1: run.top1(update),
      record,
      fault: null,
    });
  }

  #fail(run: TileRun, step: number, fault: unknown): void {
    this.#counts.failed += 1;
    this.#report.tile({
      tile: run.plan.tile,
      state: "failed",
      step,
      from: run.scored,
      score: null,
      top1: null,
      record: null,
      fault: encodeFault(fault),
    });
  }

  /** The start of every tile, at once: compiling the first step takes some tenths of a second a method. */
  async #showStart(
    runs: Iterable<TileRun>,
    input: readonly [number, number, number],
  ): Promise<void> {
    const { viewer } = this.#options;
    if (!viewer) return;
    const { startNoise } = this.#plan.record.request.settings;
    const starts = new Map<number, Int16Array>();
    for (const run of runs) {
      const start = () =>
        toPicture(input, startImage(input, startNoise, run.seed)).values;
      const values = starts.get(run.seed) ?? start();
      starts.set(run.seed, values);
      viewer.frame(
        run.slot,
        { tile: run.plan.tile, step: 0, shape: [...input] },
        new Uint8Array(values.buffer),
      );
      run.wasShown();
    }
    // the bytes leave between native calls only, and the first one is long
    await setTimeout(startMs);
  }

  #show(run: TileRun, update: TileUpdate): void {
    const { viewer } = this.#options;
    if (!viewer || !run.frameDue(update, () => viewer.wants(run.slot))) return;
    const { input } = run.plan.network.network;
    const { values } = toPicture(input, update.image());
    viewer.frame(
      run.slot,
      { tile: run.plan.tile, step: update.step, shape: [...input] },
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }
}
