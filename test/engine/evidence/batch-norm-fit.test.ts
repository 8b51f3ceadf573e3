import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  batchNormFit,
  mostDifference,
} from "../../../src/engine/evidence/batch-norm-fit";
import { naturalImage } from "../../../src/engine/evidence/natural-images";
import { inputName, type Network } from "../../../src/engine/network/network";
import { node, type Node, type Op } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { openBackend } from "../../../src/main/host/backend";
import { network, randomWeight, weight } from "../../support/small-networks";

const { signal } = new AbortController();
const input = [32, 32, 3] as const;
const depth = 8;

beforeAll(async () => {
  await openBackend();
});

interface Made {
  readonly op?: Op;
  readonly attributes?: object;
  /** Strides of the layers; 2 halves the map. */
  readonly strides?: readonly number[];
  readonly seed?: number;
}

/** Convolution, batch norm, activation, eight times; the norms are untouched. */
function plain({
  op = ops.rectifier,
  attributes = { slope: 0, ceiling: null },
  strides = [1, 2, 1, 1, 2, 1, 1, 1],
  seed = 1,
}: Made = {}): Node[] {
  const nodes: Node[] = [];
  let last: string = inputName;
  let channels: number = input[2];
  for (let i = 0; i < depth; i++) {
    const width = 12;
    const scale = Math.sqrt(2 / (9 * channels));
    nodes.push(
      node(
        ops.conv2d,
        `conv${i}`,
        [last],
        {
          strides: [strides[i] ?? 1, strides[i] ?? 1],
          dilations: [1, 1],
          padding: [
            [1, 1],
            [1, 1],
          ],
          groups: 1,
        },
        {
          kernel: randomWeight([3, 3, channels, width], scale, seed * 100 + i),
        },
      ),
      node(
        ops.batchNorm,
        `norm${i}`,
        [`conv${i}`],
        { epsilon: 1e-5 },
        {
          gamma: randomWeightAround(width, 0.8, 0.2, seed * 100 + 50 + i),
          beta: randomWeight([width], 0.4, seed * 100 + 70 + i),
          mean: weight([width], new Float32Array(width)),
          variance: weight([width], new Float32Array(width).fill(1)),
        },
      ),
      node(op, `act${i}`, [`norm${i}`], attributes),
    );
    last = `act${i}`;
    channels = width;
  }
  nodes.push(node(ops.globalAverage, "pool", [last], { keepDims: false }));
  return nodes;
}

function randomWeightAround(
  count: number,
  mean: number,
  scale: number,
  seed: number,
) {
  const { shape, data } = randomWeight([count], scale, seed);
  return weight(
    shape,
    Array.from(data, (v) => mean + v),
  );
}

/** Gives every batch norm the statistics of its input on pictures that the check does not use. */
function measured(nodes: readonly Node[]): Network {
  const pictures = 16;
  const done: Node[] = [];
  tf.tidy(() => {
    const values = new Map<string, tf.Tensor>([
      [
        inputName,
        tf.stack(
          Array.from({ length: pictures }, (_, i) =>
            tf.tensor3d(naturalImage(input, 99, i), [...input]),
          ),
        ),
      ],
    ]);
    for (let each of nodes) {
      const inputs = each.inputs.map((name) => values.get(name) as tf.Tensor); // in order
      if (each.op.kind === "batch-norm") {
        const { mean, variance } = tf.moments(
          inputs[0] as tf.Tensor,
          [0, 1, 2],
        ); // it has one input
        each = {
          ...each,
          weights: {
            ...each.weights,
            mean: weight([mean.size], mean.dataSync()),
            variance: weight([mean.size], variance.dataSync()),
          },
        };
      }
      values.set(
        each.name,
        each.op.eager(inputs, each, {
          weight: ({ weights }, name) => {
            const found = weights[name];
            return tf.tensor(found?.data ?? [], [...(found?.shape ?? [])]);
          },
          slopes: (own) => ({ forward: own, backward: own }),
        }),
      );
      done.push(each);
    }
  });
  return network(input, done);
}

function altered(of: Network, change: (node: Node) => Node): Network {
  return network(input, of.nodes.map(change));
}

const isActivation = ({ name }: Node) => name.startsWith("act");
const as =
  <A extends object>(op: Op<A>, attributes: A) =>
  (each: Node): Node =>
    isActivation(each) ? node(op, each.name, each.inputs, attributes) : each;
const relu = as(ops.rectifier, { slope: 0, ceiling: null });
const elu = as(ops.elu, { alpha: 1 });
const leaky = as(ops.rectifier, { slope: 0.1, ceiling: null });
const silu = as(ops.swish, {});

