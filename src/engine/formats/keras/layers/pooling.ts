/** Pools over windows and over whole maps. */
import * as ops from "../../../network/ops/index";
import { channelsLast } from "../settings";
import { only, type LayerKind } from "./context";
import { paddingOf, refusePadding } from "./convolution";

function pool(kind: "max" | "average"): LayerKind {
  return {
    settings: {
      pool_size: "read",
      strides: "read",
      padding: "read",
      data_format: channelsLast,
    },
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
    settings: { data_format: channelsLast, keepdims: "read" },
    build: (context) =>
      context.add(op, context.name, [only(context)], {
        keepDims: context.config.boolean("keepdims", false),
      }),
  };
}

/** Over [place, channel], the places of a sequence. */
function globalPool1d(kind: "mean" | "max"): LayerKind {
  return {
    settings: { data_format: channelsLast, keepdims: "read" },
    build: (context) =>
      context.add(ops.reduce, context.name, [only(context)], {
        kind,
        axes: [0],
        keepDims: context.config.boolean("keepdims", false),
      }),
  };
}

export const poolingKinds: Readonly<Record<string, LayerKind>> = {
  MaxPooling2D: pool("max"),
  AveragePooling2D: pool("average"),
  GlobalAveragePooling2D: globalPool(ops.globalAverage),
  GlobalMaxPooling2D: globalPool(ops.globalMax),
  GlobalAveragePooling1D: globalPool1d("mean"),
  GlobalMaxPooling1D: globalPool1d("max"),
};
