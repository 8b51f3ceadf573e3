/** Where gradients are measured, and what is concluded from them. */
import { describe, expect, it } from "vitest";
import { firstConvolution } from "../../../src/engine/experiments/gradient-magnitude/first-convolution";
import {
  chainDepth,
  summarizeMagnitudes,
  varianceFactor,
} from "../../../src/engine/experiments/gradient-magnitude/summary";
import { node, type Node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { architectures } from "../../../src/engine/training/architectures";
import type { LabRow } from "../../../src/shared/lab";
import {
  mixedNetwork,
  network,
  relu,
  weight,
} from "../../support/small-networks";

describe("the convolution after which gradients are measured", () => {
  it("is the first block's first", () => {
    for (const batchNorm of [true, false])
      expect(
        firstConvolution(
          architectures["resnet18-half"].build({
            input: [32, 32, 3],
            classes: 2,
            seed: 1,
            batchNorm,
          }),
        ),
      ).toBe("layer1.0.conv1");
  });

  it("is not a shortcut's, however early that stands", () => {
    const nodes = [
      conv("stem", "input"),
      conv("shortcut", "stem"),
      conv("a", "stem"),
      relu("r", "a"),
      conv("b", "r"),
      node(ops.add, "sum", ["shortcut", "b"], {}),
    ];
    expect(firstConvolution(network([4, 4, 2], nodes))).toBe("a");
  });

  it("passes over sums that are no blocks", () => {
    const nodes = [
      conv("stem", "input"),
      node(ops.add, "twice", ["stem", "stem"], {}),
      conv("a", "twice"),
      node(ops.add, "sum", ["twice", "a"], {}),
    ];
    expect(firstConvolution(network([4, 4, 2], nodes))).toBe("a");
  });

  it("is the second of a plain network, or its only one", () => {
    const plain = [conv("one", "input"), relu("r", "one"), conv("two", "r")];
    expect(firstConvolution(network([4, 4, 2], plain))).toBe("two");
    expect(firstConvolution(network([4, 4, 2], plain.slice(0, 2)))).toBe("one");
    expect(firstConvolution(mixedNetwork())).toBe("conv2");
  });

  it("is refused where there is none", () => {
    expect(() =>
      firstConvolution(network([4, 4, 2], [relu("r", "input")])),
    ).toThrow(/no convolution/);
  });
});

function conv(name: string, input: string): Node {
  return node(
    ops.conv2d,
    name,
    [input],
    { strides: [1, 1], dilations: [1, 1], padding: "same", groups: 1 },
    { kernel: weight([1, 1, 2, 2], [1, 0, 0, 1]) },
  );
}

describe("the factor of one rectifier", () => {
  it("is the published formula", () => {
    // (1 + s^2) / 2 / Var(s): 1.467, 1.343, 1.244, 1.167, 1.068, 1 at 0, .1, .2, .3, .5, 1
    const expected = [
      [0, 1.467],
      [0.1, 1.343],
      [0.2, 1.244],
      [0.3, 1.167],
      [0.5, 1.068],
      [1, 1],
    ] as const;
    for (const [slope, factor] of expected)
      expect(varianceFactor("leaky", slope, true)).toBeCloseTo(
        factor / 1.4669,
        3,
      );
    expect(varianceFactor("leaky", 0.3, false)).toBeCloseTo(1.09, 12);
    expect(varianceFactor("proxygrad", 0.3, true)).toBeCloseTo(1.09, 12);
  });

  it("tells how long a chain explains the ratios", () => {
    const slopes = [0.1, 0.2, 0.5];
    const cells = slopes.map((slope) => {
      const factor = varianceFactor("leaky", slope, true);
      return { factor, ratio: factor ** (5.3 / 2) };
    });
    expect(chainDepth(cells)).toBeCloseTo(5.3, 10);
    expect(chainDepth([{ factor: 1, ratio: 1 }])).toBeNull();
    expect(chainDepth([{ factor: 1.1, ratio: null }])).toBeNull();
  });
});

describe("the summary", () => {
  const row = (
    method: LabRow<"gradient-magnitude">["method"],
    repetition: number,
    meanAbs: number,
  ): LabRow<"gradient-magnitude"> => ({
    subject: "resnet18",
    network: "n",
    batchNorm: false,
    method,
    slope: method === "relu" ? 0 : 0.1,
    repetition,
    meanAbs,
    loss: 1,
    node: "c",
    images: "noise",
    labels: "random",
  });
  const settings = {
    subjects: ["resnet18" as const],
    methods: ["leaky" as const, "proxygrad" as const],
    slopes: [0.1, 0.2],
  };

  it("compares within repetitions", () => {
    const { cells } = summarizeMagnitudes(settings, [
      row("relu", 0, 2),
      row("leaky", 0, 3),
      row("relu", 1, 4),
      row("leaky", 1, 7),
      // without its ReLU yet
      row("leaky", 2, 100),
    ]);
    expect(cells).toHaveLength(1);
    expect(cells[0]).toMatchObject({
      method: "leaky",
      repetitions: 2,
      meanAbs: 5,
      relu: 3,
      ratio: 5 / 3,
    });
    // 1.5 and 1.75
    expect(cells[0]?.spread).toBeCloseTo(0.25 / Math.SQRT2, 12);
  });

  it("gives no ratio to nothing, and no spread of one", () => {
    const { cells, chains } = summarizeMagnitudes(settings, [
      row("relu", 0, 0),
      row("proxygrad", 0, 3),
    ]);
    expect(cells[0]).toMatchObject({ ratio: null, spread: null, meanAbs: 3 });
    expect(chains).toEqual([]);
  });
});
