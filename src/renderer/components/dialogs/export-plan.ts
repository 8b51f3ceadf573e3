import type {
  Contrast,
  ExportFormat,
  GalleryRecord,
  RunRecord,
} from "../../../shared/domain";

export type ExportScope = "chosen" | "rows" | "all";

export interface ExportPlan {
  readonly format: ExportFormat;
  readonly contrast: Contrast;
  /** Null: every run of the gallery. */
  readonly runs: readonly string[] | null;
}

/** The runs a scope means; null is all of them. `chosen` are ids of runs. */
export function runsOf(
  scope: ExportScope,
  runs: readonly RunRecord[],
  chosen: readonly string[],
): readonly string[] | null {
  if (scope === "all") return null;
  if (scope === "chosen") return chosen;
  const rows = new Set(
    runs.filter((run) => chosen.includes(run.id)).map((run) => run.tile.row),
  );
  return runs.filter((run) => rows.has(run.tile.row)).map((run) => run.id);
}

/** A file name to begin with: what is in it, and when it was made. */
export function suggestName(
  gallery: GalleryRecord,
  runs: readonly RunRecord[],
  count: number,
): string {
  const network = runs[0]?.network.name ?? "gallery";
  const labels = new Set(runs.map((run) => run.label));
  const [only] = labels;
  const what =
    labels.size === 1 && only !== undefined ? only : `${count} pictures`;
  return `${network}, ${what}, ${gallery.createdAt.slice(0, 10)}`.slice(0, 200);
}
