import type { AscentSettings, Method, Target } from "../../../shared/domain";
import {
  tableMethods,
  type classTable,
  type TableMethod,
} from "../../../shared/lab/class-table";
import type { SettingsOf } from "../../../shared/lab/spec";
import { Fault } from "../../../shared/fault";
import { checkTarget } from "../../ascent/ascend";
import { rowTarget } from "../../../shared/lab/targets";
import { cellKey, type Cell, type World } from "../experiment";
import { targetsOf, titleOf } from "../targets";

export type Settings = SettingsOf<typeof classTable>;

/** One class under one method. */
export interface Climb {
  readonly target: Target;
  /** With a minus sign in front where it is minimised. */
  readonly label: string;
  readonly name: TableMethod;
  readonly method: Method;
  readonly slope: number;
}

/** What the settings leave to the network, filled in. Throws a Fault `invalid-request` without a network. */
export function ascentOf(settings: Settings, world: World): AscentSettings {
  const { defaults } = world;
  if (!defaults)
    throw new Fault(
      "invalid-request",
      "The table of scores needs a network.",
      "Open one first.",
    );
  return {
    steps: settings.steps,
    seed: settings.seed,
    stepSize: settings.stepSize ?? defaults.stepSize,
    startNoise: settings.startNoise ?? defaults.startNoise,
    regularization: settings.regularization ?? defaults.regularization,
    batch: settings.batch ?? defaults.batch,
    precision: settings.precision ?? defaults.precision,
    keep: 0,
  };
}

/** Classes in their order, and of each the three methods. Throws a Fault for a class that the network does not have. */
export function cellsOf(
  settings: Settings,
  world: World,
): readonly Cell<Climb>[] {
  const ascent = ascentOf(settings, world);
  const { network } = world;
  if (!network) return [];
  return targetsOf(settings, network).flatMap((target) => {
    checkTarget(network, target);
    return tableMethods.map((name) => {
      const method = methodOf(name, settings);
      return {
        key: cellKey({ ...rowTarget(target), method, ...ascent }),
        work: ascent.steps,
        ask: {
          target,
          label: titleOf(target, network, world),
          name,
          method,
          slope: name === "relu" ? 0 : settings[name],
        },
      };
    });
  });
}

function methodOf(
  kind: TableMethod,
  slopes: Readonly<Record<"leaky" | "proxygrad", number>>,
): Method {
  return kind === "relu" ? { kind } : { kind, slope: slopes[kind] };
}
