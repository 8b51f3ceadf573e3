/** Computes a gallery: batch by batch, all methods together, every finished run on disk before it is told. */
import { batchesOf } from "../../engine";
import {
  GalleryBatch,
  type Counts,
  type GalleryOptions,
} from "./gallery-batch";
import { columnsByNetwork, type GalleryPlan } from "./gallery-plan";
import { GalleryReport } from "./gallery-report";

export interface GalleryOutcome {
  readonly state: "done" | "cancelled";
  readonly elapsedMs: number;
  /** Runs stored. */
  readonly runs: number;
  readonly failed: number;
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
  const counts: Counts = { runs: 0, failed: 0, cancelled: 0 };
  try {
    for (const part of batches)
      for (const columns of columnsByNetwork(request))
        if (!options.signal.aborted)
          await new GalleryBatch(plan, options, report, counts).run(
            part,
            columns,
          );
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
