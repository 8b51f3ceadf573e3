/** Which recipes a calibration tries and how long: fixed by the network's shapes and by what is given, not a clock. */
import { twoDigits, type Fixed, type Recipe } from "../../shared/recipe";
import type { Network } from "../network/network";
import { workOf } from "./work";

/** Steps of a run with a measured recipe. */
export const measuredSteps = 240;

/** Of every trial: rarer rotations leave pictures to saturate in between. */
const rotateProbability = 0.3;

/** One round: every recipe that is left climbs to so many steps, and the best of them stay. */
export interface Round {
  readonly steps: number;
  readonly keep: number;
  /** Views a picture is scored on. */
  readonly views: number;
}

export interface Plan {
  /** In the order of preference among equals. */
  readonly trials: readonly Recipe[];
  /** Classes that climb under every recipe. */
  readonly targets: number;
  readonly rounds: readonly Round[];
  /** Largest share of values beyond |x| = 0.99 after the last round. */
  readonly mostSaturated: number;
}

/** How pictures are kept smooth: a blur, relative to the usual one, and rotations, whose interpolation blurs too. */
interface Manner {
  readonly blur: number;
  /** Degrees. */
  readonly rotate: number;
}

interface Extent extends Omit<Plan, "trials"> {
  /** Step sizes, relative to sqrt(height x width x channels). */
  readonly steps: readonly number[];
  /** Smoother ones come first. */
  readonly manners: readonly Manner[];
  /** Taken where a step of the network costs at most so many multiply-adds: {@link workOf}. */
  readonly mostWork: number;
}

/**
 * Each costs about 1.2e11 multiply-adds at its `mostWork`, some four seconds on two cores; a large vision transformer more.
 * A small network is measured over whole runs, a large one over their beginning: a longer run saturates more, so less
 * is allowed there. A picture is at its best, and saturates most, a while after it was rotated last: longer rounds end
 * where seed 1 rotated as long ago as at step 240.
 */
const extents: readonly Extent[] = [
  {
    mostWork: 1.4e7,
    steps: [0.03, 0.06, 0.085, 0.12, 0.17, 0.24],
    manners: [
      { blur: 2, rotate: 6 },
      { blur: 1.4, rotate: 6 },
      { blur: 1, rotate: 12 },
      { blur: 1, rotate: 6 },
    ],
    targets: 4,
    rounds: [
      { steps: 39, keep: 6, views: 16 },
      { steps: 119, keep: 3, views: 32 },
      { steps: measuredSteps, keep: 1, views: 32 },
    ],
    mostSaturated: 0.19,
  },
  {
    mostWork: 2.8e7,
    steps: [0.03, 0.06, 0.12, 0.17, 0.24],
    manners: [
      { blur: 2, rotate: 6 },
      { blur: 1.4, rotate: 6 },
      { blur: 1, rotate: 6 },
    ],
    targets: 4,
    rounds: [
      { steps: 39, keep: 4, views: 16 },
      { steps: 119, keep: 1, views: 32 },
    ],
    mostSaturated: 0.24,
  },
  {
    mostWork: 1.2e8,
    steps: [0.06, 0.12, 0.17, 0.24],
    manners: [
      { blur: 1.4, rotate: 6 },
      { blur: 1, rotate: 6 },
    ],
    targets: 2,
    rounds: [
      { steps: 24, keep: 4, views: 8 },
      { steps: 57, keep: 1, views: 16 },
    ],
    mostSaturated: 0.22,
  },
  {
    mostWork: 3e9,
    steps: [0.06, 0.12],
    manners: [
      { blur: 1, rotate: 6 },
      { blur: 0.7, rotate: 6 },
    ],
    targets: 2,
    rounds: [{ steps: 16, keep: 1, views: 12 }],
    mostSaturated: 0.12,
  },
  {
    mostWork: Infinity,
    steps: [0.06, 0.12],
    manners: [{ blur: 0.7, rotate: 6 }],
    targets: 1,
    rounds: [{ steps: 12, keep: 1, views: 8 }],
    mostSaturated: 0.08,
  },
];

/** sigma in pixels: 0.3 at 28 px, 0.43 at 128 px, 0.5 at 227 px. */
function usualBlur([height, width]: Network["input"]): number {
  return 0.5 * (Math.sqrt(height * width) / 227) ** 0.25;
}

/** sqrt(height x width x channels): an update of this length changes each value by 1 where all change alike. */
function unitStep([height, width, channels]: Network["input"]): number {
  return Math.sqrt(height * width * channels);
}

/** Where nothing can be measured: the numbers that were in the middle of those measured. */
export function constantRecipe(input: Network["input"]): Recipe {
  return {
    steps: measuredSteps,
    stepSize: twoDigits(0.1 * unitStep(input)),
    blur: twoDigits(usualBlur(input)),
    rotate: 6,
    rotateProbability,
  };
}

export function planFor(network: Network, fixed: Fixed): Plan {
  const work = workOf(network);
  const extent = extents.find(({ mostWork }) => work <= mostWork);
  if (!extent) throw new RangeError("the last extent fits every network");
  const { steps, manners, targets, rounds, mostSaturated } = extent;
  const trials = new Map<string, Recipe>();
  for (const manner of manners)
    for (const step of steps) {
      const trial: Recipe = {
        steps: measuredSteps,
        stepSize: fixed.stepSize ?? twoDigits(step * unitStep(network.input)),
        blur: fixed.blur ?? twoDigits(manner.blur * usualBlur(network.input)),
        rotate: fixed.rotate ?? manner.rotate,
        rotateProbability,
      };
      trials.set(JSON.stringify(trial), trial);
    }
  return { trials: [...trials.values()], targets, rounds, mostSaturated };
}
