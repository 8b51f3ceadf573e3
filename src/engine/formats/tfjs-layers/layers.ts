/** Keras layers as nodes. To add one: a line in the table at the end. */
import { Fault } from "../../../shared/fault";
import type { Op, Shape, Weight, Weights } from "../../network/op";
import { count } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import { activationOf, type Activation } from "./activations";
import type { Config } from "./config";

/** What a layer is given to make its nodes. */
export interface LayerContext {
  /** The name its last node should have. */
  readonly name: string;
  readonly config: Config;
  /** Names of the nodes it reads. */
  readonly inputs: readonly string[];
  shapeOf(node: string): Shape;
  /** Throws a Fault `damaged-file` where there is none. */
  weight(name: string): Weight;
  add<A extends object>(
    op: Op<A>,
    name: string,
    inputs: readonly string[],
    attributes: A,
    weights?: Weights,
  ): string;
}

export interface LayerKind {
  /** What of this layer cannot be done, in words that follow its name; null: everything can. */
  refuses?(config: Config): string | null;
  /** Adds the nodes; returns the name of the one that holds the layer's value. */
  build(context: LayerContext): string;
}

function only({ inputs, name }: LayerContext): string {
  const [first] = inputs;
  if (first === undefined || inputs.length > 1)
    throw damaged(`The layer "${name}" has ${inputs.length} inputs, not one.`);
  return first;
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}

/** Keras' axis, which counts the batch, points at the channels. */
function isLast(axis: unknown, shape: Shape): boolean {
  const value: unknown = Array.isArray(axis) ? axis[0] : axis;
  return value === -1 || value === shape.length;
}

function needLast(context: LayerContext, fallback: number): void {
  const axis = context.config.raw("axis") ?? fallback;
  if (!isLast(axis, context.shapeOf(context.inputs[0] ?? "")))
    throw new Fault(
      "unsupported-network",
      `The layer "${context.name}" works along axis ${JSON.stringify(axis)}.`,
      "Supported is the last axis, the channels.",
    );
}

function paddingOf(config: Config): "same" | "valid" {
  return config.string("padding", "valid") === "same" ? "same" : "valid";
}

function refusePadding(config: Config): string | null {
  const padding = config.string("padding", "valid");
  return padding === "same" || padding === "valid"
    ? null
    : `padding "${padding}"`;
}

function biasOf(context: LayerContext): Weights {
  return context.config.boolean("use_bias", true)
    ? { bias: context.weight("bias") }
    : {};
}

/** The layer's linear part, and the activation written into it as a node of its own. */
function activated(
  context: LayerContext,
  build: (name: string) => string,
): string {
  const found = activationOf(context.config.raw("activation"));
  if (!found) return build(context.name);
  return addActivation(
    context,
    `${context.name}/${found.name}`,
    build(context.name),
    found,
  );
}

function addActivation(
  context: LayerContext,
  name: string,
  input: string,
  activation: Activation,
): string {
  return context.add(activation.op, name, [input], activation.attributes);
}

