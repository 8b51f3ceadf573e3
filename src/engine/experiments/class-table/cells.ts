import { experimentClasses } from "../../../shared/class-sets";
import type { AscentSettings, Method } from "../../../shared/domain";
import {
  tableMethods,
  type classTable,
  type TableMethod,
} from "../../../shared/lab/class-table";
import type { SettingsOf } from "../../../shared/lab/spec";
import { Fault } from "../../../shared/fault";
import { checkTarget } from "../../ascent/ascend";
import { classCount } from "../../network/network";
import { cellKey, type Cell, type World } from "../experiment";

export type Settings = SettingsOf<typeof classTable>;

/** One class under one method. */
export interface Climb {
  readonly target: number;
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
      "The class table needs a network.",
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
  const targets =
    settings.targets ?? experimentClasses(network.labels, classCount(network));
  return targets.flatMap((target) => {
    checkTarget(network, { kind: "logit", index: target });
    return tableMethods.map((name) => {
      const method = methodOf(name, settings);
      return {
        key: cellKey({ target, method, ...ascent }),
        work: ascent.steps,
        ask: {
          target,
          label: network.labels[target] ?? `class ${target}`,
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
