/** What is asked of a network without an ascent: scores, one gradient, the time of a step. */
import { tensor4d } from "@tensorflow/tfjs-core";
import type { Method, Precision, Target } from "../shared/domain";
import { Fault } from "../shared/fault";
import { objectiveOf, signOf } from "../shared/target";
import { checkTarget } from "./ascent/ascend";
import { startImage } from "./ascent/start";
import { classCount, type Network } from "./network/network";
import { makeStep } from "./step/make-step";
import type { NativeRuntime } from "./step/runtime";

interface On {
  readonly network: Network;
  /** Null: tfjs-core's eager backend. */
  readonly runtime: NativeRuntime | null;
}

const still = { blur: 0, rotate: 0 };

/**
 * Logits of the original network, one array [class] an image.
 * `images`: [height, width, channel], x in [-1, 1].
 */
export function scoreImages(
  { network, runtime, batch = 8 }: On & { readonly batch?: number },
  images: readonly Float32Array[],
): Float32Array[] {
  const size = network.input.reduce((a, b) => a * b);
  for (const image of images) checkSize(network, image);
  const used = Math.max(1, Math.min(batch, images.length));
  const step = makeStep(
    {
      network,
      methods: [],
      batch: used,
      precision: "float32",
      regularization: still,
    },
    runtime,
  );
  try {
    const classes = classCount(network);
    const logits: Float32Array[] = [];
    for (let first = 0; first < images.length; first += used) {
      const values = new Float32Array(used * size);
      const chunk = images.slice(first, first + used);
      chunk.forEach((image, i) => values.set(image, i * size));
      const input = tensor4d(values, [used, ...network.input]);
      const scored = step.score(input);
      input.dispose();
      chunk.forEach((_, i) =>
        logits.push(scored.slice(i * classes, (i + 1) * classes)),
      );
    }
    return logits;
  } finally {
    step.dispose();
  }
}

export interface Gradient {
  /** [height, width, channel], with respect to x in [-1, 1], preprocessing included. */
  readonly gradient: Float32Array;
  /** The objective in the original network: the target's logit, its negative where it is minimised. */
  readonly score: number;
  /** Of the original network, [class]. */
  readonly logits: Float32Array;
  /** L2 norm of the gradient. */
  readonly norm: number;
}

/** The gradient of a target under a method's own network: a Leaky run's forward slope counts. */
export function gradientOf(
  {
    network,
    runtime,
    method,
    target,
    precision = "float32",
  }: On & {
    readonly method: Method;
    readonly target: Target;
    readonly precision?: Precision;
  },
  image: Float32Array,
): Gradient {
  checkSize(network, image);
  checkTarget(network, target);
  const step = makeStep(
    { network, methods: [method], batch: 1, precision, regularization: still },
    runtime,
  );
  try {
    const direction = new Float32Array(step.classes);
    direction[target.index] = signOf(target);
    const input = tensor4d(image, [1, ...network.input]);
    const { gradients, norms, logits } = step.gradient(0, input, direction);
    input.dispose();
    return {
      gradient: gradients,
      score: objectiveOf(target, logits),
      logits,
      norm: norms[0] ?? NaN,
    };
  } finally {
    step.dispose();
  }
}

/**
 * Median milliseconds of one image's share of a bare step: forward, backward, update and clip,
 * without regularization; compilation and five warm-up steps excluded.
 */
export function benchStep({
  network,
  runtime,
  method,
  batch,
  steps,
  precision,
}: On & {
  readonly method: Method;
  readonly batch: number;
  readonly steps: number;
  readonly precision: Precision;
}): { msPerImageStep: number } {
  const step = makeStep(
    { network, methods: [method], batch, precision, regularization: still },
    runtime,
  );
  const start = startImage(network.input, 0.1, 1);
  const values = new Float32Array(batch * start.length);
  const directions = new Float32Array(batch * step.classes);
  for (let i = 0; i < batch; i++) {
    values.set(start, i * start.length);
    directions[i * step.classes + (i % step.classes)] = 1;
  }
  let images = tensor4d(values, [batch, ...network.input]);
  try {
    const times: number[] = [];
    for (let i = -5; i < steps; i++) {
      const before = performance.now();
      const next = step.advance(0, images, directions, 5).images;
      if (i >= 0) times.push(performance.now() - before);
      images.dispose();
      images = next;
    }
    times.sort((a, b) => a - b);
    return { msPerImageStep: (times[times.length >> 1] ?? NaN) / batch };
  } finally {
    images.dispose();
    step.dispose();
  }
}

function checkSize(network: Network, image: Float32Array): void {
  const [height, width, channels] = network.input;
  if (image.length !== height * width * channels)
    throw new Fault(
      "invalid-request",
      `An image of ${image.length} values does not fit the network's input of ${height} x ${width} x ${channels}.`,
    );
}
