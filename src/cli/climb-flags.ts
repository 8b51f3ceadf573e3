/** How images climb, as flags: the same words with the same ranges in every command that lets some climb. */
import type { OpenedNetwork } from "../main/host/networks";
import {
  limits,
  precisionSchema,
  type Precision,
  type Regularization,
} from "../shared/domain";
import { readChoice, readNumber } from "./arguments";
import type { Flag, Values } from "./command";

export const climbFlags = {
  "step-size": {
    value: "L",
    help: "L2 length of an update, in units of x in [-1, 1]",
  },
  "start-noise": {
    value: "S",
    help: "standard deviation of the start around grey",
  },
  blur: {
    value: "S",
    help: "sigma of the blur after each step, in pixels; 0 is off",
  },
  rotate: { value: "D", help: "largest rotation, in degrees; 0 is off" },
  batch: {
    value: "N",
    help: "images in one call, the last one padded; it decides the last bits",
  },
  precision: { value: "P", help: "float32 or bfloat16" },
} as const satisfies Readonly<Record<string, Flag>>;

/** What is said of a climb; of what is not, the fallback. */
export function readClimb<F>(
  values: Values,
  fallback: Readonly<Record<"stepSize" | "startNoise" | "batch", F>>,
) {
  const number = (
    name: keyof typeof climbFlags,
    range: Parameters<typeof readNumber>[2],
    otherwise: F,
  ) => readNumber(`--${name}`, values.one(name), range, otherwise);
  return {
    stepSize: number(
      "step-size",
      { min: 0, above: true, max: 10_000 },
      fallback.stepSize,
    ),
    startNoise: number("start-noise", { min: 0, max: 10 }, fallback.startNoise),
    batch: number(
      "batch",
      { min: 1, max: limits.batch, whole: true },
      fallback.batch,
    ),
  };
}

/** The same where null is the network's own; so is a regularization of which nothing is said. */
export function readOwnClimb(values: Values, network: OpenedNetwork | null) {
  return {
    ...readClimb(values, { stepSize: null, startNoise: null, batch: null }),
    regularization:
      network && saysRegularization(values)
        ? readRegularization(values, network.info.defaults.regularization)
        : null,
  };
}

export function readPrecision<F>(values: Values, fallback: F): Precision | F {
  const said = values.one("precision");
  return said === undefined
    ? fallback
    : readChoice("--precision", said, precisionSchema.options);
}

export function saysRegularization(values: Values): boolean {
  return values.has("blur") || values.has("rotate");
}

/** What is said of it, completed with the network's own. */
export function readRegularization(
  values: Values,
  own: Regularization,
): Regularization {
  return {
    blur: readNumber(
      "--blur",
      values.one("blur"),
      { min: 0, max: 20 },
      own.blur,
    ),
    rotate: readNumber(
      "--rotate",
      values.one("rotate"),
      { min: 0, max: 180 },
      own.rotate,
    ),
    rotateProbability: own.rotateProbability,
  };
}
