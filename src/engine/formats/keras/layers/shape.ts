/** Layers that lay values out anew, cut and pad them, put them side by side, or make maps larger and smaller. */
import { count } from "../../../network/ops/check";
import * as ops from "../../../network/ops/index";
import type { Pads } from "../../../network/ops/window";
import { resizeMatrix } from "../../lowering/matrices";
import type { Config } from "../config";
import { channelsLast } from "../settings";
import {
  axisOf,
  damaged,
  inputMap,
  inputShape,
  only,
  refused,
  type LayerContext,
  type LayerKind,
} from "./context";

const concatenate: LayerKind = {
  settings: { axis: "read" },
  build(context) {
    const [first = ""] = context.inputs;
    const axis = context.config.raw("axis") ?? -1;
    return addConcat(context, axisOf(context, axis, context.shapeOf(first)));
  },
};

/** `axis`: without the batch. */
export function addConcat(context: LayerContext, axis: number): string {
  return context.add(ops.concat, context.name, context.inputs, { axis });
}

const flatten: LayerKind = {
  settings: { data_format: channelsLast },
  build: (context) =>
    context.add(ops.flatten, context.name, [only(context)], {}),
};

/** `wanted`: without the batch; one dimension may be open (null or -1). */
export function addReshape(
  context: LayerContext,
  input: string,
  wanted: readonly (number | null)[],
): string {
  const isOpen = (d: number | null) => d === null || d === -1;
  if (wanted.filter(isOpen).length > 1)
    throw damaged(
      `The layer "${context.name}" leaves more than one dimension open.`,
    );
  const known = wanted.reduce<number>(
    (product, d) => (d === null || d === -1 ? product : product * d),
    1,
  );
  const rest = count(context.shapeOf(input)) / known;
  return context.add(ops.reshape, context.name, [input], {
    shape: wanted.map((d) => (d === null || d === -1 ? rest : d)),
  });
}

const reshape: LayerKind = {
  settings: { target_shape: "read" },
  build: (context) =>
    addReshape(
      context,
      only(context),
      context.config.dimensions("target_shape"),
    ),
};

/** `order`: without the batch. */
export function addTranspose(
  context: LayerContext,
  input: string,
  order: readonly number[],
): string {
  const rank = context.shapeOf(input).length;
  if (
    [...order].sort((a, b) => a - b).some((axis, i) => axis !== i) ||
    order.length !== rank
  )
    throw damaged(
      `The layer "${context.name}" puts ${rank} axes into the order ${JSON.stringify(order)}.`,
    );
  return context.add(ops.transpose, context.name, [input], { order });
}

const permute: LayerKind = {
  settings: { dims: "read" },
  build: (context) =>
    addTranspose(
      context,
      only(context),
      // axes count from 1, after the batch
      context.config.dimensions("dims").map((axis) => (axis ?? 0) - 1),
    ),
};

const mostRepeats = 100_000;

/** [feature] -> [n, feature] */
const repeatVector: LayerKind = {
  settings: { n: "read" },
  refuses: (config) =>
    config.needCount("n") > mostRepeats
      ? `${config.needCount("n")} repetitions`
      : null,
  build(context) {
    const shape = inputShape(context);
    const row = context.add(
      ops.reshape,
      `${context.name}/row`,
      [only(context)],
      { shape: [1, ...shape] },
    );
    return context.add(ops.gather, context.name, [row], {
      axis: 0,
      indices: new Array<number>(context.config.needCount("n")).fill(0),
    });
  },
};

const onePixel: Pads = [
  [1, 1],
  [1, 1],
];

const zeroPadding2d: LayerKind = {
  settings: { padding: "read", data_format: channelsLast },
  build: (context) =>
    context.add(ops.zeroPad, context.name, [only(context)], {
      padding: context.config.pads("padding", onePixel),
    }),
};

