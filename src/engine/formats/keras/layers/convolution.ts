/** Convolutions, dense layers and what is like them: linear, with weights, and an activation written into them. */
import type { Weight, Weights } from "../../../network/op";
import * as ops from "../../../network/ops/index";
import type { Pair } from "../../../network/ops/window";
import type { Arguments } from "../../arguments";
import type { Config } from "../config";
import { channelsLast, trained } from "../settings";
import type { WeightNames } from "../weights";
import { activated } from "./activation";
import {
  damaged,
  inputMap,
  needShape,
  only,
  type LayerContext,
  type LayerKind,
} from "./context";

export function paddingOf(config: Config): "same" | "valid" {
  return config.string("padding", "valid") === "same" ? "same" : "valid";
}

export function refusePadding(config: Config): string | null {
  const padding = config.string("padding", "valid");
  return padding === "same" || padding === "valid"
    ? null
    : `padding "${padding}"`;
}

/** The kernels, and the bias where there is one. */
function withBias(...kernels: readonly WeightNames[]) {
  return (config: Config): readonly WeightNames[] =>
    config.boolean("use_bias", true) ? [...kernels, ["bias"]] : kernels;
}

function biasOf(context: LayerContext): Weights {
  return context.config.boolean("use_bias", true)
    ? { bias: context.weight("bias") }
    : {};
}

/** Of everything with a kernel, a bias and an activation. */
const linearSettings: Arguments = {
  ...trained("kernel", "bias"),
  activation: "read",
  use_bias: "read",
  // adapters that were trained beside the kernel, and kernels of whole numbers
  lora_rank: { only: [null] },
  lora_alpha: { only: [null] },
  quantization_config: { only: [null] },
};

/** Of a window that slides over a map. */
const windowSettings: Arguments = {
  kernel_size: "read",
  strides: "read",
  padding: "read",
  dilation_rate: "read",
  data_format: channelsLast,
  rank: { only: [null, 2] },
};

const groupSettings: Arguments = { groups: { only: [null, 1] } };

function optionalCount(config: Config, key: string): number | null {
  return config.raw(key) === null ? null : config.needCount(key);
}

/** The weight, whose last dimensions have to be what the settings say of inputs and filters. */
function kernelOf(
  context: LayerContext,
  name: string,
  ends: readonly [string | null, string | null],
): Weight {
  const { config } = context;
  const kernel = context.weight(name);
  const size =
    config.raw("kernel_size") === null
      ? [null, null]
      : config.needPair("kernel_size");
  const counts = ends.map((key) => key && optionalCount(config, key));
  const said = [
    `kernel_size [${size.map((d) => d ?? "any").join(", ")}]`,
    ...ends.flatMap((key) =>
      key ? [`${key} ${optionalCount(config, key)}`] : [],
    ),
  ];
  needShape(
    context,
    kernel,
    [...size, ...counts.map((d) => (d === "" ? null : d))],
    said.join(" and "),
  );
  return kernel;
}

function groupsOf({ config, name }: LayerContext): number {
  const groups = config.number("groups", 1);
  if (!Number.isInteger(groups) || groups < 1)
    throw damaged(`The layer "${name}" has ${groups} groups.`);
  return groups;
}

const conv2d: LayerKind = {
  settings: {
    ...linearSettings,
    ...windowSettings,
    filters: "read",
    groups: "read",
  },
  refuses: refusePadding,
  weights: withBias(["kernel"]),
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
          groups: groupsOf(context),
        },
        {
          kernel: kernelOf(context, "kernel", [null, "filters"]),
          ...biasOf(context),
        },
      ),
    ),
};

const depthwiseNames: WeightNames = ["depthwise_kernel", "kernel"];

const depthwiseSettings: Arguments = {
  ...linearSettings,
  ...windowSettings,
  ...groupSettings,
  ...trained("depthwise"),
  depth_multiplier: "read",
};

function depthwiseKernelOf(context: LayerContext): Weight {
  return kernelOf(context, "depthwise_kernel", [null, "depth_multiplier"]);
}

