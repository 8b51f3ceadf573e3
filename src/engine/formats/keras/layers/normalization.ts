/** Normalizations, and what prepares pixels: scales and offsets. */
import type { Weight, Weights } from "../../../network/op";
import * as ops from "../../../network/ops/index";
import type { Arguments } from "../../arguments";
import type { Config, Numbers } from "../config";
import { trained } from "../settings";
import type { WeightNames } from "../weights";
import {
  axesOf,
  damaged,
  each,
  inputShape,
  needLast,
  needShape,
  only,
  refused,
  type LayerContext,
  type LayerKind,
} from "./context";

const affineSettings: Arguments = {
  ...trained("gamma", "beta"),
  axis: "read",
  epsilon: "read",
  center: "read",
  scale: "read",
};

/** gamma and beta, as far as the layer has them. */
function affineNames(config: Config): WeightNames[] {
  return [
    ...(config.boolean("scale", true) ? [["gamma"]] : []),
    ...(config.boolean("center", true) ? [["beta"]] : []),
  ];
}

function affineOf(context: LayerContext): Weights {
  return Object.fromEntries(
    affineNames(context.config).flatMap((names) =>
      names.map((name) => [name, context.weight(name)]),
    ),
  );
}

const batchNormalization: LayerKind = {
  settings: {
    ...affineSettings,
    ...trained("moving_mean", "moving_variance"),
    momentum: "ignored",
    // of training, how far a batch's statistics may stray
    renorm_clipping: "ignored",
    renorm_momentum: "ignored",
    synchronized: "ignored",
    fused: "ignored",
    // with statistics of its own
    renorm: { only: [null, false] },
    virtual_batch_size: { only: [null] },
  },
  weights: (config) => [
    ...affineNames(config),
    ["moving_mean"],
    ["moving_variance"],
  ],
  build(context) {
    needLast(context);
    return context.add(
      ops.batchNorm,
      context.name,
      [only(context)],
      { epsilon: context.config.number("epsilon", 1e-3) },
      {
        ...affineOf(context),
        mean: context.weight("moving_mean"),
        variance: context.weight("moving_variance"),
      },
    );
  },
};

const layerNormalization: LayerKind = {
  settings: { ...affineSettings, rms_scaling: { only: [null, false] } },
  weights: affineNames,
  build(context) {
    const shape = inputShape(context);
    const axes = axesOf(context, context.config.raw("axis") ?? -1, shape);
    const first = shape.length - axes.length;
    if (axes.sort((a, b) => a - b).some((axis, i) => axis !== first + i))
      throw refused(
        context,
        `normalizes the axes ${JSON.stringify(context.config.raw("axis"))}`,
        "Supported are the last axes.",
      );
    return context.add(
      ops.layerNorm,
      context.name,
      [only(context)],
      {
        dimensions: axes.length,
        epsilon: context.config.number("epsilon", 1e-3),
      },
      affineOf(context),
    );
  },
};

/** Channels fall into groups, each of which is normalized over the map. */
const groupNormalization: LayerKind = {
  settings: { ...affineSettings, groups: "read" },
  weights: affineNames,
  build(context) {
    needLast(context);
    const { config, name } = context;
    const shape = inputShape(context);
    const places = shape.slice(0, -1);
    const channels = shape.at(-1) ?? 0;
    const asked = config.number("groups", 32);
    const groups = asked === -1 ? channels : asked;
    if (groups < 1 || channels % groups !== 0)
      throw damaged(
        `The layer "${name}" has ${asked} groups for ${channels} channels.`,
      );
    const split = [...places, groups, channels / groups];
    const rank = split.length;
    // the groups' axis to the front, and back
    const front = [rank - 2, ...places.keys(), rank - 1];
    const back = [...places.map((_, i) => i + 1), 0, rank - 1];
    const step = (what: string) => `${name}/${what}`;
    const grouped = context.add(ops.reshape, step("groups"), [only(context)], {
      shape: split,
    });
    const turned = context.add(ops.transpose, step("turned"), [grouped], {
      order: front,
    });
    const normal = context.add(ops.layerNorm, step("normal"), [turned], {
      dimensions: rank - 1,
      epsilon: config.number("epsilon", 1e-3),
    });
    const turnedBack = context.add(ops.transpose, step("back"), [normal], {
      order: back,
    });
    const weights = affineOf(context);
    const isLast = Object.keys(weights).length === 0;
    const flat = context.add(
      ops.reshape,
      isLast ? name : step("channels"),
      [turnedBack],
      { shape },
    );
    if (isLast) return flat;
    return context.add(ops.batchNorm, name, [flat], { epsilon: 0 }, weights);
  },
};

