/** Computes a gallery: batch by batch, all methods together, every finished run on disk before it is told. */
import {
  ascend as engineAscend,
  batchesOf,
  checkTarget,
  type TileUpdate,
} from "../../engine";
import type {
  EngineTable,
  FrameHeader,
  GalleryProgress,
} from "../../shared/contract";
import type {
  GalleryRecord,
  GalleryRequest,
  RunRecord,
  Shard,
  Target,
} from "../../shared/domain";
import { encodeFault, Fault } from "../../shared/fault";
import { toPicture } from "../../shared/pictures";
import type { Backend } from "./backend";
import { GalleryReport } from "./gallery-report";
import { memoryFault } from "./memory";
import type { OpenedNetwork } from "./networks";
import { labelsOf } from "./summary";
import { TileRun } from "./tile-run";

type Networks = ReadonlyMap<string, OpenedNetwork>;

export interface GalleryPlan {
  readonly record: GalleryRecord;
  /** The gallery's folder; it exists, with the record in it. */
  readonly folder: string;
  /** Every column's network, by the column's reference. */
  readonly networks: Networks;
  readonly backend: Backend;
  /** The engine's, unless a test brings its own. */
  readonly ascend?: typeof engineAscend;
}

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

export interface GalleryOutcome {
  readonly state: "done" | "cancelled";
  readonly elapsedMs: number;
  /** Runs stored. */
  readonly runs: number;
  readonly failed: number;
}

/** Checks a request against its networks and makes the gallery's record. Throws `invalid-request`. */
export function planGallery(
  id: string,
  request: GalleryRequest,
  networks: Networks,
  { status }: Pick<Backend, "status">,
  shard: Shard | null = null,
): GalleryRecord {
  const { targets, columns, settings } = request;
  const seen = new Set<number>();
  for (const { index } of targets) {
    if (seen.has(index))
      throw new Fault(
        "invalid-request",
        `The class ${index} is asked for twice.`,
      );
    seen.add(index);
  }
  if (!status.precisions.includes(settings.precision))
    throw new Fault(
      "invalid-request",
      `${settings.precision} is not available on ${status.title}.`,
      `Use ${status.precisions.join(" or ")}.`,
    );
  for (const { network } of columns)
    for (const target of targets)
      checkTarget(networkOf(networks, network).network, target);
  const labels = labelsOf(networkOf(networks, columns[0]?.network).network);
  return {
    format: "proxima-gallery",
    version: 1,
    id,
    createdAt: new Date().toISOString(),
    request,
    labels: targets.map(({ index }) => labels[index] ?? ""),
    shard,
  };
}

/**
 * Runs what a record asks for, of a shard only its batches. A cancel is seen within a step: running tiles
 * become `cancelled` and are stored with their picture, waiting ones stay waiting. A tile that fails says so
 * in its progress; only what stops everything (a full disk, no memory) is thrown, with all that finished stored.
 */
export async function runGallery(
  plan: GalleryPlan,
  options: GalleryOptions,
): Promise<GalleryOutcome> {
  const { request, shard, id } = plan.record;
  const { steps, batch } = request.settings;
  const batches = batchesOf(request.targets, batch, shard);
  const targets = batches.reduce((sum, b) => sum + b.targets.length, 0);
  const tiles = targets * request.columns.length;
  const report = new GalleryReport(id, tiles * steps, options.progress);
  const counts = { runs: 0, failed: 0, cancelled: 0 };
  try {
    for (const part of batches)
      for (const columns of columnsByNetwork(request))
        if (!options.signal.aborted)
          await new Batch(plan, options, report, counts).run(part, columns);
  } finally {
    report.flush(true);
  }
  const complete =
    counts.cancelled === 0 && counts.runs + counts.failed === tiles;
  return {
    state: complete ? "done" : "cancelled",
    elapsedMs: report.elapsedMs,
    runs: counts.runs,
    failed: counts.failed,
  };
}

/** Runs stored at a time: a picture is encoded in a thread of its own, and files are few. */
const storedAtOnce = 16;

/** The columns of one network and one batch of targets, moving together. */
class Batch {
  readonly #plan: GalleryPlan;
  readonly #options: GalleryOptions;
  readonly #report: GalleryReport;
  readonly #counts: { runs: number; failed: number; cancelled: number };
  /** Tiles that have not ended, by slot. */
  readonly #running = new Map<string, TileRun>();

  constructor(
    plan: GalleryPlan,
    options: GalleryOptions,
    report: GalleryReport,
    counts: { runs: number; failed: number; cancelled: number },
  ) {
    this.#plan = plan;
    this.#options = options;
    this.#report = report;
    this.#counts = counts;
  }

  async run(
    { first, targets }: { first: number; targets: readonly Target[] },
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
      for (const [i, target] of targets.entries())
        for (const [j, { method }] of chosen.entries()) {
          const run = await TileRun.begin({
            gallery: record,
            folder: this.#plan.folder,
            tile: { row: first + i, column: columns[j] ?? j },
            target,
            method,
            network: opened,
            backend: backend.status,
          });
          tiles.set(`${i} ${j}`, run);
          this.#running.set(run.slot, run);
        }
      const steps = ascend(
        {
          network: opened.network,
          targets,
          methods: chosen.map(({ method }) => method),
          settings: request.settings,
          runtime: backend.runtime,
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
      const fault = memoryFault(error, request.settings.batch);
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
      top1: isTop(update.logits(), run.plan.target.index),
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

/** Indices of the columns that share a network, group by group in the order of their first. */
function columnsByNetwork({ columns }: GalleryRequest): number[][] {
  const groups = new Map<string, number[]>();
  for (const [index, { network }] of columns.entries())
    groups.set(network, [...(groups.get(network) ?? []), index]);
  return [...groups.values()];
}

function networkOf(networks: Networks, ref: string | undefined): OpenedNetwork {
  const opened = networks.get(ref ?? "");
  if (!opened)
    throw new Fault("unknown-network", `The network "${ref}" is not open.`);
  return opened;
}

function isTop(logits: Float32Array, index: number): boolean {
  const value = logits[index] ?? -Infinity;
  return logits.every(
    (other, i) => other < value || (other === value && i >= index),
  );
}