describe("the statistics that batch norms hold", () => {
  it.each([1, 2, 3, 4, 5])(
    "fit a network that is built as it was measured (weights %i)",
    async (seed) => {
      const fit = await batchNormFit(measured(plain({ seed })), { signal });
      expect(fit?.norms).toBe(depth);
      expect(fit?.difference).toBeLessThan(0.35);
    },
  );

  it("name an activation that fits better", async () => {
    const right = await batchNormFit(measured(plain()), { signal });
    expect(right?.better).toEqual([]);
    const fit = await batchNormFit(altered(measured(plain()), elu), { signal });
    expect(fit?.difference).toBeGreaterThan(mostDifference);
    const [best] = fit?.better ?? [];
    expect(["relu", "relu6"]).toContain(best?.activation);
    expect(best?.difference).toBeLessThan(0.35);
  });

  it("tell a leaky network from a plain one", async () => {
    const trained = measured(
      plain({ attributes: { slope: 0.3, ceiling: null } }),
    );
    const wrong = await batchNormFit(altered(trained, relu), { signal });
    const near = await batchNormFit(altered(trained, leaky), { signal });
    const right = await batchNormFit(trained, { signal });
    expect(right?.difference).toBeLessThan(near?.difference ?? 0);
    expect(near?.difference).toBeLessThan(wrong?.difference ?? 0);
  });

  it("do not fit pixels of another scale, and no activation mends that", async () => {
    const trained = measured(plain());
    const preprocessing = {
      order: "RGB" as const,
      mean: [0],
      std: [1],
    };
    const fit = await batchNormFit({ ...trained, preprocessing }, { signal });
    expect(fit?.first).toBeGreaterThan(8);
  });

  it("say nothing where they are untouched or too few", async () => {
    expect(await batchNormFit(network(input, plain()), { signal })).toBeNull();
    const some = measured(plain()).nodes.slice(0, 6);
    expect(await batchNormFit(network(input, some), { signal })).toBeNull();
  });

  it("leave no tensor behind, and stop when asked to", async () => {
    const trained = altered(measured(plain()), silu);
    const before = tf.memory().numTensors;
    await batchNormFit(trained, { signal });
    expect(tf.memory().numTensors).toBe(before);
    await expect(
      batchNormFit(trained, { signal: AbortSignal.abort() }),
    ).rejects.toThrow();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("a natural image", () => {
  it("has the spectrum of photographs: power falls with about the square of the frequency", () => {
    const slopes = Array.from({ length: 6 }, (_, index) =>
      slopeOf(naturalImage([128, 128, 1], 1, index), 128),
    );
    const mean = slopes.reduce((a, b) => a + b, 0) / slopes.length;
    // photographs of Caltech-101: -2.41 +- 0.51
    expect(mean).toBeLessThan(-1.9);
    expect(mean).toBeGreaterThan(-3.3);
  });

  it("has the brightness of photographs and stays in the range", () => {
    const values = Array.from({ length: 8 }, (_, i) => [
      ...naturalImage([64, 48, 3], 1, i),
    ]).flat();
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const std = Math.sqrt(
      values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length,
    );
    expect(Math.abs(mean + 0.1)).toBeLessThan(0.2);
    expect(std).toBeGreaterThan(0.35);
    expect(std).toBeLessThan(0.6);
    expect(values.every((v) => v >= -1 && v <= 1)).toBe(true);
  });

  it("is the same for the same seed, and another for another", () => {
    const [a, b, c] = [
      naturalImage([16, 20, 3], 1, 0),
      naturalImage([16, 20, 3], 1, 0),
      naturalImage([16, 20, 3], 1, 1),
    ];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });
});

/** Slope of log power over log frequency along rows and columns, 4 to 24 cycles, where the softened edges count little. */
function slopeOf(image: Float32Array, side: number): number {
  const points: [number, number][] = [];
  for (let k = 4; k <= 24; k += 2) {
    let power = 0;
    for (let line = 0; line < side; line++)
      for (const vertical of [true, false]) {
        let [re, im] = [0, 0];
        for (let i = 0; i < side; i++) {
          const at = vertical ? i * side + line : line * side + i;
          const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / side);
          const angle = (2 * Math.PI * k * i) / side;
          re += hann * (image[at] ?? 0) * Math.cos(angle);
          im += hann * (image[at] ?? 0) * Math.sin(angle);
        }
        power += re * re + im * im;
      }
    // one row sums the plane's power over the other axis, which flattens the slope by one
    points.push([Math.log(k), Math.log(power / k)]);
  }
  const n = points.length;
  const mx = points.reduce((a, [x]) => a + x, 0) / n;
  const my = points.reduce((a, [, y]) => a + y, 0) / n;
  return (
    points.reduce((a, [x, y]) => a + (x - mx) * (y - my), 0) /
    points.reduce((a, [x]) => a + (x - mx) ** 2, 0)
  );
}
