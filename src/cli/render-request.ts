/** A render's flags, completed with the network's defaults. */
import { createHash } from "node:crypto";
import type { OpenedNetwork } from "../main/host/networks";
import {
  limits,
  precisionSchema,
  type AscentSettings,
  type GalleryRequest,
  type Method,
} from "../shared/domain";
import {
  needed,
  readChoice,
  readMethods,
  readNumber,
  readTargets,
} from "./arguments";
import type { Flag, Values } from "./command";

export const requestFlags: Readonly<Record<string, Flag>> = {
  targets: {
    value: "T,T...",
    help: "the classes: indices or labels, separated by commas",
  },
  methods: {
    value: "M,M...",
    help: "relu, leaky:S, proxygrad:P, slopes:S:P (forward, backward)",
  },
  steps: { value: "N", help: "updates of each image" },
  "step-size": {
    value: "L",
    help: "L2 length of an update, in units of x in [-1, 1]",
  },
  "start-noise": {
    value: "S",
    help: "standard deviation of the start around grey",
  },
  precision: { value: "P", help: "float32 or bfloat16" },
  blur: { value: "S", help: "sigma of the blur after each step, in pixels" },
  rotate: { value: "D", help: "largest rotation, in degrees" },
  seed: { value: "N", help: "decides the start and the random transforms" },
  batch: { value: "N", help: "images in one call; it decides the last bits" },
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
  const number = (
    name: string,
    fallback: number,
    min: number,
    max: number,
    kind: { whole?: boolean; above?: boolean } = {},
  ) =>
    readNumber(`--${name}`, values.one(name), { min, max, ...kind }, fallback);
  const whole = { whole: true };
  const { regularization } = defaults;
  return {
    steps: number("steps", defaults.steps, 1, limits.steps, whole),
    stepSize: number("step-size", defaults.stepSize, 0, 10_000, {
      above: true,
    }),
    startNoise: number("start-noise", defaults.startNoise, 0, 10),
    seed: number("seed", defaults.seed, 0, 0xffffffff, whole),
    regularization: {
      blur: number("blur", regularization.blur, 0, 20),
      rotate: number("rotate", regularization.rotate, 0, 180),
      rotateProbability: regularization.rotateProbability,
    },
    batch: number("batch", defaults.batch, 1, limits.batch, whole),
    precision: readChoice(
      "--precision",
      values.one("precision") ?? defaults.precision,
      precisionSchema.options,
    ),
    keep: number("keep", defaults.keep, 0, limits.steps, whole),
  };
}

export function readRequest(
  values: Values,
  opened: OpenedNetwork,
  methods: readonly Method[],
): GalleryRequest {
  const { info, id } = opened;
  const targets = readTargets(
    "--targets",
    needed("--targets", values.one("targets")),
    info.labels,
  );
  return {
    targets: targets.map((index) => ({ kind: "logit", index })),
    columns: methods.map((method) => ({ network: id, method })),
    settings: readSettings(values, info.defaults),
  };
}

/** The same request of the same network has the same id, so that its shards are one gallery. */
export function renderId(
  request: GalleryRequest,
  { network }: OpenedNetwork,
): string {
  const content = JSON.stringify([
    network.provenance.hash,
    network.input,
    network.preprocessing,
    request,
  ]);
  const hash = createHash("sha256").update(content).digest("hex");
  return `render-${hash.slice(0, 16)}`;
}
