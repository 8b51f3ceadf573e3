import type { LargeTile } from "../../lib/large";
import { titleMethod } from "../../../shared/method";
import { courseOf, scoreAt, type Score } from "../../../shared/scores";
import type { Picture } from "../../../shared/pictures";

/** A tile at the step that is looked at. */
export interface ShownTile {
  readonly tile: LargeTile;
  readonly title: string;
  readonly picture: Picture | null;
  readonly step: number;
  readonly score: Score | null;
  /** The picture is its run's last one: top-1 and probability of the record belong to it. */
  readonly final: boolean;
}

/** A picture out of the library, and the updates done on it. */
export interface KeptPicture {
  readonly step: number;
  readonly picture: Picture;
}

/** `kept`: the picture to show instead of the one the gallery holds. */
export function shownTile(
  tile: LargeTile,
  kept: KeptPicture | null = null,
): ShownTile {
  const step = kept?.step ?? tile.step;
  return {
    tile,
    title: titleMethod(tile.method),
    picture: kept?.picture ?? tile.picture,
    step,
    score:
      kept && tile.record
        ? scoreAt(courseOf(tile.record), kept.step)
        : tile.score,
    final: tile.record !== null && tile.record.step === step,
  };
}

/**
 * The step whose picture has to come from the library; null where the gallery holds what is looked at,
 * or nothing is in the library yet. `scrubbed` is the scrubber's step, null for the last one.
 */
export function missingStep(
  tile: LargeTile,
  scrubbed: number | null,
): number | null {
  const { record } = tile;
  if (!record) return null;
  const wanted =
    scrubbed === null ? record.step : keptAt(record.kept, scrubbed);
  return tile.picture && tile.step === wanted ? null : wanted;
}

/** The nearest kept step at or before `step`, the first where none is. */
function keptAt(kept: readonly number[], step: number): number | null {
  return kept.findLast((one) => one <= step) ?? kept[0] ?? null;
}

/** "ReLU", and with the row where tiles of several rows are compared. */
export function nameOf(shown: ShownTile, all: readonly ShownTile[]): string {
  const rows = new Set(all.map((one) => one.tile.row));
  return rows.size > 1 ? `${shown.tile.label}, ${shown.title}` : shown.title;
}
