/** The architectures: sizes that are published, seeds, and PFNet's filters against values computed by hand. */
import { describe, expect, it } from "vitest";
import {
  architectures,
  type ArchitectureName,
  type Network,
} from "../../../src/engine";
import {
  filterPool,
  gaussian,
} from "../../../src/engine/training/architectures/fixed-filters";
import { layOut } from "../../../src/engine/training/parameters";
import { openNetworkAt } from "../../../src/main/host/networks";
import { bundledNetwork } from "../../support/networks";
import { mean } from "../../support/vectors";

function build(name: ArchitectureName, side: number, classes: number): Network {
  return architectures[name].build({
    input: [side, side, 3],
    classes,
    seed: 1,
  });
}

/** Weights that are trained. */
function countTrained(network: Network): number {
  const { kernels, shifts } = layOut(network);
  return [...kernels.slots, ...shifts.slots].reduce(
    (sum, s) => sum + s.size,
    0,
  );
}

function kinds(network: Network): string[] {
  return network.nodes.map(
    ({ op, weights }) =>
      `${op.kind} ${Object.entries(weights)
        .map(([name, { shape }]) => `${name} ${shape.join()}`)
        .sort()
        .join(" ")}`,
  );
}

describe("ResNet-18", () => {
  it("has torchvision's 11,689,512 weights at 1000 classes", () => {
    expect(countTrained(build("resnet18", 64, 1000))).toBe(11_689_512);
  });

  it("has a map of 7 x 7 with 512 channels at 224 px", () => {
    const { shapes } = build("resnet18", 224, 10);
    expect(shapes.get("maxpool")).toEqual([56, 56, 64]);
    expect(shapes.get("layer4.1.relu2")).toEqual([7, 7, 512]);
  });

  it("has the bundled network's plan at half width", async () => {
    const bundled = await openNetworkAt(bundledNetwork);
    const ours = build("resnet18-half", 128, 101);
    expect(kinds(ours).sort()).toEqual(kinds(bundled).sort());
    const shapesOf = ({ shapes }: Network) =>
      [...shapes.values()].map((shape) => shape.join()).sort();
    expect(shapesOf(ours)).toEqual(shapesOf(bundled));
  });

  it("has biases at zero in the place of batch norm", () => {
    const network = architectures.resnet18.build({
      input: [64, 64, 3],
      classes: 5,
      seed: 1,
      batchNorm: false,
    });
    expect(network.nodes.filter((n) => n.op.kind === "batch-norm")).toEqual([]);
    const convolutions = network.nodes.filter((n) => n.op.kind === "conv2d");
    expect(convolutions).toHaveLength(20);
    for (const { weights } of convolutions)
      expect(weights["bias"]?.data.every((v) => v === 0)).toBe(true);
  });
});

describe("weights at the start", () => {
  it("are normal with variance 2 / (out * kernel^2)", () => {
    const network = build("resnet18", 64, 5);
    const kernel = network.nodes.find((n) => n.name === "layer4.1.conv2")
      ?.weights["kernel"];
    const values = [...(kernel?.data.subarray(0, 100_000) ?? [])];
    const variance = mean(values.map((v) => v * v));
    expect(Math.abs(mean(values))).toBeLessThan(3e-4);
    expect(variance / (2 / (512 * 9))).toBeCloseTo(1, 1);
    // the fourth moment of a normal distribution is three times the variance squared
    expect(mean(values.map((v) => v ** 4)) / variance ** 2).toBeCloseTo(3, 0);
  });

  it("depend on the seed alone", () => {
    const kernelsOf = (seed: number) =>
      architectures["small-cnn"]
        .build({ input: [16, 16, 3], classes: 3, seed })
        .nodes.map(({ weights }) => weights["kernel"]?.data);
    expect(kernelsOf(3)).toEqual(kernelsOf(3));
    expect(kernelsOf(3)).not.toEqual(kernelsOf(4));
  });
});

