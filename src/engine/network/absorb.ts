import { inputName, type Network } from "./network";
import { constant } from "./ops/constant";
import { conv2d } from "./ops/conv2d";
import type { Node, Weight } from "./op";
import { preprocessOf, type Preprocess } from "./preprocess";

/**
 * Takes the preprocessing's channel order and scale into the kernel of the first convolution, where that alone
 * reads the input: x * scale + offset = scale * (x + offset / scale), and a zero of the padding is a zero of both.
 * What is left is a shift of the image. Saves two passes over it forward and two backward.
 */
export function absorbPreprocess(network: Network): {
  readonly network: Network;
  readonly preprocess: Preprocess | null;
} {
  const preprocess = preprocessOf(network);
  // a constant names the input and does not look at it
  const readers = network.nodes.filter(
    ({ inputs, op }) => inputs.includes(inputName) && op !== constant,
  );
  const [first] = readers;
  const kernel = first?.weights["kernel"];
  if (
    !preprocess ||
    !first ||
    !kernel ||
    readers.length > 1 ||
    first.op !== conv2d ||
    // a grouped kernel is [.., channel / groups, ..]
    kernel.shape[2] !== network.input[2]
  )
    return { network, preprocess };
  const absorbed: Node = {
    ...first,
    weights: { ...first.weights, kernel: absorb(kernel, preprocess) },
  };
  const { scale, offset, reversed } = preprocess;
  const shift = scale.map((s, channel) => (offset[channel] ?? 0) / s);
  return {
    network: {
      ...network,
      nodes: network.nodes.map((node) => (node === first ? absorbed : node)),
    },
    preprocess: {
      reversed: false,
      scale: scale.map(() => 1),
      offset: reversed ? shift.toReversed() : shift,
    },
  };
}

/** [kernel height, kernel width, in, out], scaled along `in` and put into the image's channel order. */
function absorb(
  { shape, data }: Weight,
  { scale, reversed }: Preprocess,
): Weight {
  const [, , channels = 1, out = 1] = shape;
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / out) % channels;
    const to = reversed ? i + (channels - 1 - 2 * channel) * out : i;
    result[to] = (data[i] ?? 0) * (scale[channel] ?? 1);
  }
  return { shape, data: result };
}
