/** Convolutions, also dilated by moving pixels into the batch, and transposed. */
import type { Weight } from "../../../network/op";
import { spell } from "../../../network/ops/check";
import type { Pads, Pair } from "../../../network/ops/index";
import { padsOf } from "../../../network/ops/window";
import type { MapOrder, Value } from "../../lowering/index";
import type { Call, Lower, Outcome } from "../call";

/** Conv2D of inputs 0 and 1, without the bias that may follow. */
export function convolve(call: Call, bias: Weight | null = null): Outcome {
  return convolveWith(call, kernelOf(call), bias);
}

/** DepthwiseConv2dNative: the kernel [height, width, channel, multiplier] as one of groups of a channel each. */
export function convolveDepthwise(
  call: Call,
  bias: Weight | null = null,
): Outcome {
  const kernel = kernelOf(call);
  const [height = 0, width = 0, channels = 0, times = 0] = kernel.shape;
  const shape = [height, width, 1, channels * times];
  return convolveWith(call, { shape, data: kernel.data }, bias);
}

function kernelOf(call: Call): Weight {
  const kernel = call.weight(1, "kernel");
  if (kernel.shape.length !== 4)
    call.damaged(`its kernel has the shape ${spell(kernel.shape)}.`);
  return kernel;
}

function convolveWith(
  call: Call,
  kernel: Weight,
  bias: Weight | null,
): Outcome {
  const order = call.order();
  const outcome = call.outcome(0);
  const spread = outcome.kind === "spread" ? outcome : null;
  const x = spread ? spread.value : call.plain(outcome);
  const channels = channelsOf(call, x, order);
  const each = kernel.shape[2] ?? 0;
  if (each < 1 || channels % each !== 0)
    call.damaged(
      `its kernel ${spell(kernel.shape)} does not fit ${channels} channels.`,
    );
  const strides = call.spatial("strides");
  const padding = call.padding();
  const own = call.spatial("dilations");
  const pointwise = kernel.shape[0] === 1 && kernel.shape[1] === 1;
  if (spread) {
    const plain =
      strides.join() === "1,1" &&
      own.join() === "1,1" &&
      (padding === "valid" || pointwise);
    if (!plain)
      call.refuse(
        "it stands between SpaceToBatchND and BatchToSpaceND and has strides, dilations or padding.",
      );
  }
  const y = call.lowering.conv2d(call.name, x, kernel, bias, {
    order,
    strides,
    dilations: spread ? spread.block : own,
    padding,
    groups: channels / each,
  });
  return spread ? { ...spread, value: y } : y;
}

function channelsOf(call: Call, { dims }: Value, order: MapOrder): number {
  const channels = order === "NCHW" ? dims[1] : dims[3];
  if (dims.length !== 4 || channels === undefined)
    call.refuse(
      `its input has the shape ${spell(dims)}.`,
      "It works on maps of four dimensions.",
    );
  return channels;
}