/** x over its length along some axes. */
const unitNormalization: LayerKind = {
  settings: { axis: "read" },
  build(context) {
    const input = only(context);
    const shape = inputShape(context);
    const axes = axesOf(context, context.config.raw("axis") ?? -1, shape);
    const step = (what: string) => `${context.name}/${what}`;
    const squares = context.add(ops.square, step("squares"), [input], {});
    const sum = context.add(ops.reduce, step("sum"), [squares], {
      kind: "sum",
      axes,
      keepDims: true,
    });
    const above = context.add(ops.clip, step("above"), [sum], {
      low: 1e-12,
      high: null,
    });
    const factor = context.add(ops.rsqrt, step("factor"), [above], {});
    return context.add(ops.multiply, context.name, [input, factor], {});
  },
};

/** x scale + offset, for all channels or each: batch norm without statistics. */
export function addAffine(
  context: LayerContext,
  name: string,
  input: string,
  scale: Numbers,
  offset: Numbers,
): string {
  const channels = context.shapeOf(input).at(-1) ?? 0;
  return context.add(
    ops.batchNorm,
    name,
    [input],
    { epsilon: 0 },
    {
      gamma: each(context, scale, channels),
      beta: each(context, offset, channels),
    },
  );
}

const rescaling: LayerKind = {
  settings: { scale: "read", offset: "read" },
  preparation: true,
  build: (context) =>
    addAffine(
      context,
      context.name,
      only(context),
      context.config.numbers("scale") ?? [1],
      context.config.numbers("offset") ?? [0],
    ),
};

/** Keras' smallest standard deviation. */
const smallestDeviation = 1e-7;

/** (x - mean) / standard deviation; both are weights, or written into the layer. */
const normalization: LayerKind = {
  settings: {
    axis: "read",
    mean: "read",
    variance: "read",
    // which undoes it
    invert: { only: [null, false] },
  },
  preparation: true,
  weights: (config) =>
    config.raw("mean") === null ? [["mean"], ["variance"]] : [],
  build(context) {
    const { config } = context;
    const axis = config.raw("axis");
    // without an axis there is one mean for all
    const isNone = axis === null || (Array.isArray(axis) && axis.length === 0);
    if (!isNone) needLast(context);
    const mean = config.numbers("mean") ?? flat(context.weight("mean"));
    const variance =
      config.numbers("variance") ?? flat(context.weight("variance"));
    const deviations = variance.map((v) =>
      Math.max(Math.sqrt(v), smallestDeviation),
    );
    // one number is for all channels
    const length = Math.max(mean.length, deviations.length);
    const fits = [mean, deviations].every((n) =>
      [1, length].includes(n.length),
    );
    if (!fits || !deviations.every(Number.isFinite))
      throw damaged(
        `The layer "${context.name}" has no sound mean or variance.`,
      );
    const at = (numbers: Numbers, i: number) =>
      numbers[i % numbers.length] ?? 0;
    const scale = Array.from({ length }, (_, i) => 1 / at(deviations, i));
    const offset = scale.map((s, i) => -at(mean, i) * s);
    return addAffine(context, context.name, only(context), scale, offset);
  },
};

function flat({ data }: Weight): Numbers {
  return [...data];
}

/** A factor a channel, as ConvNeXt has it. */
const layerScale: LayerKind = {
  settings: {
    // what the weights were before training, and how many there are
    init_values: "ignored",
    projection_dim: "read",
  },
  weights: () => [["gamma"]],
  build(context) {
    const { config, name } = context;
    const gamma = context.weight("gamma");
    const dim =
      config.raw("projection_dim") === null
        ? null
        : config.needCount("projection_dim");
    needShape(context, gamma, [dim], `projection_dim ${dim}`);
    return context.add(
      ops.batchNorm,
      name,
      [only(context)],
      { epsilon: 0 },
      { gamma },
    );
  },
};

export const normalizationKinds: Readonly<Record<string, LayerKind>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  UnitNormalization: unitNormalization,
  Rescaling: rescaling,
  Normalization: normalization,
  LayerScale: layerScale,
};
