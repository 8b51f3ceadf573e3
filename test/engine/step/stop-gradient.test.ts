/** A branch through which no gradient flows: the value stays, the gradient is that of the other branch alone. */
import { tensor4d } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeRuntime, Network } from "../../../src/engine";
import { startImage } from "../../../src/engine/ascent/start";
import { node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { pack, unpack } from "../../../src/engine/network/portable";
import { compileStep } from "../../../src/engine/step/compile";
import { eagerStep } from "../../../src/engine/step/eager";
import { openBackend } from "../../../src/main/host/backend";
import type { Method } from "../../../src/shared/domain";
import { network, randomWeight, relu } from "../../support/small-networks";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

const kernel = randomWeight([3, 3, 3, 4], 0.5, 1);
const conv = node(
  ops.conv2d,
  "conv",
  ["input"],
  { strides: [1, 1], dilations: [1, 1], padding: "same", groups: 1 },
  { kernel },
);
const mean = (input: string) =>
  node(ops.globalAverage, "mean", [input], { keepDims: false });

/** mean(relu(conv) + stop(relu(conv))) */
const stopped = network(
  [6, 5, 3],
  [
    conv,
    relu("relu", "conv"),
    node(ops.stopGradient, "still", ["relu"], {}),
    node(ops.add, "sum", ["relu", "still"], {}),
    mean("sum"),
  ],
);
/** mean(relu(conv)): half the value, all of the gradient. */
const plain = network([6, 5, 3], [conv, relu("relu", "conv"), mean("relu")]);

const methods: readonly Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.2 },
  { kind: "proxygrad", slope: 0.3 },
];

function gradientsOf(net: Network, method: Method, native: boolean) {
  const options = {
    network: net,
    methods: [method],
    batch: 1,
    precision: "float32",
    regularization: { blur: 0, rotate: 0, rotateProbability: 0 },
  } as const;
  const step =
    native && runtime ? compileStep(options, runtime) : eagerStep(options);
  const image = startImage(net.input, 0.5, 3);
  const input = tensor4d(image, [1, ...net.input]);
  const { gradients, logits } = step.gradient(
    0,
    input,
    Float32Array.of(0, 1, 0, 0),
  );
  input.dispose();
  step.dispose();
  return { gradients, logits };
}

describe.each([true, false])("compiled: %s", (native) => {
  it.for(methods)("a stopped branch under $kind", (method, { skip }) => {
    if (native && !runtime) return skip("native TensorFlow is not built");
    const whole = gradientsOf(plain, method, native);
    // through the thread that reads networks, too
    const half = gradientsOf(unpack(pack(stopped).network), method, native);
    expect(Math.max(...whole.gradients.map(Math.abs))).toBeGreaterThan(1e-4);
    half.gradients.forEach((value, i) => {
      expect(value).toBeCloseTo(whole.gradients[i] ?? NaN, 6);
    });
    half.logits.forEach((value, i) => {
      expect(value).toBeCloseTo(2 * (whole.logits[i] ?? NaN), 5);
    });
  });
});