/** A part of a map. */
function addCrop(
  context: LayerContext,
  [top, left]: readonly [number, number],
  [tall, wide]: readonly [number, number],
): string {
  const [height, width, channels] = inputMap(context);
  if (
    tall < 1 ||
    wide < 1 ||
    top < 0 ||
    left < 0 ||
    top + tall > height ||
    left + wide > width
  )
    throw refused(
      context,
      `cuts ${tall} x ${wide} pixels from a map of ${height} x ${width}`,
      "Choose a larger input size.",
    );
  return context.add(ops.slice, context.name, [only(context)], {
    begin: [top, left, 0],
    size: [tall, wide, channels],
    strides: [1, 1, 1],
  });
}

const cropping2d: LayerKind = {
  settings: { cropping: "read", data_format: channelsLast },
  build(context) {
    const [height, width] = inputMap(context);
    const [[top, bottom], [left, right]] = context.config.pads("cropping", [
      [0, 0],
      [0, 0],
    ]);
    return addCrop(
      context,
      [top, left],
      [height - top - bottom, width - left - right],
    );
  },
};

const centerCrop: LayerKind = {
  trainsByDefault: true,
  settings: { height: "read", width: "read", data_format: channelsLast },
  build(context) {
    const { config } = context;
    const [height, width] = inputMap(context);
    const size = [
      config.needCount("height"),
      config.needCount("width"),
    ] as const;
    return addCrop(
      context,
      [Math.floor((height - size[0]) / 2), Math.floor((width - size[1]) / 2)],
      size,
    );
  },
};

type Interpolation = "nearest" | "bilinear";
const interpolations: readonly string[] = ["nearest", "bilinear"];

function refuseInterpolation(usual: Interpolation) {
  return (config: Config): string | null => {
    const interpolation = config.string("interpolation", usual);
    return interpolations.includes(interpolation)
      ? null
      : `the interpolation "${interpolation}"`;
  };
}

/** Values of both matrices of a resize. */
const mostMatrix = 2 ** 24;

/** A map in another size, as TensorFlow resizes: pixels have their centres at half. */
export function addResize(
  context: LayerContext,
  [tall, wide]: readonly [number, number],
  interpolation: string,
): string {
  const [height, width] = inputMap(context);
  if (!(tall >= 1 && wide >= 1 && tall * height + wide * width <= mostMatrix))
    throw refused(
      context,
      `makes a map of ${tall} x ${wide} pixels from ${height} x ${width}`,
      "Choose another input size.",
    );
  const along = (from: number, to: number) =>
    resizeMatrix(from, to, {
      method: interpolation === "nearest" ? "nearest" : "linear",
      coordinates: "half-pixel",
      rounding: "round-prefer-ceil",
    });
  return context.add(
    ops.resample,
    context.name,
    [only(context)],
    {},
    { rows: along(height, tall), columns: along(width, wide) },
  );
}

const upSampling2d: LayerKind = {
  settings: { size: "read", interpolation: "read", data_format: channelsLast },
  refuses: refuseInterpolation("nearest"),
  build(context) {
    const [height, width] = inputMap(context);
    const [rows, columns] = context.config.pair("size", [2, 2]);
    return addResize(
      context,
      [height * rows, width * columns],
      context.config.string("interpolation", "nearest"),
    );
  },
};

const resizing: LayerKind = {
  trainsByDefault: true,
  settings: {
    height: "read",
    width: "read",
    interpolation: "read",
    data_format: channelsLast,
    crop_to_aspect_ratio: { only: [null, false] },
    pad_to_aspect_ratio: { only: [null, false] },
    antialias: { only: [null, false] },
    // around what was padded to the aspect ratio
    fill_mode: "ignored",
    fill_value: "ignored",
  },
  refuses: refuseInterpolation("bilinear"),
  build(context) {
    const { config } = context;
    const [height, width] = inputMap(context);
    const size = [
      config.needCount("height"),
      config.needCount("width"),
    ] as const;
    return size[0] === height && size[1] === width
      ? only(context)
      : addResize(context, size, config.string("interpolation", "bilinear"));
  },
};

export const shapeKinds: Readonly<Record<string, LayerKind>> = {
  Concatenate: concatenate,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  ZeroPadding2D: zeroPadding2d,
  Cropping2D: cropping2d,
  CenterCrop: centerCrop,
  UpSampling2D: upSampling2d,
  Resizing: resizing,
};
