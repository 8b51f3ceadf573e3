/** The input gradient of a convolution without stride, as a convolution with the kernel turned round. */
import type { GraphBuilder, Ref } from "../../step/graph";
import type { Weight } from "../op";
import { floatOf, spatial } from "./emitting";
import { padsOf, type Pads, type Window } from "./window";

/** Kernels of more values are not worth a second copy, and may be fed with every call. */
const mostValues = 4 << 20;

/**
 * dx[y] = sum over k of dy[y + pad - k] K[k]: a convolution of dy with the kernel turned by 180 degrees, its two kinds
 * of channels swapped, and with what a full correlation pads less what the forward pass padded. oneDNN lays out the
 * kernel of a forward convolution once, and that of a gradient in every step.
 *
 * Null where this does not apply. `kernel`: [kernel height, kernel width, in, out]; groups are 1.
 */
export function emitTurned(
  graph: GraphBuilder,
  kernel: Weight,
  dy: Ref,
  shape: readonly [number, number, number, number],
  window: Window,
): Ref | null {
  const [batch, height, width, channels] = shape;
  const { size, strides, dilations } = window;
  if ([...strides, ...dilations].some((n) => n > 1)) return null;
  if (kernel.data.length >= mostValues) return null;
  const [rows, columns] = padsOf(window, [height, width]);
  const pads: Pads = [
    [size[0] - 1 - rows[0], size[0] - 1 - rows[1]],
    [size[1] - 1 - columns[0], size[1] - 1 - columns[1]],
  ];
  // padding wider than the window cannot be turned round
  if (pads.flat().some((n) => n < 0)) return null;
  const none = pads.flat().every((n) => n === 0);
  const out = kernel.shape[3] ?? 0;
  return graph.add(
    "Conv2D",
    [dy, graph.floats(turned(kernel), [...size, out, channels], floatOf(dy))],
    {
      T: { type: dy.dtype },
      strides: spatial(strides),
      dilations: spatial(dilations),
      padding: { string: none ? "VALID" : "EXPLICIT" },
      explicit_paddings: {
        ints: none ? [] : [0, 0, ...pads[0], ...pads[1], 0, 0],
      },
      data_format: { string: "NHWC" },
      use_cudnn_on_gpu: { bool: true },
    },
    { shape: [batch, height, width, channels] },
  );
}

/** [kernel height, kernel width, out, in], turned by 180 degrees. */
function turned({ shape, data }: Weight): Float32Array {
  const [height = 0, width = 0, channels = 0, out = 0] = shape;
  const places = height * width;
  const block = channels * out;
  const result = new Float32Array(data.length);
  for (let place = 0; place < places; place++) {
    const from = (places - 1 - place) * block;
    const to = place * block;
    for (let o = 0; o < out; o++)
      for (let c = 0; c < channels; c++)
        result[to + o * channels + c] = data[from + c * out + o] ?? 0;
  }
  return result;
}
