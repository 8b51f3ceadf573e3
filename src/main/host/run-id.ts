/** What a run's folder is called, and where a run stands. */
import type {
  GalleryRequest,
  Method,
  RunRecord,
  Target,
} from "../../shared/domain";
import { spellMethod } from "../../shared/method";
import { nameTarget } from "../../shared/target";

/** The name of a run's folder: target ("minus5" where it is minimised), column counted from 1, method, and the seed where a gallery has several. */
export function runId(
  target: Target,
  column: number,
  method: Method,
  seed: number | null,
): string {
  const name = `${nameTarget(target)}-${column + 1}-${spellMethod(method).replaceAll(":", "-")}`;
  return seed === null ? name : `${name}-s${seed}`;
}

/** The same for a place of a request; `seed` counts the request's seeds from 0. */
export function runIdIn(
  { columns, settings, seeds }: GalleryRequest,
  {
    target,
    column,
    seed,
  }: {
    readonly target: Target;
    readonly column: number;
    readonly seed: number;
  },
): string {
  const method = columns[column]?.method;
  if (!method) throw new RangeError(`no column ${column}`);
  return runId(target, column, method, seeds > 1 ? settings.seed + seed : null);
}

/** By row, then column, then seed. */
export function byTile(
  { tile: a }: Pick<RunRecord, "tile">,
  { tile: b }: Pick<RunRecord, "tile">,
): number {
  return a.row - b.row || a.column - b.column || a.seed - b.seed;
}
