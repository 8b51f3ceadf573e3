/** Activations one after the other behind a convolution or a dense layer: whatever TensorFlow fuses, the values stay. */
import { tensor4d } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeRuntime, Network } from "../../../src/engine";
import { startImage } from "../../../src/engine/ascent/start";
import { node, type Node, type Op } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { compileStep } from "../../../src/engine/step/compile";
import { eagerStep } from "../../../src/engine/step/eager";
import { openBackend } from "../../../src/main/host/backend";
import { network, randomWeight } from "../../support/small-networks";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

type Make = (name: string, input: string) => Node;

function make<A extends object>(op: Op<A>, attributes: A): Make {
  return (name, input) => node(op, name, [input], attributes);
}

const activations: Readonly<Record<string, Make>> = {
  relu: make(ops.rectifier, { slope: 0, ceiling: null }),
  relu6: make(ops.rectifier, { slope: 0, ceiling: 6 }),
  leaky: make(ops.rectifier, { slope: 0.4, ceiling: null }),
  steep: make(ops.rectifier, { slope: 1.5, ceiling: null }),
  elu: make(ops.elu, { alpha: 1 }),
  wideElu: make(ops.elu, { alpha: 1.5 }),
  sigmoid: make(ops.sigmoid, {}),
  tanh: make(ops.tanh, {}),
  softplus: make(ops.softplus, {}),
  swish: make(ops.swish, {}),
  mish: make(ops.mish, {}),
  gelu: make(ops.gelu, {}),
  geluTanh: make(ops.geluTanh, {}),
  hardSwish: make(ops.hardSwish, {}),
  hardSigmoid: make(ops.hardSigmoid, { slope: 1 / 6, offset: 0.5 }),
  clip: make(ops.clip, { low: -0.5, high: 0.75 }),
  negate: make(ops.negate, {}),
};

const names = Object.keys(activations);
/** Those that TensorFlow may fuse with what is before them. */
const last = ["relu", "relu6", "leaky", "steep", "elu", "swish"];

const image = [6, 6, 3] as const;

/** No two alike: TensorFlow computes equal ones once, and then fuses nothing. */
let seed = 0;
function unique(shape: readonly number[], scale: number) {
  return randomWeight(shape, scale, ++seed);
}

function conv(name: string, bias: boolean): Node {
  return node(
    ops.conv2d,
    name,
    ["input"],
    { strides: [1, 1], dilations: [1, 1], padding: "valid", groups: 1 },
    {
      kernel: unique([3, 3, 3, 4], 0.6),
      ...(bias ? { bias: unique([4], 0.5) } : {}),
    },
  );
}

function depthwise(name: string): Node {
  return node(
    ops.depthwiseConv2d,
    name,
    ["input"],
    { strides: [1, 1], dilations: [1, 1], padding: "valid" },
    {
      kernel: unique([3, 3, 3, 1], 0.6),
      bias: unique([3], 0.5),
    },
  );
}

function dense(name: string): Node[] {
  return [
    node(ops.flatten, `${name}/flat`, ["input"], {}),
    node(
      ops.dense,
      name,
      [`${name}/flat`],
      {},
      {
        kernel: unique([108, 5], 0.2),
        bias: unique([5], 0.5),
      },
    ),
  ];
}

const sources: Readonly<Record<string, (name: string) => Node[]>> = {
  "a convolution": (name) => [conv(name, true)],
  "a convolution without bias": (name) => [conv(name, false)],
  "a depthwise convolution": (name) => [depthwise(name)],
  "a dense layer": dense,
  "a convolution and a sum": (name) => [
    conv(`${name}/conv`, true),
    conv(`${name}/other`, false),
    node(ops.add, name, [`${name}/conv`, `${name}/other`], {}),
  ],
};

/** One branch a pair of activations, their values side by side. */
function pairs(source: (name: string) => Node[]): Network {
  const branches = names.flatMap((a) => last.map((b) => `${a} ${b}`));
  const nodes = branches.flatMap((name) => {
    const [a = "", b = ""] = name.split(" ");
    const before = source(`${name} x`);
    const one = activations[a]?.(`${name} a`, `${name} x`);
    const two = activations[b]?.(`${name} b`, `${name} a`);
    if (!one || !two) throw new RangeError(name);
    return [...before, one, two, node(ops.flatten, name, [`${name} b`], {})];
  });
  return network(image, [...nodes, node(ops.concat, "logits", branches, {})]);
}

describe.each(Object.keys(sources))("%s", (name) => {
  it.for(["float32", "bfloat16"] as const)("in %s", (precision, { skip }) => {
    if (!runtime) return skip("native TensorFlow is not built");
    const whole = pairs(sources[name] ?? dense);
    const options = {
      network: whole,
      methods: [{ kind: "relu" }],
      batch: 1,
      precision,
      regularization: { blur: 0, rotate: 0 },
    } as const;
    const compiled = compileStep(options, runtime);
    const eager = eagerStep(options);
    const x = tensor4d(startImage(image, 0.7, 1), [1, ...image]);
    const ours = compiled.score(x);
    const theirs = eager.score(x);
    const bad = new Set<string>();
    const per = theirs.length / names.length / last.length;
    theirs.forEach((v, i) => {
      if (Math.abs((ours[i] ?? NaN) - v) < 1e-4) return;
      const at = Math.floor(i / per);
      bad.add(
        `${names[Math.floor(at / last.length)]} ${last[at % last.length]}`,
      );
    });
    expect([...bad]).toEqual([]);
    x.dispose();
    compiled.dispose();
    eager.dispose();
  });
});

it("keeps to the rule at exact zeros under a bias of zeros", ({ skip }) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const zeros = { shape: [4], data: new Float32Array(4) };
  const { op, attributes, weights } = conv("c", false);
  const whole = network(image, [
    node(op, "c", ["input"], attributes, { ...weights, bias: zeros }),
    node(ops.rectifier, "r", ["c"], { slope: 0, ceiling: null }),
    node(ops.globalAverage, "logits", ["r"], { keepDims: false }),
  ]);
  const options = {
    network: whole,
    methods: [{ kind: "proxygrad", slope: 0.25 }],
    batch: 1,
    precision: "float32",
    regularization: { blur: 0, rotate: 0 },
  } as const;
  const compiled = compileStep(options, runtime);
  const eager = eagerStep(options);
  const x = tensor4d(new Float32Array(108), [1, ...image]);
  const direction = Float32Array.of(1, 0, 0, 0);
  expect([...compiled.score(x)]).toEqual([0, 0, 0, 0]);
  // the factor at 0 is the backward slope
  const ours = compiled.gradient(0, x, direction);
  const theirs = eager.gradient(0, x, direction);
  expect(Math.max(...theirs.gradients)).toBeGreaterThan(0);
  theirs.gradients.forEach((v, i) => {
    expect(ours.gradients[i]).toBeCloseTo(v, 6);
  });
  x.dispose();
  compiled.dispose();
  eager.dispose();
});