const depthwiseConv2d: LayerKind = {
  settings: depthwiseSettings,
  refuses: refusePadding,
  weights: withBias(depthwiseNames),
  build: (context) =>
    activated(context, (name) =>
      context.add(
        ops.depthwiseConv2d,
        name,
        [only(context)],
        depthwiseAttributes(context.config),
        { kernel: depthwiseKernelOf(context), ...biasOf(context) },
      ),
    ),
};

const separableConv2d: LayerKind = {
  settings: { ...depthwiseSettings, ...trained("pointwise"), filters: "read" },
  refuses: refusePadding,
  weights: withBias(["depthwise_kernel"], ["pointwise_kernel"]),
  build: (context) =>
    activated(context, (name) => {
      const depthwise = context.add(
        ops.depthwiseConv2d,
        `${name}/depthwise`,
        [only(context)],
        depthwiseAttributes(context.config),
        { kernel: depthwiseKernelOf(context) },
      );
      const kernel = context.weight("pointwise_kernel");
      const filters = optionalCount(context.config, "filters");
      needShape(context, kernel, [1, 1, null, filters], `filters ${filters}`);
      return context.add(
        ops.conv2d,
        name,
        [depthwise],
        { strides: [1, 1], dilations: [1, 1], padding: "valid", groups: 1 },
        { kernel, ...biasOf(context) },
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
  settings: { ...linearSettings, units: "read" },
  weights: withBias(["kernel"]),
  build: (context) =>
    activated(context, (name) => {
      const kernel = context.weight("kernel");
      const units = optionalCount(context.config, "units");
      needShape(context, kernel, [null, units], `units ${units}`);
      return context.add(
        ops.dense,
        name,
        [only(context)],
        {},
        { kernel, ...biasOf(context) },
      );
    }),
};

/** One axis of a transposed convolution, as Keras counts: what is cut off its full result, and what is added. */
function transposedAlong(
  context: LayerContext,
  axis: 0 | 1,
  pixels: number,
  kernel: number,
) {
  const { config } = context;
  const stride = config.pair("strides", [1, 1])[axis];
  const dilation = config.pair("dilation_rate", [1, 1])[axis];
  const isSame = paddingOf(config) === "same";
  const added = config.raw("output_padding");
  const reach = (kernel - 1) * dilation + 1;
  const full = (pixels - 1) * stride + reach;
  const beyond = Math.max(0, reach - stride);
  const output =
    added === null
      ? pixels * stride + (isSame ? 0 : beyond)
      : full -
        (isSame ? 2 * Math.floor(reach / 2) : 0) +
        config.pair("output_padding", [0, 0])[axis];
  const cut = Math.max(0, full - output);
  const before = isSame ? Math.floor(cut / 2) : 0;
  const pads: Pair = [before, cut - before];
  return { pads, more: Math.max(0, output - full) };
}

const conv2dTranspose: LayerKind = {
  settings: {
    ...linearSettings,
    ...windowSettings,
    ...groupSettings,
    filters: "read",
    output_padding: "read",
  },
  refuses: refusePadding,
  weights: withBias(["kernel"]),
  build: (context) =>
    activated(context, (name) => {
      const { config } = context;
      const [height, width] = inputMap(context);
      const kernel = kernelOf(context, "kernel", ["filters", null]);
      const [tall = 1, wide = 1] = kernel.shape;
      const rows = transposedAlong(context, 0, height, tall);
      const columns = transposedAlong(context, 1, width, wide);
      return context.add(
        ops.convTranspose2d,
        name,
        [only(context)],
        {
          strides: config.pair("strides", [1, 1]),
          dilations: config.pair("dilation_rate", [1, 1]),
          padding: [rows.pads, columns.pads],
          outputPadding: [rows.more, columns.more],
          groups: 1,
        },
        { kernel, ...biasOf(context) },
      );
    }),
};

export const convolutionKinds: Readonly<Record<string, LayerKind>> = {
  Conv2D: conv2d,
  DepthwiseConv2D: depthwiseConv2d,
  SeparableConv2D: separableConv2d,
  Conv2DTranspose: conv2dTranspose,
  Dense: dense,
};
