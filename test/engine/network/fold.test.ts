import { tensor4d, tidy } from "@tensorflow/tfjs-core";
import { describe, expect, it, beforeAll } from "vitest";
import type { Network } from "../../../src/engine";
import { startImage } from "../../../src/engine/ascent/start";
import { fold } from "../../../src/engine/network/fold";
import { node, type Node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { forward, WeightTensors } from "../../../src/engine/step/eager";
import { openBackend } from "../../../src/main/host/backend";
import { openNetworkAt } from "../../../src/main/host/networks";
import { bundledNetwork } from "../../support/networks";
import {
  mixedNetwork,
  network,
  randomWeight,
  relu,
  weight,
} from "../../support/small-networks";
import { norm } from "../../support/vectors";
import { randomValues } from "./random-values";
import { computeReference, type Values } from "./reference";

function norms(channels: number, seed: number) {
  const random = randomWeight([channels], 0.4, seed);
  return {
    gamma: weight(
      [channels],
      random.data.map((v) => 1 + v),
    ),
    beta: randomWeight([channels], 0.5, seed + 1),
    mean: randomWeight([channels], 0.5, seed + 2),
    variance: weight(
      [channels],
      random.data.map((v) => 0.05 + v * v),
    ),
  };
}

function batchNorm(name: string, input: string, channels: number): Node {
  return node(
    ops.batchNorm,
    name,
    [input],
    { epsilon: 1e-3 },
    norms(channels, channels),
  );
}

function conv(
  name: string,
  input: string,
  shape: [number, number, number, number],
  options: { groups?: number; bias?: boolean } = {},
): Node {
  return node(
    ops.conv2d,
    name,
    [input],
    {
      strides: [1, 1],
      dilations: [1, 1],
      padding: "valid",
      groups: options.groups ?? 1,
    },
    {
      kernel: randomWeight(shape, 0.4, 3),
      ...(options.bias ? { bias: randomWeight([shape[3]], 0.4, 4) } : {}),
    },
  );
}

/** The values of every node, in float64. */
function valuesOf({ nodes }: Network, image: Values): Map<string, Values> {
  const values = new Map([["input", image]]);
  for (const one of nodes)
    values.set(
      one.name,
      computeReference(
        one.inputs.map((name) => values.get(name) ?? image),
        one,
      ),
    );
  return values;
}

/** Every value the folded network still names is the one it named before. */
function expectSame(original: Network, folded: Network): void {
  const image = randomValues([2, ...original.input], 5);
  const before = valuesOf(original, image);
  const after = valuesOf(folded, image);
  for (const [name, { shape, data }] of after) {
    const expected = before.get(name)?.data ?? [];
    expect(shape.slice(1)).toEqual(folded.shapes.get(name));
    const differences = data.map((v, i) => v - (expected[i] ?? NaN));
    expect(norm(differences)).toBeLessThan(1e-6 * norm(data));
  }
  const count = (n: Network) => after.get(n.output)?.data.length;
  expect(count(folded)).toBe(before.get(original.output)?.data.length);
}

const kinds = (n: Network) => n.nodes.map((one) => one.op.kind);

describe("fold", () => {
  it("puts batch norm into convolutions, plain, grouped and depthwise, and into dense layers", () => {
    const original = network(
      [6, 7, 4],
      [
        conv("a", "input", [2, 3, 4, 6], { bias: true }),
        batchNorm("a/norm", "a", 6),
        relu("a/relu", "a/norm"),
        conv("b", "a/relu", [1, 2, 2, 3], { groups: 3 }),
        batchNorm("b/norm", "b", 3),
        node(
          ops.depthwiseConv2d,
          "c",
          ["b/norm"],
          { strides: [1, 1], dilations: [1, 1], padding: "same" },
          { kernel: randomWeight([3, 3, 3, 2], 0.4, 7) },
        ),
        batchNorm("c/norm", "c", 6),
        node(ops.flatten, "flat", ["c/norm"], {}),
        node(
          ops.dense,
          "d",
          ["flat"],
          {},
          { kernel: randomWeight([5 * 4 * 6, 5], 0.2, 8) },
        ),
        batchNorm("d/norm", "d", 5),
        batchNorm("d/again", "d/norm", 5),
      ],
    );
    const folded = fold(original);
    expect(kinds(folded)).toEqual([
      "conv2d",
      "rectifier",
      "conv2d",
      "depthwise-conv2d",
      "flatten",
      "dense",
    ]);
    expect(folded.output).toBe("d/again");
    expectSame(original, folded);
    // the original is kept for reports
    expect(kinds(original)).toContain("batch-norm");
  });

  it("leaves batch norm where its convolution has other readers, is the output, or is none", () => {
    const shared = network(
      [5, 5, 3],
      [
        conv("a", "input", [1, 1, 3, 3]),
        batchNorm("norm", "a", 3),
        node(ops.add, "sum", ["a", "norm"], {}),
      ],
    );
    const first = network([5, 5, 3], [batchNorm("norm", "input", 3)]);
    const output = network(
      [5, 5, 3],
      [conv("a", "input", [1, 1, 3, 3]), batchNorm("norm", "a", 3)],
      { output: "a" },
    );
    for (const one of [shared, first, output]) {
      expect(kinds(fold(one))).toEqual(kinds(one));
      expectSame(one, fold(one));
    }
  });

  it("puts zero padding into the convolution after it, but not into a pool", () => {
    const pad = (name: string, input: string) =>
      node(ops.zeroPad, name, [input], {
        padding: [
          [0, 1],
          [2, 3],
        ],
      });
    const original = network(
      [6, 6, 3],
      [
        pad("pad1", "input"),
        conv("a", "pad1", [3, 3, 3, 3]),
        batchNorm("norm", "a", 3),
        pad("pad2", "norm"),
        node(ops.maxPool, "pool", ["pad2"], {
          window: [2, 2],
          strides: [2, 2],
          padding: "valid",
        }),
      ],
    );
    const folded = fold(original);
    expect(kinds(folded)).toEqual(["conv2d", "zero-pad", "max-pool"]);
    expectSame(original, folded);
  });

  it("takes out what changes nothing, also at the end", () => {
    const original = network(
      [5, 5, 3],
      [
        conv("a", "input", [1, 1, 3, 3]),
        node(ops.zeroPad, "pad", ["a"], {
          padding: [
            [0, 0],
            [0, 0],
          ],
        }),
        node(ops.concat, "one", ["pad"], {}),
        node(ops.globalAverage, "mean", ["one"], { keepDims: false }),
        node(ops.flatten, "flat", ["mean"], {}),
        node(ops.reshape, "same", ["flat"], { shape: [3] }),
      ],
    );
    const folded = fold(original);
    expect(kinds(folded)).toEqual(["conv2d", "global-average-pool"]);
    expect(folded.output).toBe("mean");
    expectSame(original, folded);
  });

  it("takes out every operation that is made to do nothing, and no other", () => {
    const none = [
      [0, 0],
      [0, 0],
    ] as const;
    const unit = weight(
      [5, 5],
      Array.from({ length: 25 }, (_, i) => (i % 6 ? 0 : 1)),
    );
    const one = { window: [1, 1], strides: [1, 1], padding: "valid" } as const;
    const idle = [
      node(ops.transpose, "transpose", ["input"], { order: [0, 1, 2] }),
      node(ops.slice, "slice", ["transpose"], {
        begin: [0, 0, 0],
        size: [5, 5, 3],
        strides: [1, 1, 1],
      }),
      node(ops.gather, "gather", ["slice"], { axis: 2, indices: [0, 1, 2] }),
      node(ops.pad, "pad", ["gather"], {
        amounts: [...none, [0, 0]],
        mode: "reflect",
        value: 0,
      }),
      node(ops.clip, "clip", ["pad"], { low: null, high: null }),
      node(ops.power, "power", ["clip"], { exponent: 1 }),
      node(ops.maxPool, "max", ["power"], one),
      node(ops.averagePool, "average", ["max"], { ...one, counted: none }),
      node(
        ops.resample,
        "resample",
        ["average"],
        {},
        { rows: unit, columns: unit },
      ),
      node(ops.reduce, "nothing", ["resample"], {
        kind: "mean",
        axes: [],
        keepDims: true,
      }),
    ];
    const busy = [
      node(ops.transpose, "turned", ["nothing"], { order: [1, 0, 2] }),
      node(ops.slice, "backwards", ["turned"], {
        begin: [4, 0, 0],
        size: [5, 5, 3],
        strides: [-1, 1, 1],
      }),
      node(ops.gather, "mixed", ["backwards"], {
        axis: -1,
        indices: [1, 0, 2],
      }),
      node(
        ops.resample,
        "flipped",
        ["mixed"],
        {},
        {
          rows: weight([5, 5], unit.data.toReversed()),
          columns: randomWeight([5, 5], 1, 3),
        },
      ),
      node(ops.clip, "limited", ["flipped"], { low: -1, high: null }),
      node(ops.power, "cubed", ["limited"], { exponent: 3 }),
      node(ops.reduce, "pixel", ["cubed"], {
        kind: "sum",
        axes: [0, 1],
        keepDims: true,
      }),
      node(ops.reduce, "same", ["pixel"], {
        kind: "max",
        axes: [0, -2],
        keepDims: true,
      }),
    ];
    const original = network([5, 5, 3], [...idle, ...busy]);
    const folded = fold(original);
    expect(folded.nodes.map((n) => n.name)).toEqual(
      busy.slice(0, -1).map((n) => n.name),
    );
    expect(folded.output).toBe("pixel");
    expectSame(original, folded);
  });

  it("keeps what does nothing where it is all there is", () => {
    const original = network(
      [5, 5, 3],
      [node(ops.reshape, "same", ["input"], { shape: [5, 5, 3] })],
    );
    expect(fold(original).nodes).toEqual(original.nodes);
  });

  it("puts constants that scale and shift channels into convolutions and dense layers", () => {
    const constant = (name: string, shape: number[], seed: number) =>
      node(
        ops.constant,
        name,
        ["input"],
        {},
        { value: randomWeight(shape, 1, seed) },
      );
    const original = network(
      [5, 5, 3],
      [
        constant("c1", [1, 1, 4], 11),
        constant("c2", [1, 1, 4], 12),
        constant("c3", [1, 1, 1], 13),
        constant("c4", [6], 14),
        conv("a", "input", [2, 2, 3, 4]),
        node(ops.multiply, "scaled", ["a", "c1"], {}),
        node(ops.add, "shifted", ["c2", "scaled"], {}),
        node(ops.divide, "divided", ["shifted", "c3"], {}),
        relu("relu", "divided"),
        node(ops.flatten, "flat", ["relu"], {}),
        node(
          ops.dense,
          "dense",
          ["flat"],
          {},
          {
            kernel: randomWeight([64, 6], 0.3, 15),
            bias: randomWeight([6], 1, 16),
          },
        ),
        node(ops.subtract, "less", ["dense", "c4"], {}),
        node(ops.subtract, "turned", ["c4", "less"], {}),
      ],
    );
    const folded = fold(original);
    expect(kinds(folded)).toEqual(["conv2d", "rectifier", "flatten", "dense"]);
    expectSame(original, folded);
  });

  it("leaves constants that are no scale of channels", () => {
    const value = (shape: number[]) => ({ value: randomWeight(shape, 1, 17) });
    const original = network(
      [5, 5, 3],
      [
        conv("a", "input", [1, 1, 3, 4]),
        node(ops.constant, "position", ["input"], {}, value([5, 5, 4])),
        node(ops.add, "placed", ["a", "position"], {}),
        conv("b", "placed", [1, 1, 4, 1]),
        node(ops.constant, "many", ["input"], {}, value([1, 1, 6])),
        // the constant makes the channels
        node(ops.multiply, "spread", ["b", "many"], {}),
        conv("c", "spread", [5, 5, 6, 6]),
        node(ops.divide, "over", ["many", "c"], {}),
        conv("d", "over", [1, 1, 6, 6]),
        node(ops.maximum, "floor", ["d", "many"], {}),
      ],
    );
    expect(kinds(fold(original))).toEqual(kinds(original));
    expectSame(original, fold(original));
  });

  it("keeps every rectifier, whatever its slope", () => {
    const original = network(
      [5, 5, 3],
      [relu("a", "input", 1), relu("b", "a", 0)],
    );
    expect(fold(original).nodes).toEqual(original.nodes);
  });
});

describe("the folded network's logits", () => {
  beforeAll(async () => {
    await openBackend();
  });

  it.each(["mixed", "bundled"])(
    "are the %s network's to 1e-5",
    async (which) => {
      const original =
        which === "mixed"
          ? mixedNetwork()
          : await openNetworkAt(bundledNetwork);
      const folded = fold(original);
      expect(kinds(original)).toContain("batch-norm");
      expect(kinds(folded)).not.toContain("batch-norm");
      const values = startImage(original.input, 0.4, 2);
      const logits = [original, folded].map((one) => {
        const weights = new WeightTensors();
        const y = tidy(() => {
          const image = tensor4d(values, [1, ...one.input]);
          const own = (slope: number) => ({ forward: slope, backward: slope });
          return forward(one, image, weights, own).dataSync<"float32">();
        });
        weights.dispose();
        return y;
      });
      const [before, after] = logits;
      const difference = before?.map((v, i) => v - (after?.[i] ?? NaN));
      expect(norm(difference ?? [])).toBeLessThan(1e-5 * norm(before ?? []));
      expect(norm(before ?? [])).toBeGreaterThan(0.1);
    },
  );
});
