import {
  courseOf,
  summarizeSeeds,
  type SeededCourse,
} from "../../shared/scores";
import type { Tile } from "./tile.svelte";

/** A place of the grid: the runs of a target under a method, one for each seed. */
export class Place {
  /** By seed, ascending. */
  readonly runs: readonly Tile[];

  constructor(runs: readonly Tile[]) {
    this.runs = runs;
  }

  /** The runs that are in the library. */
  readonly courses = $derived.by((): readonly SeededCourse[] =>
    this.runs.flatMap(({ record, place: { seed } }) =>
      record
        ? [{ ...courseOf(record), seed, stopped: record.state === "cancelled" }]
        : [],
    ),
  );

  /** The run that stands for them: the best of those in the library, else one that is going, else the first. */
  readonly shown = $derived.by((): Tile => {
    const [first] = this.runs;
    if (!first) throw new RangeError("a place without a run");
    if (this.runs.length === 1) return first;
    const stored = this.runs.filter(({ record }) => record !== null);
    const best = summarizeSeeds(this.courses, null)?.best;
    return (
      (best === undefined ? undefined : stored[best]) ??
      this.runs.find(({ condition }) => condition === "running") ??
      this.runs.find(({ picture }) => picture !== null) ??
      first
    );
  });

  ofSeed(seed: number): Tile | undefined {
    return this.runs.find((run) => run.place.seed === seed);
  }
}