/** The gradient of a convolution as a layer: zeros between the pixels, then the kernel turned around. */
function transposedConvolution(call: Call): Value {
  const { lowering, name } = call;
  const order = call.order();
  const [size, kernel, x] = [
    call.numbers(0, "output's shape"),
    call.weight(1, "kernel"),
    call.value(2),
  ];
  const spatial = order === "NCHW" ? [2, 3] : [1, 2];
  const [rows = 0, columns = 0] = spatial;
  const channels = channelsOf(call, x, order);
  const [height = 0, width = 0, out = 0, from = 0] = kernel.shape;
  if (kernel.shape.length !== 4 || from !== channels)
    call.damaged(
      `its kernel ${spell(kernel.shape)} does not fit ${channels} channels.`,
    );
  const strides = call.spatial("strides");
  const dilations = call.spatial("dilations");
  const output: Pair = [size[rows] ?? 0, size[columns] ?? 0];
  // the padding of the convolution this is the gradient of
  const pads = padsOf(
    { size: [height, width], strides, dilations, padding: call.padding() },
    output,
  );
  const reach: Pair = [(height - 1) * dilations[0], (width - 1) * dilations[1]];
  let y = x;
  const amounts: Pair[] = [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  for (const [i, axis] of spatial.entries()) {
    const at = i === 0 ? 0 : 1;
    const pixels = x.dims[axis] ?? 0;
    const wide = (pixels - 1) * strides[at] + 1;
    const before = reach[at] - pads[at][0];
    const after = output[at] + reach[at] - before - wide;
    if (!(output[at] >= 1) || !(after > -strides[at] - reach[at]))
      call.damaged(`its output's shape ${spell(size)} does not fit.`);
    y = spaced(call, y, axis, strides[at]);
    amounts[axis] = [before, after];
  }
  const padded = lowering.pad(
    name,
    cropped(call, y, amounts),
    amounts.map(([a, b]): Pair => [Math.max(0, a), Math.max(0, b)]),
    "constant",
    0,
  );
  return lowering.conv2d(
    name,
    padded,
    { shape: [height, width, from, out], data: turned(kernel) },
    null,
    { order, strides: [1, 1], dilations, padding: "valid", groups: 1 },
  );
}

/** Zeros between the values along an axis: n values become (n - 1) stride + 1. */
function spaced(call: Call, x: Value, axis: number, stride: number): Value {
  if (stride === 1) return x;
  const { lowering, name } = call;
  const before = x.dims.slice(0, axis);
  const after = x.dims.slice(axis + 1);
  const pixels = x.dims[axis] ?? 0;
  const apart = lowering.reshape(name, x, [...before, pixels, 1, ...after]);
  const amounts = apart.dims.map((_, i): Pair => [
    0,
    i === axis + 1 ? stride - 1 : 0,
  ]);
  const padded = lowering.pad(name, apart, amounts, "constant", 0);
  const joined = lowering.reshape(name, padded, [
    ...before,
    pixels * stride,
    ...after,
  ]);
  const size = joined.dims.map((d, i) => (i === axis ? d - (stride - 1) : d));
  return sliceOf(
    call,
    joined,
    size.map(() => 0),
    size,
  );
}

/** What negative amounts of padding take away. */
function cropped(call: Call, x: Value, amounts: readonly Pair[]): Value {
  if (amounts.flat().every((n) => n >= 0)) return x;
  const begin = amounts.map(([before]) => Math.max(0, -before));
  const size = x.dims.map((d, i) => {
    const [before, after] = amounts[i] ?? [0, 0];
    return d - Math.max(0, -before) - Math.max(0, -after);
  });
  return sliceOf(call, x, begin, size);
}

function sliceOf(
  { lowering, name }: Call,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
): Value {
  return lowering.slice(
    name,
    x,
    begin,
    size,
    size.map(() => 1),
  );
}

/** A kernel [height, width, out, in] turned by half, as [height, width, in, out]. */
function turned({ shape, data }: Weight): Float32Array {
  const [height = 0, width = 0, out = 0, from = 0] = shape;
  const pixels = height * width;
  const values = new Float32Array(data.length);
  for (let p = 0; p < pixels; p++)
    for (let o = 0; o < out; o++)
      for (let i = 0; i < from; i++)
        values[((pixels - 1 - p) * from + i) * out + o] =
          data[(p * out + o) * from + i] ?? 0;
  return values;
}

function spaceToBatch(call: Call): Outcome {
  const { block, pads } = blocksOf(call, "paddings");
  const x = call.value(0);
  const amounts = x.dims.map((_, i): Pair => pads[i - 1] ?? [0, 0]);
  const value = call.lowering.pad(call.name, x, amounts, "constant", 0);
  return { kind: "spread", value, block };
}

function batchToSpace(call: Call): Outcome {
  const { block, pads } = blocksOf(call, "crops");
  const spread = call.outcome(0);
  if (spread.kind !== "spread" || spread.block.join() !== block.join())
    call.refuse(
      "there is no SpaceToBatchND before it that fits.",
      "The two are supported where they dilate a convolution.",
    );
  const amounts = spread.value.dims.map((_, i): Pair => {
    const [before, after] = pads[i - 1] ?? [0, 0];
    return [-before, -after];
  });
  return cropped(call, spread.value, amounts);
}

/** Block sizes (input 1) and paddings or crops (input 2) along height and width; one block of two values where width is left out. */
function blocksOf(call: Call, what: string): { block: Pair; pads: Pads } {
  const block = call.numbers(1, "block's shape");
  const [top, bottom, left = 0, right = 0] = call.numbers(2, what);
  const [rows, columns = 1, ...others] = block;
  if (
    rows === undefined ||
    others.length > 0 ||
    top === undefined ||
    bottom === undefined ||
    ![rows, columns].every((n) => Number.isInteger(n) && n >= 1) ||
    ![top, bottom, left, right].every((n) => Number.isInteger(n) && n >= 0)
  )
    call.refuse(
      `its block is ${spell(block)}.`,
      "Supported are blocks of height and width.",
    );
  return {
    block: [rows, columns],
    pads: [
      [top, bottom],
      [left, right],
    ],
  };
}

export const convolutions: Readonly<Record<string, Lower>> = {
  Conv2D: (call) => convolve(call),
  DepthwiseConv2dNative: (call) => convolveDepthwise(call),
  Conv2DBackpropInput: transposedConvolution,
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
};
