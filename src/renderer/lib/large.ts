import type { Method, RunRecord } from "../../shared/domain";
import type { Picture } from "../../shared/pictures";

/** A tile as the large view sees it. */
export interface LargeTile {
  /** Stable while the same picture of the same run is meant. */
  readonly key: string;
  /** Place in the grid, counted from 0. */
  readonly row: number;
  readonly column: number;
  readonly label: string;
  readonly method: Method;
  /** Score of the picture shown, in the original network. */
  readonly score: number | null;
  /** Updates done on the picture shown. */
  readonly step: number;
  /** Null while there is none, or while it is being fetched. */
  readonly picture: Picture | null;
  /** Null before the run is finished. */
  readonly record: RunRecord | null;
}
