import type { LargeTile } from "../../lib/large";
import { titleMethod } from "../../../shared/method";
import type { Picture } from "../../../shared/pictures";

/** A tile with what is said about it. */
export interface ShownTile {
  readonly tile: LargeTile;
  readonly title: string;
  readonly picture: Picture | null;
  /** The picture is its run's last one: top-1 and probability of the record belong to it. */
  readonly final: boolean;
}

/** `fetched` stands in for a picture that the gallery has put away. */
export function shownTile(
  tile: LargeTile,
  fetched: Picture | null = null,
): ShownTile {
  return {
    tile,
    title: titleMethod(tile.method),
    picture: tile.picture ?? fetched,
    final: tile.record !== null && tile.record.step === tile.step,
  };
}

/** "ReLU", and with the row where tiles of several rows are compared. */
export function nameOf(shown: ShownTile, all: readonly ShownTile[]): string {
  const rows = new Set(all.map((one) => one.tile.row));
  return rows.size > 1 ? `${shown.tile.label}, ${shown.title}` : shown.title;
}
