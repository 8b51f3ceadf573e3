/** A network's nodes as Keras layers. To add an operation: a line in the table. */
import { Fault } from "../../../shared/fault";
import type { Node, Shape, Weight } from "../../network/op";
import type { BatchNormAttributes } from "../../network/ops/batch-norm";
import type { Conv2dAttributes } from "../../network/ops/conv2d";
import type { DepthwiseConv2dAttributes } from "../../network/ops/depthwise-conv2d";
import type { GlobalPoolAttributes } from "../../network/ops/global-pool";
import type { MaxPoolAttributes } from "../../network/ops/max-pool";
import type { RectifierAttributes } from "../../network/ops/rectifier";
import {
  isSame,
  padsOf,
  type Padding,
  type Pads,
  type Pair,
  type Window,
} from "../../network/ops/window";
import type { ZeroPadAttributes } from "../../network/ops/zero-pad";

export interface Layer {
  readonly className: string;
  /** Without the name. */
  readonly config: object;
  /** By Keras' names, in Keras' order. */
  readonly weights?: Readonly<Record<string, Weight>>;
}

export interface LayerInput {
  readonly shape: Shape;
  /** What makes it; null: the network's input. */
  readonly node: Node | null;
}

const lastChannels = { data_format: "channels_last" } as const;

/** Attributes are what the operation of that kind has. */
type Writer<A extends object = never> = (
  node: Node<A>,
  inputs: readonly LayerInput[],
) => Layer[];

const conv2d: Writer<Conv2dAttributes> = (node, inputs) => {
  const { strides, dilations, padding, groups } = node.attributes;
  const kernel = weightOf(node, "kernel");
  const [height = 1, width = 1, , filters = 1] = kernel.shape;
  const window = windowOf([height, width], strides, dilations, padding);
  const { before, said } = padded(window, inputs);
  return [
    ...before,
    {
      className: "Conv2D",
      config: {
        filters,
        kernel_size: [height, width],
        strides: [...strides],
        padding: said,
        ...lastChannels,
        dilation_rate: [...dilations],
        // other tools of before Keras 2.3 do not know the word
        ...(groups > 1 ? { groups } : {}),
        ...linear(node),
      },
      weights: { kernel, ...biasOf(node) },
    },
  ];
};

const depthwise: Writer<DepthwiseConv2dAttributes> = (node, inputs) => {
  const { strides, dilations, padding } = node.attributes;
  const kernel = weightOf(node, "kernel");
  const [height = 1, width = 1, , multiplier = 1] = kernel.shape;
  const window = windowOf([height, width], strides, dilations, padding);
  const { before, said } = padded(window, inputs);
  return [
    ...before,
    {
      className: "DepthwiseConv2D",
      config: {
        kernel_size: [height, width],
        strides: [...strides],
        padding: said,
        ...lastChannels,
        dilation_rate: [...dilations],
        depth_multiplier: multiplier,
        ...linear(node),
      },
      weights: { depthwise_kernel: kernel, ...biasOf(node) },
    },
  ];
};

const batchNorm: Writer<BatchNormAttributes> = (node, inputs) => {
  const { gamma, beta, mean, variance } = node.weights;
  const channels = inputs[0]?.shape.at(-1) ?? 0;
  const filled = (value: number): Weight => ({
    shape: [channels],
    data: new Float32Array(channels).fill(value),
  });
  return [
    {
      className: "BatchNormalization",
      config: {
        axis: -1,
        momentum: 0.9,
        epsilon: node.attributes.epsilon,
        center: beta !== undefined,
        scale: gamma !== undefined,
      },
      weights: {
        ...(gamma ? { gamma } : {}),
        ...(beta ? { beta } : {}),
        moving_mean: mean ?? filled(0),
        moving_variance: variance ?? filled(1),
      },
    },
  ];
};

const rectifier: Writer<RectifierAttributes> = ({
  attributes: { slope, ceiling },
}) => {
  if (ceiling !== null)
    return one("ReLU", { max_value: ceiling, negative_slope: slope });
  return slope === 0
    ? one("Activation", { activation: "relu" })
    : one("LeakyReLU", { alpha: slope });
};

