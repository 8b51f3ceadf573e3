/** Every operation inside a network: the compiled step and tfjs-core's own autodiff give one gradient. */
import { tensor4d } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import type { NativeRuntime, Network } from "../../../src/engine";
import { startImage } from "../../../src/engine/ascent/start";
import { node, type Node, type Shape } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { compileStep } from "../../../src/engine/step/compile";
import { eagerStep } from "../../../src/engine/step/eager";
import { openBackend } from "../../../src/main/host/backend";
import type { Method } from "../../../src/shared/domain";
import { count } from "../../../src/engine/network/ops/check";
import { network, randomWeight, relu } from "../../support/small-networks";
import { cosine, norm } from "../../support/vectors";
import { opCases, type OpCase } from "../network/op-cases";

const methods: Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.1 },
  { kind: "proxygrad", slope: 0.3 },
  { kind: "slopes", forward: 0.6, backward: 0.2 },
];
const classes = 5;
const batch = 2;

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

/**
 * Nodes that make a value of this shape of the image: a convolution, averaged where it has no extent.
 * `bare`: without a rectifier, so that TensorFlow may fuse an activation that follows.
 */
function source(
  name: string,
  shape: Shape,
  image: Shape,
  seed: number,
  bare: boolean,
): Node[] {
  const channels = shape.at(-1) ?? 1;
  const whole =
    shape.length === 3 && shape[0] === image[0] && shape[1] === image[1];
  const conv = whole && bare ? name : `${name}/conv`;
  const nodes: Node[] = [
    node(
      ops.conv2d,
      conv,
      ["input"],
      { strides: [1, 1], dilations: [1, 1], padding: "same", groups: 1 },
      {
        kernel: randomWeight([3, 3, 3, channels], 0.4, seed),
        bias: randomWeight([channels], 0.3, seed + 1),
      },
    ),
  ];
  if (whole && bare) return nodes;
  if (whole) nodes.push(relu(name, conv, 0.5));
  else if (shape.length === 1 || (shape[0] === 1 && shape[1] === 1))
    nodes.push(
      node(ops.globalAverage, name, [conv], {
        keepDims: shape.length === 3,
      }),
    );
  else {
    const size = count(shape);
    const all = count(image);
    return [
      node(ops.flatten, `${name}/image`, ["input"], {}),
      node(
        ops.dense,
        `${name}/dense`,
        [`${name}/image`],
        {},
        { kernel: randomWeight([all, size], 1 / Math.sqrt(all), seed) },
      ),
      node(ops.reshape, name, [`${name}/dense`], { shape }),
    ];
  }
  return nodes;
}

/** The same with values above 0 only. */
function positiveSource(name: string, ...rest: SourceArguments): Node[] {
  return [
    ...source(`${name}/any`, ...rest),
    node(ops.softplus, `${name}/soft`, [`${name}/any`], {}),
    // away from 0
    node(ops.softplus, name, [`${name}/soft`], {}),
  ];
}
type SourceArguments =
  Parameters<typeof source> extends [string, ...infer Rest] ? Rest : never;

/** image -> what the operation reads -> the operation -> rectifier -> dense. */
function networkAround(one: OpCase): Network {
  const { node: middle, shapes, positive, constants } = one;
  const map = shapes.find((shape) => shape.length === 3);
  const [height = 5, width = 6] = map ?? [];
  const image = [height, width, 3] as const;
  const before = shapes.flatMap((shape, i) => {
    const name = middle.inputs[i] ?? "";
    const seed = 20 + 2 * i;
    if (constants.includes(i)) {
      const { data } = randomWeight(shape, 1, seed);
      const value = positive ? data.map((v) => Math.abs(v) + 0.2) : data;
      return [
        node(
          ops.constant,
          name,
          ["input"],
          {},
          { value: { shape, data: value } },
        ),
      ];
    }
    const make = positive ? positiveSource : source;
    return make(name, shape, image, seed, middle.op.activation === true);
  });
  const size = count(middle.op.infer(shapes, middle));
  return network(image, [
    ...before,
    middle,
    relu("after", "node", 0.2),
    node(ops.flatten, "flat", ["after"], {}),
    node(
      ops.dense,
      "logits",
      ["flat"],
      {},
      {
        kernel: randomWeight([size, classes], 1 / Math.sqrt(size), 30),
        bias: randomWeight([classes], 0.1, 31),
      },
    ),
  ]);
}

const around = opCases.map((one) => ({
  title: one.title,
  whole: networkAround(one),
}));

it("is asked of every operation", () => {
  const asked = new Set(
    around.flatMap(({ whole }) => whole.nodes.map((n) => n.op.kind)),
  );
  // a gradient held still agrees with no finite difference: stop-gradient.test.ts holds it
  const all = Object.values(ops)
    .map((op) => op.kind)
    .filter((kind) => kind !== ops.stopGradient.kind);
  expect([...asked].sort()).toEqual([...all].sort());
});

it.for(around)("$title", ({ whole }, { skip }) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const options = {
    network: whole,
    methods,
    batch,
    precision: "float32",
    regularization: { blur: 0, rotate: 0 },
  } as const;
  const compiled = compileStep(options, runtime);
  const eager = eagerStep(options);
  const values = [1, 2].map((seed) => startImage(whole.input, 0.5, seed));
  const images = tensor4d(Float32Array.from(values.flatMap((v) => [...v])), [
    batch,
    ...whole.input,
  ]);
  const directions = Float32Array.from([0, 1, 0, 0, 0, 0, 0, 0.5, -1, 0]);
  methods.forEach((_, method) => {
    const ours = compiled.gradient(method, images, directions);
    const theirs = eager.gradient(method, images, directions);
    expect(norm(theirs.gradients)).toBeGreaterThan(0);
    expect(cosine(ours.gradients, theirs.gradients)).toBeGreaterThan(0.9999);
    ours.norms.forEach((n, i) =>
      expect(Math.abs(n / (theirs.norms[i] ?? NaN) - 1)).toBeLessThan(1e-3),
    );
    expect(cosine(ours.logits, theirs.logits)).toBeGreaterThan(0.999999);
  });
  images.dispose();
  compiled.dispose();
  eager.dispose();
});
