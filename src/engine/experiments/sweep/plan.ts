/** Which cells a sweep asks for. */
import type { Method, Regularization, Target } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import {
  sweepLanes,
  sweepPoints,
  weakRegularization,
  type SweepMethod,
  type SweepSettings,
} from "../../../shared/lab/sweep";
import { checkTarget } from "../../ascent/ascend";
import type { RowTarget } from "../../../shared/lab/targets";
import { cellKey, type Cell, type World } from "../experiment";
import { targetsOf } from "../targets";

/** A score to compute: one ascent, one milestone. */
export interface SweepAsk extends RowTarget {
  readonly method: SweepMethod;
  readonly slope: number;
  readonly seed: number;
  readonly steps: number;
  readonly regularized: boolean;
}

/** What a sweep's settings leave to the network. */
export interface Resolved {
  readonly targets: readonly Target[];
  readonly stepSize: number;
  readonly startNoise: number;
  /** What "on" means. */
  readonly regularization: Regularization;
  readonly batch: number;
}

/** Rows of so many cells are still looked at and sent in a moment. */
const mostCells = 50_000;

const none: Regularization = { blur: 0, rotate: 0, rotateProbability: 0 };

/** Throws a Fault `invalid-request` for classes the network does not have. */
export function resolve(settings: SweepSettings, world: World): Resolved {
  const { network, defaults } = world;
  if (!network || !defaults)
    throw new Fault("invalid-request", "A sweep needs a network.");
  const targets = targetsOf(settings, network);
  for (const target of targets) checkTarget(network, target);
  const own = defaults.regularization;
  return {
    targets,
    stepSize: settings.stepSize ?? defaults.stepSize,
    startNoise: settings.startNoise ?? defaults.startNoise,
    regularization:
      settings.regularization ??
      (own.blur > 0 || own.rotate > 0 ? own : weakRegularization),
    batch: settings.batch ?? defaults.batch,
  };
}

/** What is done to images between steps, as it decides them: a probability without a rotation says nothing. */
export function regularizationOf(
  regularized: boolean,
  { regularization }: Resolved,
): Regularization {
  if (!regularized) return none;
  return regularization.rotate > 0
    ? regularization
    : { ...none, blur: regularization.blur };
}

export function rotatesAtRandom({
  rotate,
  rotateProbability,
}: Regularization): boolean {
  return rotate > 0 && rotateProbability > 0;
}

export function planSweep(
  settings: SweepSettings,
  world: World,
): readonly Cell<SweepAsk>[] {
  const resolved = resolve(settings, world);
  const { precision } = settings;
  const { stepSize, startNoise, batch } = resolved;
  const lanes = sweepLanes(settings, resolved.targets);
  const points = sweepPoints(settings);
  const cells = points.length * lanes.length;
  if (cells > mostCells)
    throw new Fault(
      "invalid-request",
      `This sweep asks for ${cells} scores; at most ${mostCells} are computed at a time.`,
      "Take fewer slopes, targets or seeds.",
    );
  return points.flatMap((point) =>
    lanes.map((lane) => ({
      key: cellKey({
        ...point,
        ...lane,
        regularized: undefined,
        regularization: regularizationOf(point.regularized, resolved),
        stepSize,
        startNoise,
        batch,
        precision,
      }),
      work: point.steps,
      ask: { ...point, ...lane },
    })),
  );
}

export function methodOf(method: SweepMethod, slope: number): Method {
  return method === "relu" ? { kind: "relu" } : { kind: method, slope };
}
