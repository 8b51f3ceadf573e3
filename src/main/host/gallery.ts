/** Computes a gallery: batch by batch, all methods together, every finished run on disk before it is told. */
import { StepCache, type Batch } from "../../engine";
import {
  GalleryBatch,
  type Counts,
  type GalleryOptions,
} from "./gallery-batch";
import {
  columnsByNetwork,
  galleryBatches,
  type GalleryItem,
  type GalleryPlan,
} from "./gallery-plan";
import { GalleryReport } from "./gallery-report";
import { runIdIn } from "./run-id";

export interface GalleryOutcome {
  readonly state: "done" | "cancelled";
  readonly elapsedMs: number;
  /** Runs stored. */
  readonly runs: number;
  readonly failed: number;
  /** Steps compiled for it; a batch whose step was kept from before needs none. */
  readonly compiled: number;
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
  const batches = galleryBatches(request, shard);
  const groups = columnsByNetwork(request);
  const work = batches.flatMap((batch) =>
    groups
      .filter((columns) => !isFinished(plan, batch, columns))
      .map((columns) => ({ batch, columns })),
  );
  const tiles = work.reduce(
    (sum, { batch, columns }) => sum + batch.items.length * columns.length,
    0,
  );
  const total = tiles * request.settings.steps;
  const report = new GalleryReport(id, total, options.progress);
  const counts: Counts = { runs: 0, failed: 0, cancelled: 0 };
  const steps = plan.steps ?? new StepCache(plan.backend.runtime);
  const before = steps.compiled;
  // the columns of each network take turns, batch by batch
  const unreserve = steps.reserve(groups.length);
  try {
    for (const { batch, columns } of work)
      if (!options.signal.aborted)
        await new GalleryBatch(plan, steps, options, report, counts).run(
          batch,
          columns,
        );
  } finally {
    unreserve();
    report.flush(true);
  }
  const complete =
    counts.cancelled === 0 && counts.runs + counts.failed === tiles;
  return {
    state: complete ? "done" : "cancelled",
    elapsedMs: report.elapsedMs,
    runs: counts.runs,
    failed: counts.failed,
    compiled: steps.compiled - before,
  };
}

/** Whether all runs of a batch under columns are there. */
function isFinished(
  { finished, record: { request } }: GalleryPlan,
  { items }: Batch<GalleryItem>,
  columns: readonly number[],
): boolean {
  return (
    finished !== undefined &&
    items.every(({ target, seed }) =>
      columns.every((column) =>
        finished.has(runIdIn(request, { target, column, seed })),
      ),
    )
  );
}
