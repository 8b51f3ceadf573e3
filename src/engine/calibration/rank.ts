/** Which of several trials is best. */
import type { Recipe } from "../../shared/recipe";

/** What a trial came to after so many updates. */
export interface Measured {
  readonly recipe: Recipe;
  readonly steps: number;
  /** Held-out score of each class. */
  readonly heldOut: readonly number[];
  /** Share of values beyond |x| = 0.99, over all classes. */
  readonly saturated: number;
}

/**
 * Scores that differ by less of the best are equal: neither the last bits of a sum nor a little more of a score may
 * outweigh the smoother recipe, which comes first.
 */
const tolerance = 0.01;

/**
 * Indices of the trials, best first: those that saturate little before those that saturate more than
 * `mostSaturated`, the former by score, the latter by saturation. A score is the mean over classes of the rise above
 * `base`, the held-out score of the start, relative to the highest rise of any trial; of equal scores the earlier
 * trial is better. Null where no class rises.
 */
export function rank(
  trials: readonly Measured[],
  base: readonly number[],
  mostSaturated: number,
): number[] | null {
  const rises = base.map((from, at) =>
    Math.max(...trials.map(({ heldOut }) => finite((heldOut[at] ?? 0) - from))),
  );
  const rising = [...rises.keys()].filter((at) => (rises[at] ?? 0) > 0);
  if (rising.length === 0) return null;
  const scores = trials.map(({ heldOut }) => {
    const relative = rising.map(
      (at) => ((heldOut[at] ?? NaN) - (base[at] ?? 0)) / (rises[at] ?? 1),
    );
    return relative.reduce((a, b) => a + b, 0) / rising.length;
  });
  const order: number[] = [];
  const left = new Set(
    [...trials.keys()].filter((i) => Number.isFinite(scores[i])),
  );
  while (left.size > 0) {
    const next = bestOf([...left], trials, scores, mostSaturated);
    left.delete(next);
    order.push(next);
  }
  return order.length > 0 ? order : null;
}

function bestOf(
  left: readonly number[],
  trials: readonly Measured[],
  scores: readonly number[],
  mostSaturated: number,
): number {
  const saturated = (i: number) => trials[i]?.saturated ?? 1;
  const clear = left.filter((i) => saturated(i) <= mostSaturated);
  const [value, among] =
    clear.length > 0
      ? [(i: number) => scores[i] ?? 0, clear]
      : [(i: number) => -saturated(i), left];
  const best = Math.max(...among.map(value));
  return among.find((i) => value(i) >= best - tolerance) ?? 0;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : -Infinity;
}
