import type { Method, RunRecord } from "../../shared/domain";
import type { Score } from "../../shared/scores";
import type { Picture } from "../../shared/pictures";

/** Which run of several seeds is looked at. */
export interface SeedChoice {
  readonly seed: number;
  /** Counted from 1. */
  readonly place: number;
  readonly count: number;
  /** Whether it is the best of them. */
  readonly best: boolean;
  /** Looks at the next or the previous one; from the last on at the first. */
  go(by: -1 | 1): void;
}

/** A tile as the large view sees it. */
export interface LargeTile {
  /** Stable while the same picture of the same run is meant. */
  readonly key: string;
  /** Place in the grid, counted from 0. */
  readonly row: number;
  readonly column: number;
  readonly label: string;
  readonly method: Method;
  /** Score of the picture shown, in the original network, with its spread where it has one. */
  readonly score: Score | null;
  /** The seed shown, of those there are; null where there is one. */
  readonly seeds: SeedChoice | null;
  /** Updates done on the picture shown. */
  readonly step: number;
  /** Null while there is none, or while it is being fetched. */
  readonly picture: Picture | null;
  /** Null before the run is finished. */
  readonly record: RunRecord | null;
}
