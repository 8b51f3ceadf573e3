/** The input gradient of a strided convolution that reads few channels, as a convolution without stride. */
import type { GraphBuilder, Ref } from "../../step/graph";
import type { Weight } from "../op";
import { floatOf, mapOf, spatial } from "./emitting";
import { padsOf, type Pair, type Window } from "./window";

/** Beyond it oneDNN's own gradient is as fast. Images have 1, 3 or 4. */
const mostChannels = 4;

/**
 * oneDNN is slow at gradients with few channels: the image's under the 7 x 7 kernel of a ResNet takes six times
 * as long as this. With stride s, pixels u = s m + r of each phase r = 0 ... s - 1 see fixed places of the kernel,
 * so the gradients of all phases are the s^2 * channels outputs of one convolution of dy, which depth-to-space
 * then puts side by side: dx[s m + r] = sum over j of dy[m + j] K[r + pad - s j].
 *
 * Null where this does not apply. `kernel`: [kernel height, kernel width, in, out]; dilations and groups are 1.
 */
export function emitPhases(
  graph: GraphBuilder,
  kernel: Weight,
  dy: Ref,
  shape: readonly [number, number, number, number],
  window: Window,
): Ref | null {
  const [batch, height, width, channels] = shape;
  const [stride, across] = window.strides;
  if (stride < 2 || stride !== across || channels > mostChannels) return null;
  const [, rows, columns, out] = mapOf(dy);
  const pads = padsOf(window, [height, width]);
  const down = reachOf(window.size[0], stride, pads[0][0], height, rows);
  const right = reachOf(window.size[1], stride, pads[1][0], width, columns);
  if (!down || !right) return null;
  const filter = phaseKernel(kernel, stride, down, right, [
    pads[0][0],
    pads[1][0],
  ]);
  const phases = stride * stride * channels;
  const apart = graph.add(
    "Conv2D",
    [
      dy,
      graph.floats(filter, [down.taps, right.taps, out, phases], floatOf(dy)),
    ],
    {
      T: { type: dy.dtype },
      strides: spatial([1, 1]),
      dilations: spatial([1, 1]),
      padding: { string: "EXPLICIT" },
      explicit_paddings: {
        ints: [0, 0, ...down.pads, ...right.pads, 0, 0],
      },
      data_format: { string: "NHWC" },
      use_cudnn_on_gpu: { bool: true },
    },
    { shape: [batch, down.count, right.count, phases] },
  );
  const whole = [batch, down.count * stride, right.count * stride, channels];
  const together = graph.add(
    "DepthToSpace",
    [apart],
    {
      T: { type: dy.dtype },
      block_size: { int: stride },
      data_format: { string: "NHWC" },
    },
    { shape: whole },
  );
  return whole.join() === shape.join()
    ? together
    : graph.slice(together, [0, 0, 0, 0], shape);
}

/** Along one axis: m = 0 ... count - 1, and j = first ... first + taps - 1. */
interface Reach {
  readonly count: number;
  readonly first: number;
  readonly taps: number;
  /** Zeros around dy. */
  readonly pads: Pair;
}

/** Null where the convolution would have to leave some of dy out. */
function reachOf(
  size: number,
  stride: number,
  before: number,
  length: number,
  outputs: number,
): Reach | null {
  const count = Math.ceil(length / stride);
  // K's place r + before - stride j lies in 0 ... size - 1
  const last = Math.floor((stride - 1 + before) / stride);
  const first = Math.ceil((before - size + 1) / stride);
  const pads: Pair = [-first, count - 1 + last - (outputs - 1)];
  return pads[0] < 0 || pads[1] < 0
    ? null
    : { count, first, taps: last - first + 1, pads };
}

/** [tap, tap, out, (phase, phase, in)] */
function phaseKernel(
  { shape, data }: Weight,
  stride: number,
  down: Reach,
  right: Reach,
  before: Pair,
): Float32Array {
  const [height = 0, width = 0, channels = 0, out = 0] = shape;
  const phases = stride * stride * channels;
  const filter = new Float32Array(down.taps * right.taps * out * phases);
  let to = 0;
  for (let tapY = 0; tapY < down.taps; tapY++)
    for (let tapX = 0; tapX < right.taps; tapX++)
      for (let o = 0; o < out; o++)
        for (let r = 0; r < stride; r++)
          for (let q = 0; q < stride; q++) {
            const y = r + before[0] - stride * (tapY + down.first);
            const x = q + before[1] - stride * (tapX + right.first);
            const inside = y >= 0 && x >= 0 && y < height && x < width;
            for (let c = 0; c < channels; c++, to++)
              if (inside)
                filter[to] =
                  data[((y * width + x) * channels + c) * out + o] ?? 0;
          }
  return filter;
}
