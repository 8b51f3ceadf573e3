/** Gradients of weights, and of batch norm's input in training, against central differences. */
import { dispose, tensor, type Tensor } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeRuntime } from "../../../src/engine";
import { node, type Node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import type { Padding } from "../../../src/engine/network/ops/index";
import { GraphBuilder, type Ref } from "../../../src/engine/step/graph";
import { openBackend } from "../../../src/main/host/backend";
import { randomWeight, weight } from "../../support/small-networks";
import { cosine, norm } from "../../support/vectors";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

const batch = 3;
type Values = Readonly<Record<string, Float32Array>>;

/** One operation in training: its value, and the gradients of sum(dy * value) by "x" and by the weights' names. */
class Trained {
  readonly #runtime: NativeRuntime;
  readonly #loaded: ReturnType<NativeRuntime["load"]>;
  readonly #shapes: Readonly<Record<string, readonly number[]>>;
  readonly #value: Ref;
  readonly #gradients: Readonly<Record<string, Ref>>;

  constructor(runtime: NativeRuntime, of: Node, input: readonly number[]) {
    const graph = new GraphBuilder();
    const x = graph.placeholder("x", [batch, ...input]);
    const placeholders = new Map<string, Ref>();
    for (const [name, { shape }] of Object.entries(of.weights))
      placeholders.set(name, graph.placeholder(name, shape));
    const emission = of.op.emit([x], of, {
      graph,
      training: true,
      forwardSlope: (own) => own,
      weight(_, name) {
        const ref = placeholders.get(name);
        if (!ref) throw new RangeError(`no weight ${name}`);
        return ref;
      },
    });
    const dy = graph.placeholder("dy", emission.output.shape);
    const context = { graph, backwardSlope: (own: number) => own };
    const [dx] = emission.adjoint(dy, context);
    if (!dx) throw new RangeError("no gradient of the input");
    this.#gradients = { x: dx, ...emission.weightAdjoint?.(dy, context) };
    this.#value = emission.output;
    this.#shapes = { dy: dy.shape, x: x.shape };
    for (const [name, { shape }] of placeholders)
      this.#shapes = { ...this.#shapes, [name]: shape };
    this.#runtime = runtime;
    this.#loaded = runtime.load(runtime.encode(graph.definition));
  }

  get names(): string[] {
    return Object.keys(this.#gradients);
  }

  get outputs(): readonly number[] {
    return this.#value.shape;
  }

  value(values: Values): Float32Array {
    return this.#run(values, this.#value);
  }

  gradient(values: Values, name: string): Float32Array {
    const ref = this.#gradients[name];
    if (!ref) throw new RangeError(`no gradient of ${name}`);
    return this.#run(values, ref);
  }

  dispose(): void {
    this.#runtime.unload(this.#loaded);
  }

  #run(values: Values, fetch: Ref): Float32Array {
    const feeds: Record<string, Tensor> = {};
    for (const [name, data] of Object.entries(values))
      feeds[name] = tensor(data, [...(this.#shapes[name] ?? [])]);
    const results = this.#runtime.run(this.#loaded, feeds, [fetch.name]);
    const [result] = results;
    expect(result?.shape).toEqual(fetch.shape);
    const read = result?.dataSync<"float32">() ?? new Float32Array();
    dispose([feeds, results]);
    return read;
  }
}

function conv(
  kernel: readonly [number, number],
  strides: readonly [number, number],
  padding: Padding,
  options: { dilations?: readonly [number, number]; bias?: boolean } = {},
): Node {
  const { dilations = [1, 1], bias = false } = options;
  return node(
    ops.conv2d,
    "conv",
    ["x"],
    { strides, dilations, padding, groups: 1 },
    {
      kernel: randomWeight([...kernel, 4, 5], 0.5, 1),
      ...(bias ? { bias: randomWeight([5], 0.5, 2) } : {}),
    },
  );
}

const statistics = {
  mean: weight([4], [0, 0, 0, 0]),
  variance: weight([4], [1, 1, 1, 1]),
};
const scaled = {
  ...statistics,
  gamma: weight([4], [1, 0.5, -1.5, 2]),
  beta: weight([4], [0, 0.3, -0.2, 1]),
};
const uneven = [
  [1, 2],
  [0, 1],
] as const;

const cases: readonly {
  title: string;
  of: Node;
  input: readonly number[];
}[] = [
  {
    title: "a convolution with SAME padding and a bias",
    of: conv([3, 3], [1, 1], "same", { bias: true }),
    input: [7, 6, 4],
  },
  {
    title: "a strided convolution with SAME padding",
    of: conv([3, 3], [2, 2], "same"),
    input: [8, 7, 4],
  },
  {
    title: "a strided convolution with explicit padding",
    of: conv([3, 3], [2, 2], uneven),
    input: [8, 7, 4],
  },
  {
    title: "a strided 1 x 1 convolution",
    of: conv([1, 1], [2, 2], "valid"),
    input: [7, 8, 4],
  },
  {
    title: "a dilated convolution",
    of: conv([3, 2], [1, 1], uneven, { dilations: [2, 2] }),
    input: [8, 8, 4],
  },
  {
    title: "a dense layer with a bias",
    of: node(
      ops.dense,
      "dense",
      ["x"],
      {},
      {
        kernel: randomWeight([9, 5], 0.5, 3),
        bias: randomWeight([5], 0.5, 4),
      },
    ),
    input: [9],
  },
  {
    title: "a dense layer on maps",
    of: node(
      ops.dense,
      "dense",
      ["x"],
      {},
      { kernel: randomWeight([4, 5], 0.5, 3) },
    ),
    input: [3, 2, 4],
  },
  {
    title: "batch norm of maps",
    of: node(ops.batchNorm, "norm", ["x"], { epsilon: 1e-3 }, scaled),
    input: [5, 4, 4],
  },
  {
    title: "batch norm of vectors",
    of: node(ops.batchNorm, "norm", ["x"], { epsilon: 1e-3 }, scaled),
    input: [4],
  },
  {
    title: "batch norm without scale and shift",
    of: node(ops.batchNorm, "norm", ["x"], { epsilon: 1e-3 }, statistics),
    input: [5, 4, 4],
  },
];

describe.each(cases)("$title", ({ of, input }) => {
  it("has the gradients that differences show", ({ skip }) => {
    if (!runtime) return skip("native TensorFlow is not built");
    const trained = new Trained(runtime, of, input);
    const shape = [batch, ...input];
    const values: Record<string, Float32Array> = {
      x: randomWeight(shape, 1, 5).data,
    };
    for (const [name, { data }] of Object.entries(of.weights))
      values[name] = data;
    const dy = randomWeight(trained.outputs, 1, 6).data;
    const objective = (changed: Values) =>
      trained.value(changed).reduce((sum, v, i) => sum + v * (dy[i] ?? 0), 0);
    const expected = ["kernel", "bias", "gamma", "beta"].filter(
      (name) => name in of.weights,
    );
    expect(trained.names.toSorted()).toEqual(["x", ...expected].toSorted());
    for (const name of trained.names) {
      const at = values[name] ?? new Float32Array();
      const gradient = trained.gradient({ ...values, dy }, name);
      expect(gradient).toHaveLength(at.length);
      // every one of few, every so many of many
      const stride = Math.ceil(at.length / 40);
      const places = Array.from(
        { length: Math.ceil(at.length / stride) },
        (_, i) => i * stride,
      );
      const h = 0.02;
      const differences = places.map((i) => {
        const moved = (by: number) => {
          const copy = at.slice();
          copy[i] = (copy[i] ?? 0) + by;
          return objective({ ...values, [name]: copy });
        };
        return (moved(h) - moved(-h)) / (2 * h);
      });
      const ours = places.map((i) => gradient[i] ?? NaN);
      expect(cosine(ours, differences)).toBeGreaterThan(0.9999);
      expect(norm(ours) / norm(differences)).toBeCloseTo(1, 2);
    }
    trained.dispose();
  });
});

it("measures mean and variance of a batch, the variance divided by n - 1", ({
  skip,
}) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const graph = new GraphBuilder();
  const x = graph.placeholder("x", [2, 1, 2, 1]);
  const norms = node(
    ops.batchNorm,
    "norm",
    ["x"],
    { epsilon: 0 },
    { mean: weight([1], [0]), variance: weight([1], [1]) },
  );
  const { output, statistics: measured } = norms.op.emit([x], norms, {
    graph,
    training: true,
    forwardSlope: (own) => own,
    weight: (_, name) => graph.placeholder(name, [1]),
  });
  const loaded = runtime.load(runtime.encode(graph.definition));
  const feed = tensor([1, 2, 3, 6], [2, 1, 2, 1]);
  const names = [output, measured?.["mean"], measured?.["variance"]].map(
    (ref) => ref?.name ?? "",
  );
  const results = runtime.run(loaded, { x: feed }, names);
  const [y, mean, variance] = results.map((r) => [...r.dataSync<"float32">()]);
  dispose([feed, ...results]);
  runtime.unload(loaded);
  expect(mean?.[0]).toBeCloseTo(3, 6);
  // squares of -2, -1, 0, 3 are 14: divided by 3 for the running value, by 4 for the output
  expect(variance?.[0]).toBeCloseTo(14 / 3, 5);
  [-2, -1, 0, 3].forEach((v, i) =>
    expect(y?.[i]).toBeCloseTo(v / Math.sqrt(3.5), 5),
  );
});