const maxPool: Writer<MaxPoolAttributes> = (node, inputs) => {
  const { window: size, strides, padding, dilations } = node.attributes;
  if (dilations?.some((d) => d !== 1)) throw noLayer(node);
  const window = windowOf(size, strides, [1, 1], padding);
  const pool = (size: Pair, strides: Pair, padding: string): Layer => ({
    className: "MaxPooling2D",
    config: {
      pool_size: [...size],
      strides: [...strides],
      padding,
      ...lastChannels,
    },
  });
  const { before, said } = padded(window, inputs);
  // zeros win over no value of a ReLU
  if (before.length === 0 || isReLU(inputs[0]?.node))
    return [...before, pool(size, strides, said)];
  // Keras pads with zeros alone. Every place of the map first, then those that are wanted.
  const [rows, columns] = padsOf(window, mapOf(inputs));
  const centred = [...rows, ...columns].every(
    (pad, i) => 2 * pad + 1 === size[i < 2 ? 0 : 1],
  );
  if (!centred) throw noLayer(node);
  return [pool(size, [1, 1], "same"), pool([1, 1], strides, "valid")];
};

const globalPool =
  (className: string): Writer<GlobalPoolAttributes> =>
  ({ attributes: { keepDims } }) =>
    one(className, {
      ...lastChannels,
      ...(keepDims ? { keepdims: true } : {}),
    });

const dense: Writer<Record<string, never>> = (node) => {
  const kernel = weightOf(node, "kernel");
  const units = kernel.shape[1] ?? 0;
  const config = { units, ...linear(node) };
  const weights = { kernel, ...biasOf(node) };
  return [{ className: "Dense", config, weights }];
};

const zeroPad: Writer<ZeroPadAttributes> = ({ attributes: { padding } }) => [
  zeros(padding),
];

/** By the kind of the operation. */
const writers: Readonly<Record<string, Writer>> = {
  conv2d,
  "depthwise-conv2d": depthwise,
  "batch-norm": batchNorm,
  rectifier,
  "max-pool": maxPool,
  "global-average-pool": globalPool("GlobalAveragePooling2D"),
  "global-max-pool": globalPool("GlobalMaxPooling2D"),
  dense,
  "zero-pad": zeroPad,
  add: () => one("Add", {}),
  multiply: () => one("Multiply", {}),
  flatten: () => one("Flatten", { ...lastChannels }),
  softmax: () => one("Softmax", { axis: -1 }),
};

/** The layers of a node, each on the one before, the last one giving its value. Throws a Fault `unsupported-network`. */
export function layersOf(
  node: Node,
  inputs: readonly LayerInput[],
): readonly Layer[] {
  const kind = node.op.kind;
  const writer = Object.hasOwn(writers, kind) ? writers[kind] : undefined;
  if (!writer) throw noLayer(node);
  // the kind says what the attributes are
  return writer(node as Node<never>, inputs);
}

function one(className: string, config: object): Layer[] {
  return [{ className, config }];
}

function linear(node: Node) {
  return {
    activation: "linear",
    use_bias: node.weights["bias"] !== undefined,
  } as const;
}

function biasOf({ weights: { bias } }: Node): Record<string, Weight> {
  return bias ? { bias } : {};
}

function weightOf(node: Node, name: string): Weight {
  const weight = node.weights[name];
  if (!weight) throw new RangeError(`"${node.name}" has no weight "${name}"`);
  return weight;
}

function windowOf(
  size: Pair,
  strides: Pair,
  dilations: Pair,
  padding: Padding,
): Window {
  return { size, strides, dilations, padding };
}

/** Keras knows "same" and "valid"; any other padding is a layer of zeros before. */
function padded(
  window: Window,
  inputs: readonly LayerInput[],
): { before: Layer[]; said: "same" | "valid" } {
  const input = mapOf(inputs);
  const pads = padsOf(window, input);
  if (pads.flat().every((n) => n === 0)) return { before: [], said: "valid" };
  if (isSame(window, input)) return { before: [], said: "same" };
  return { before: [zeros(pads)], said: "valid" };
}

function zeros([[top, bottom], [left, right]]: Pads): Layer {
  return {
    className: "ZeroPadding2D",
    config: {
      padding: [
        [top, bottom],
        [left, right],
      ],
      ...lastChannels,
    },
  };
}

function mapOf(inputs: readonly LayerInput[]): Pair {
  const [height = 0, width = 0] = inputs[0]?.shape ?? [];
  return [height, width];
}

function isReLU(node: Node | null | undefined): boolean {
  return (
    node?.op.rectifier === true &&
    "slope" in node.attributes &&
    node.attributes.slope === 0
  );
}

function noLayer({ name, op }: Node): Fault {
  return new Fault(
    "unsupported-network",
    `Node "${name}" (${op.kind}) cannot be written as a Keras layer.`,
  );
}
