/** A render's flags, completed with the network's defaults. */
import { createHash } from "node:crypto";
import type { OpenedNetwork } from "../main/host/networks";
import {
  limits,
  type AscentSettings,
  type GalleryRequest,
  type Method,
} from "../shared/domain";
import { withRecipe, type Recipe } from "../shared/recipe";
import { needed, readMethods, readNumber } from "./arguments";
import {
  climbFlags,
  readClimb,
  readPrecision,
  readRegularization,
} from "./climb-flags";
import type { Flag, Values } from "./command";
import { readTargets, targetsHelp } from "./targets";

export const requestFlags: Readonly<Record<string, Flag>> = {
  targets: {
    value: "T,T...",
    help: targetsHelp,
  },
  methods: {
    value: "M,M...",
    help: "relu, leaky:S, proxygrad:P, slopes:S:P (forward, backward)",
  },
  steps: { value: "N", help: "updates of each image" },
  ...climbFlags,
  seed: { value: "N", help: "decides the start and the random transforms" },
  seeds: {
    value: "N",
    help: "so many runs of each target, from --seed on (1); a batch mixes targets and seeds, row by row",
  },
  keep: { value: "K", help: "keep every K-th step" },
};

/** What can be checked before the network is open. */
export function readMethodsOf(
  values: Values,
): { readonly method: Method; readonly given: string }[] {
  return readMethods(needed("--methods", values.one("methods")));
}

export function readSettings(
  values: Values,
  defaults: OpenedNetwork["info"]["defaults"],
): AscentSettings {
  const whole = (name: string, fallback: number, min: number, max: number) =>
    readNumber(
      `--${name}`,
      values.one(name),
      { min, max, whole: true },
      fallback,
    );
  return {
    steps: whole("steps", defaults.steps, 1, limits.steps),
    ...readClimb(values, defaults),
    seed: whole("seed", defaults.seed, 0, 0xffffffff),
    regularization: readRegularization(values, defaults.regularization),
    precision: readPrecision(values, defaults.precision),
    keep: whole("keep", defaults.keep, 0, limits.steps),
  };
}

/** `recipe` goes before the network's defaults, and flags before both. */
export async function readRequest(
  values: Values,
  opened: OpenedNetwork,
  methods: readonly Method[],
  recipe: Recipe | null = null,
): Promise<GalleryRequest> {
  const { info, id } = opened;
  const { defaults } = info;
  return {
    targets: await readTargets(
      "--targets",
      needed("--targets", values.one("targets")),
      info,
    ),
    columns: methods.map((method) => ({ network: id, method })),
    settings: readSettings(
      values,
      recipe ? withRecipe(defaults, recipe) : defaults,
    ),
    seeds: readSeeds(values),
    padBatch: values.has("batch"),
  };
}

function readSeeds(values: Values): number {
  const range = { min: 1, max: limits.seeds, whole: true };
  return readNumber("--seeds", values.one("seeds"), range, 1);
}

/** The same request of the same network has the same id, so that its shards are one gallery. */
export function renderId(
  request: GalleryRequest,
  { info }: OpenedNetwork,
): string {
  const content = JSON.stringify([info.identity, request]);
  const hash = createHash("sha256").update(content).digest("hex");
  return `render-${hash.slice(0, 16)}`;
}