describe("PFNet18", () => {
  it("has 16 filters of mean 0 whose absolute values sum to 1, in pairs of opposite signs", () => {
    expect(filterPool).toHaveLength(16);
    filterPool.forEach((filter, i) => {
      expect(mean([...filter])).toBeCloseTo(0, 12);
      expect(mean([...filter].map(Math.abs)) * 9).toBeCloseTo(1, 12);
      if (i % 2 === 1)
        filter.forEach((v, at) =>
          expect(v).toBeCloseTo(-(filterPool[i - 1]?.[at] ?? NaN), 12),
        );
    });
  });

  it("has edges and lines as they are defined", () => {
    // an upright edge: 1 - exp(-1 / (2 * 0.9^2)) = 0.46055, on the left negative; mean 0, absolute values 6 * 0.46055
    const sixth = 1 / 6;
    expectFilter(1, [-sixth, 0, sixth, -sixth, 0, sixth, -sixth, 0, sixth]);
    // at 45 degrees: c is sqrt(2) in the corner ahead and 1 / sqrt(2) beside it
    const far = 1 - Math.exp(-2 / 1.62);
    const near = 1 - Math.exp(-0.5 / 1.62);
    const total = 2 * far + 4 * near;
    const [f, n] = [far / total, near / total];
    expectFilter(3, [-f, -n, 0, -n, 0, n, 0, n, f]);
    // an upright line: 2 in the middle column, 2 exp(-1 / (2 * 0.45^2)) = 0.16930 beside it
    const beside = 2 * Math.exp(-1 / (2 * 0.45 ** 2));
    const average = (2 + 2 * beside) / 3;
    const sum = 3 * (2 - average) + 6 * (average - beside);
    const [high, low] = [(2 - average) / sum, (beside - average) / sum];
    expectFilter(9, [low, high, low, low, high, low, low, high, low]);
    expect(high).toBeCloseTo(sixth, 12);
    expect(low).toBeCloseTo(-1 / 12, 12);
  });

  it("blurs with a Gaussian of sum 1 before every second pixel", () => {
    const beside = Math.exp(-1 / (2 * 0.75 ** 2));
    const total = 1 + 4 * beside + 4 * beside ** 2;
    [0, 1, 0, 1, 2, 1, 0, 1, 0].forEach((nearness, i) =>
      expect(gaussian[i]).toBeCloseTo(beside ** (2 - nearness) / total, 12),
    );
  });

  it("uses filter j mod 16 for channel j, all 16 for each of the image's channels", () => {
    const { nodes, shapes } = build("pfnet18", 64, 5);
    expect(shapes.get("stem.filters")).toEqual([32, 32, 48]);
    const fixed = nodes.filter((n) => n.op.kind === "depthwise-conv2d");
    // two a block, one in the stem, three blurs
    expect(fixed).toHaveLength(16 + 1 + 3);
    for (const { name, weights } of fixed) {
      if (name.endsWith("blur")) continue;
      const [, , channels = 0, multiplier = 0] = weights["kernel"]?.shape ?? [];
      const outputs = channels * multiplier;
      for (const j of [0, 5, 17, 47])
        for (let place = 0; place < 9; place++)
          expect(weights["kernel"]?.data[place * outputs + j]).toBeCloseTo(
            filterPool[j % 16]?.[place] ?? NaN,
            6,
          );
    }
  });

  it("learns nothing but 1 x 1 convolutions, batch norm and the logits", () => {
    const { kernels } = layOut(build("pfnet18", 64, 5));
    for (const { key, shape } of kernels.slots)
      if (key !== "logits/kernel") expect(shape.slice(0, 2)).toEqual([1, 1]);
    expect(kernels.slots).toHaveLength(1 + 16 + 3 + 1);
  });

  function expectFilter(index: number, expected: readonly number[]): void {
    expected.forEach((v, i) =>
      expect(filterPool[index]?.[i]).toBeCloseTo(v, 12),
    );
  }
});