function activationLayer(
  activation: (config: Config) => Activation,
  refuses?: (config: Config) => string | null,
): LayerKind {
  return {
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

const conv2d: LayerKind = {
  refuses: refusePadding,
  build: (context) =>
    activated(context, (name) =>
      context.add(
        ops.conv2d,
        name,
        [only(context)],
        {
          strides: context.config.pair("strides", [1, 1]),
          dilations: context.config.pair("dilation_rate", [1, 1]),
          padding: paddingOf(context.config),
          groups: context.config.number("groups", 1),
        },
        { kernel: context.weight("kernel"), ...biasOf(context) },
      ),
    ),
};

const depthwiseConv2d: LayerKind = {
  refuses: refusePadding,
  build: (context) =>
    activated(context, (name) =>
      context.add(
        ops.depthwiseConv2d,
        name,
        [only(context)],
        depthwiseAttributes(context.config),
        { kernel: context.weight("depthwise_kernel"), ...biasOf(context) },
      ),
    ),
};

const separableConv2d: LayerKind = {
  refuses: refusePadding,
  build: (context) =>
    activated(context, (name) => {
      const depthwise = context.add(
        ops.depthwiseConv2d,
        `${name}/depthwise`,
        [only(context)],
        depthwiseAttributes(context.config),
        { kernel: context.weight("depthwise_kernel") },
      );
      return context.add(
        ops.conv2d,
        name,
        [depthwise],
        { strides: [1, 1], dilations: [1, 1], padding: "valid", groups: 1 },
        { kernel: context.weight("pointwise_kernel"), ...biasOf(context) },
      );
    }),
};

function depthwiseAttributes(config: Config) {
  return {
    strides: config.pair("strides", [1, 1]),
    dilations: config.pair("dilation_rate", [1, 1]),
    padding: paddingOf(config),
  };
}

const dense: LayerKind = {
  build: (context) =>
    activated(context, (name) =>
      context.add(
        ops.dense,
        name,
        [only(context)],
        {},
        { kernel: context.weight("kernel"), ...biasOf(context) },
      ),
    ),
};

const batchNormalization: LayerKind = {
  build(context) {
    needLast(context, -1);
    const { config } = context;
    const weight = (name: string) => context.weight(name);
    return context.add(
      ops.batchNorm,
      context.name,
      [only(context)],
      { epsilon: config.number("epsilon", 1e-3) },
      {
        ...(config.boolean("scale", true) ? { gamma: weight("gamma") } : {}),
        ...(config.boolean("center", true) ? { beta: weight("beta") } : {}),
        mean: weight("moving_mean"),
        variance: weight("moving_variance"),
      },
    );
  },
};

/** value * scale + offset, one number each: batch norm without statistics. */
const rescaling: LayerKind = {
  build(context) {
    const input = only(context);
    const shape = context.shapeOf(input);
    const channels = shape[shape.length - 1] ?? 0;
    const all = (value: number): Weight => ({
      shape: [channels],
      data: new Float32Array(channels).fill(value),
    });
    return context.add(
      ops.batchNorm,
      context.name,
      [input],
      { epsilon: 0 },
      {
        gamma: all(context.config.number("scale", 1)),
        beta: all(context.config.number("offset", 0)),
      },
    );
  },
};

const prelu: LayerKind = {
  build: (context) =>
    context.add(
      ops.prelu,
      context.name,
      [only(context)],
      {},
      { alpha: context.weight("alpha") },
    ),
};

const softmax: LayerKind = {
  build(context) {
    needLast(context, -1);
    return context.add(ops.softmax, context.name, [only(context)], {});
  },
};

function pool(kind: "max" | "average"): LayerKind {
  return {
    refuses: refusePadding,
    build(context) {
      const { config } = context;
      const window = config.pair("pool_size", [2, 2]);
      const attributes = {
        window,
        strides: config.pair("strides", window),
        padding: paddingOf(config),
      };
      const input = [only(context)];
      return kind === "max"
        ? context.add(ops.maxPool, context.name, input, attributes)
        : context.add(ops.averagePool, context.name, input, {
            ...attributes,
            counted: [
              [0, 0],
              [0, 0],
            ],
          });
    },
  };
}

function globalPool(op: typeof ops.globalAverage): LayerKind {
  return {
    build: (context) =>
      context.add(op, context.name, [only(context)], {
        keepDims: context.config.boolean("keepdims", false),
      }),
  };
}

function merge(op: typeof ops.add): LayerKind {
  return {
    build: (context) => context.add(op, context.name, context.inputs, {}),
  };
}

const concatenate: LayerKind = {
  build(context) {
    needLast(context, -1);
    return context.add(ops.concat, context.name, context.inputs, {});
  },
};

const flatten: LayerKind = {
  build: (context) =>
    context.add(ops.flatten, context.name, [only(context)], {}),
};

const reshape: LayerKind = {
  build(context) {
    const input = only(context);
    const wanted = context.config.dimensions("target_shape");
    const isOpen = (d: number | null) => d === null || d === -1;
    const known = wanted.reduce<number>(
      (product, d) => (d === null || d === -1 ? product : product * d),
      1,
    );
    if (wanted.filter(isOpen).length > 1)
      throw damaged(
        `The layer "${context.name}" leaves more than one dimension open.`,
      );
    const rest = count(context.shapeOf(input)) / known;
    return context.add(ops.reshape, context.name, [input], {
      shape: wanted.map((d) => (d === null || d === -1 ? rest : d)),
    });
  },
};

const zeroPadding2d: LayerKind = {
  build: (context) =>
    context.add(ops.zeroPad, context.name, [only(context)], {
      padding: context.config.pads("padding", [
        [1, 1],
        [1, 1],
      ]),
    }),
};

/** What does something in training only. */
const dropped: LayerKind = { build: only };

function rectifier(slope: number, ceiling: number | null): Activation {
  return { name: "relu", op: ops.rectifier, attributes: { slope, ceiling } };
}

const activation: LayerKind = {
  build(context) {
    const found = activationOf(context.config.raw("activation"));
    const input = only(context);
    return found ? addActivation(context, context.name, input, found) : input;
  },
};

export const layerKinds: Readonly<Record<string, LayerKind>> = {
  Conv2D: conv2d,
  DepthwiseConv2D: depthwiseConv2d,
  SeparableConv2D: separableConv2d,
  Dense: dense,
  BatchNormalization: batchNormalization,
  Rescaling: rescaling,
  Activation: activation,
  ReLU: activationLayer(
    (config) =>
      rectifier(
        config.number("negative_slope", 0),
        config.optionalNumber("max_value"),
      ),
    (config) =>
      config.number("threshold", 0) === 0 ? null : "a threshold other than 0",
  ),
  LeakyReLU: activationLayer((config) =>
    rectifier(
      config.optionalNumber("alpha") ?? config.number("negative_slope", 0.3),
      null,
    ),
  ),
  ELU: activationLayer((config) => ({
    name: "elu",
    op: ops.elu,
    attributes: { alpha: config.number("alpha", 1) },
  })),
  PReLU: prelu,
  Softmax: softmax,
  MaxPooling2D: pool("max"),
  AveragePooling2D: pool("average"),
  GlobalAveragePooling2D: globalPool(ops.globalAverage),
  GlobalMaxPooling2D: globalPool(ops.globalMax),
  Add: merge(ops.add),
  Multiply: merge(ops.multiply),
  Concatenate: concatenate,
  Flatten: flatten,
  Reshape: reshape,
  ZeroPadding2D: zeroPadding2d,
  Dropout: dropped,
  SpatialDropout2D: dropped,
  AlphaDropout: dropped,
  GaussianDropout: dropped,
  GaussianNoise: dropped,
  ActivityRegularization: dropped,
};
