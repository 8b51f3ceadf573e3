/** Finds how images climb best in a network, by letting some climb. */
import type { Fixed, Recipe } from "../../shared/recipe";
import type { Network } from "../network/network";
import type { NativeRuntime } from "../step/runtime";
import { Climbs, saturation, type Trial } from "./climbs";
import { planFor, type Round } from "./plan";
import { rank, type Measured } from "./rank";

export interface CalibrationRequest {
  readonly network: Network;
  readonly runtime: NativeRuntime;
  /** Indices of classes to choose from, the best known first; a few of them climb, evenly spread over the list. */
  readonly classes: readonly number[];
  /** Largest number of images in one native call. */
  readonly batch: number;
  /** Numbers that are given; only the others are measured. */
  readonly fixed?: Fixed;
}

export interface CalibrationOptions {
  readonly signal: AbortSignal;
  /** Image-steps done and to do. */
  readonly progress?: (done: number, total: number) => void;
}

export interface Calibration {
  readonly recipe: Recipe;
  /** Of the last round, in the plan's order. */
  readonly finalists: readonly Measured[];
}

/**
 * Short ascents of a few classes under a fixed list of recipes, in rounds: after each the best stay and climb on. What
 * counts is the held-out score, relative to the best of the round and class by class, among recipes whose pictures do
 * not saturate. No clock and no random number decides: the same network on the same machine gives the same recipe.
 *
 * Null where nothing can be told: no class's score rises, or scores are no finite numbers.
 * Rejects with the signal's reason once that is aborted, which is seen at every step.
 */
export async function calibrate(
  { network, runtime, classes, batch, fixed = {} }: CalibrationRequest,
  { signal, progress = () => undefined }: CalibrationOptions,
): Promise<Calibration | null> {
  const plan = planFor(network, fixed);
  const chosen = spread(classes, Math.min(plan.targets, batch));
  const total = imageSteps(plan.trials.length, plan.rounds) * chosen.length;
  let done = 0;
  const did = (imageSteps: number) => {
    done += imageSteps;
    progress(done, total);
  };
  const climbs = new Climbs({
    network,
    runtime,
    classes: chosen,
    // no larger than it can be filled
    batch: Math.min(batch, plan.trials.length * chosen.length),
  });
  try {
    let trials: readonly Trial[] = plan.trials.map((recipe) =>
      climbs.begin(recipe),
    );
    let finalists: readonly Measured[] = [];
    const { images: start } = climbs.begin(plan.trials[0] ?? never());
    for (const { steps, keep, views } of plan.rounds) {
      await climbs.advance(trials, steps, { signal, did });
      const base = climbs.heldOut(start, views);
      finalists = trials.map(({ recipe, images }) => {
        signal.throwIfAborted();
        const heldOut = climbs.heldOut(images, views);
        return { recipe, steps, heldOut, saturated: saturation(images) };
      });
      const best = rank(finalists, base, plan.mostSaturated);
      if (!best) return null;
      const staying = best.slice(0, keep).sort((a, b) => a - b);
      trials = trials.filter((_, i) => staying.includes(i));
    }
    const recipe = trials[0]?.recipe;
    return recipe ? { recipe, finalists } : null;
  } finally {
    climbs.dispose();
  }
}

/** Image-steps of one class. */
function imageSteps(trials: number, rounds: readonly Round[]): number {
  let left = trials;
  let before = 0;
  let sum = 0;
  for (const { steps, keep } of rounds) {
    sum += left * (steps - before);
    before = steps;
    left = Math.min(left, keep);
  }
  return sum;
}

/** `count` of a list, evenly spread, the first among them; all of a shorter one. */
function spread(list: readonly number[], count: number): number[] {
  const taken = Math.max(1, Math.min(count, list.length));
  return Array.from(
    { length: taken },
    (_, i) => list[Math.floor((i * list.length) / taken)] ?? 0,
  );
}

function never(): never {
  throw new RangeError("a plan has trials");
}
