/** Activations as layers of their own, and written into other layers. */
import * as ops from "../../../network/ops/index";
import { activationOf, type Activation } from "../activations";
import { isObject } from "../../json";
import { Config } from "../config";
import type { Arguments } from "../../arguments";
import { trained } from "../settings";
import {
  damaged,
  needLast,
  only,
  type LayerContext,
  type LayerKind,
} from "./context";

/** The layer's linear part, and the activation written into it as a node of its own. */
export function activated(
  context: LayerContext,
  build: (name: string) => string,
): string {
  const value = context.config.raw("activation");
  const layer = activationLayerOf(value, context.name);
  const found = activationOf(value, context.version);
  if (!layer && !found) return build(context.name);
  const linear = build(context.name);
  if (found) {
    const name = `${context.name}/${found.name}`;
    return addActivation(context, name, linear, found);
  }
  return layer ? addLayer(context, layer, "activation", linear) : linear;
}

/** A layer that stands where an activation's name usually does. */
interface ActivationLayer {
  readonly kind: LayerKind;
  readonly config: Config;
}

/** { class_name: "LeakyReLU", config: {...} } as a layer; null for anything else, and for one with weights. */
export function activationLayerOf(
  value: unknown,
  name: string,
): ActivationLayer | null {
  if (!isObject(value)) return null;
  const { class_name: className, config } = value;
  if (typeof className !== "string" || !isObject(config)) return null;
  const kind = Object.hasOwn(activationKinds, className)
    ? activationKinds[className]
    : undefined;
  if (!kind || kind.weights) return null;
  return { kind, config: new Config(name, config) };
}

function addLayer(
  context: LayerContext,
  { kind, config }: ActivationLayer,
  step: string,
  input: string,
): string {
  const name = `${context.name}/${step}`;
  return kind.build({ ...context, name, config, inputs: [input] });
}

export function addActivation(
  context: LayerContext,
  name: string,
  input: string,
  { op, attributes, then }: Activation,
): string {
  if (!then) return context.add(op, name, [input], attributes);
  const first = context.add(op, `${name}/${op.kind}`, [input], attributes);
  return context.add(then, name, [first], {});
}

function of(
  settings: Arguments,
  activation: (config: Config) => Activation,
  refuses?: LayerKind["refuses"],
): LayerKind {
  return {
    settings,
    ...(refuses ? { refuses } : {}),
    build: (context) =>
      addActivation(
        context,
        context.name,
        only(context),
        activation(context.config),
      ),
  };
}

function rectifier(slope: number, ceiling: number | null): Activation {
  return { name: "relu", op: ops.rectifier, attributes: { slope, ceiling } };
}

const activation: LayerKind = {
  settings: { activation: "read" },
  build(context) {
    const value = context.config.raw("activation");
    const layer = activationLayerOf(value, context.name);
    const found = activationOf(value, context.version);
    const input = only(context);
    if (layer) return addLayer(context, layer, "layer", input);
    return found ? addActivation(context, context.name, input, found) : input;
  },
};

const relu = of(
  { max_value: "read", negative_slope: "read", threshold: "read" },
  (config) => {
    const slope = config.number("negative_slope", 0);
    const ceiling = config.optionalNumber("max_value");
    const threshold = config.number("threshold", 0);
    return threshold === 0
      ? rectifier(slope, ceiling)
      : {
          name: "relu",
          op: ops.thresholdedRelu,
          attributes: { threshold },
        };
  },
  (config) =>
    config.number("threshold", 0) !== 0 &&
    (config.number("negative_slope", 0) !== 0 ||
      config.optionalNumber("max_value") !== null)
      ? "a threshold other than 0 together with a slope or a largest value"
      : null,
);

const prelu: LayerKind = {
  settings: { ...trained("alpha"), shared_axes: "read" },
  weights: () => [["alpha"]],
  build(context) {
    const alpha = context.weight("alpha");
    const { config, name } = context;
    // axes count from 1, after the batch; along them there is one slope
    const shared =
      config.raw("shared_axes") === null
        ? []
        : config.dimensions("shared_axes");
    if (shared.some((axis) => alpha.shape[(axis ?? 0) - 1] !== 1))
      throw damaged(
        `The layer "${name}" shares its slopes along the axes [${shared.join(", ")}], and has slopes of the shape [${alpha.shape.join(", ")}].`,
      );
    return context.add(ops.prelu, name, [only(context)], {}, { alpha });
  },
};

const softmax: LayerKind = {
  settings: { axis: "read" },
  build(context) {
    needLast(context);
    return context.add(ops.softmax, context.name, [only(context)], {});
  },
};

export const activationKinds: Readonly<Record<string, LayerKind>> = {
  Activation: activation,
  ReLU: relu,
  LeakyReLU: of({ alpha: "read", negative_slope: "read" }, (config) =>
    rectifier(
      config.optionalNumber("alpha") ?? config.number("negative_slope", 0.3),
      null,
    ),
  ),
  ThresholdedReLU: of({ theta: "read" }, (config) => ({
    name: "relu",
    op: ops.thresholdedRelu,
    attributes: { threshold: config.number("theta", 1) },
  })),
  ELU: of({ alpha: "read" }, (config) => ({
    name: "elu",
    op: ops.elu,
    attributes: { alpha: config.number("alpha", 1) },
  })),
  PReLU: prelu,
  Softmax: softmax,
};
