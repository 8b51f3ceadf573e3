/** The toys' plain arrays against the engine's own networks, and against what is proven of them. */
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeRuntime } from "../../../src/engine";
import { objective } from "../../../src/engine/experiments/toy/objective";
import { gradientOf } from "../../../src/engine/measure";
import type { Network } from "../../../src/engine/network/network";
import { node, type Node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { randomStream } from "../../../src/engine/random";
import { openBackend } from "../../../src/main/host/backend";
import { toyKernel } from "../../../src/shared/lab/toy";
import { network, relu, weight } from "../../support/small-networks";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

const lopsided = Array.from({ length: 25 }, (_, i) => Math.sin(3 * i) + 0.1);
const filters: Record<string, readonly (readonly number[])[]> = {
  "T1 and T2": [[1]],
  T3: [[1], [-0.5]],
  T4: [toyKernel],
  "a lopsided 5 x 5 kernel": [lopsided],
};
const slopes: readonly (readonly [number, number])[] = [
  [0, 0],
  [0.1, 0.1],
  [0, 0.3],
  [0.25, 0.75],
];

function noise(size: number, seed: number): Float32Array {
  const random = randomStream(seed);
  return Float32Array.from(
    { length: size * size },
    () => random.uniform() * 2 - 1,
  );
}

/** f / pixels as one logit: circular padding, a convolution with a channel a filter, rectifier, means added. */
function networkOf(
  of: readonly (readonly number[])[],
  size: number,
  forward: number,
): Network {
  const side = Math.sqrt(of[0]?.length ?? 1);
  const radius = (side - 1) / 2;
  const wide = size + 2 * radius;
  const nodes: Node[] = [];
  let last = "input";
  if (radius > 0)
    for (const axis of [0, 1]) {
      const shape = [axis === 1 ? wide : size, size, 1];
      const part = (name: string, from: number) => {
        nodes.push(
          node(ops.slice, `${name}${axis}`, [last], {
            begin: shape.map((_, i) => (i === axis ? from : 0)),
            size: shape.map((d, i) => (i === axis ? radius : d)),
            strides: [1, 1, 1],
          }),
        );
        return `${name}${axis}`;
      };
      const before = part("before", size - radius);
      const after = part("after", 0);
      nodes.push(
        node(ops.concat, `wrap${axis}`, [before, last, after], { axis }),
      );
      last = `wrap${axis}`;
    }
  const kernel = weight(
    [side, side, 1, of.length],
    Array.from({ length: side * side }, (_, i) =>
      of.map((f) => f[i] ?? 0),
    ).flat(),
  );
  nodes.push(
    node(
      ops.conv2d,
      "filters",
      [last],
      { strides: [1, 1], dilations: [1, 1], padding: "valid", groups: 1 },
      { kernel },
    ),
    relu("rectifier", "filters", forward),
    node(ops.globalAverage, "means", ["rectifier"], { keepDims: false }),
    node(
      ops.dense,
      "logits",
      ["means"],
      {},
      {
        kernel: weight(
          [of.length, 1],
          of.map(() => 1),
        ),
      },
    ),
  );
  return network([size, size, 1], nodes);
}

describe.each(Object.keys(filters))("%s", (name) => {
  const of = filters[name] ?? [];
  const size = 7;
  const pixels = size * size;

  it.for(["eagerly", "in the graph"])(
    "has the value and gradient of the same network %s",
    (way, { skip }) => {
      skip(way !== "eagerly" && !runtime, "native TensorFlow is not built");
      const f = objective(of, size);
      const x = noise(size, 3);
      for (const [forward, backward] of slopes) {
        const reference = gradientOf(
          {
            network: networkOf(of, size, forward),
            runtime: way === "eagerly" ? null : runtime,
            method: { kind: "slopes", forward, backward },
            target: { kind: "logit", index: 0 },
          },
          x,
        );
        const gradient = new Float64Array(pixels);
        const value = f.ascend(
          Float64Array.from(x),
          { forward, backward },
          gradient,
        );
        expect(value).toBeCloseTo(reference.score, 5);
        const scale = Math.max(...gradient.map(Math.abs));
        for (const [i, g] of gradient.entries())
          expect(
            Math.abs(g - (reference.gradient[i] ?? NaN) * pixels),
          ).toBeLessThan(1e-5 * scale);
      }
    },
  );

  it("has the derivatives of its values where both slopes are one", () => {
    const f = objective(of, size);
    const x = Float64Array.from(noise(size, 4));
    const gradient = new Float64Array(pixels);
    const unused = new Float64Array(pixels);
    for (const slope of [0, 0.2, 1]) {
      const both = { forward: slope, backward: slope };
      f.ascend(x, both, gradient);
      const h = 1e-7;
      for (let i = 0; i < pixels; i++) {
        const at = (by: number) =>
          f.ascend(
            x.map((v, j) => (j === i ? v + by : v)),
            both,
            unused,
          );
        const measured = ((at(h) - at(-h)) / (2 * h)) * pixels;
        expect(gradient[i]).toBeCloseTo(measured, 4);
      }
    }
  });

  it("has values that do not depend on the backward slope, and gradients linear in it within their bounds", () => {
    const f = objective(of, size);
    for (const seed of [5, 6, 7]) {
      const x = Float64Array.from(noise(size, seed));
      const at = (backward: number) => {
        const gradient = new Float64Array(pixels);
        const value = f.ascend(x, { forward: 0.1, backward }, gradient);
        return { value, gradient };
      };
      const [zero, one] = [at(0), at(1)];
      for (const p of [0.15, 0.5, 0.9]) {
        const { value, gradient } = at(p);
        expect(value).toBe(zero.value);
        for (const [i, g] of gradient.entries()) {
          const [a = NaN, b = NaN] = [zero.gradient[i], one.gradient[i]];
          expect(g).toBeCloseTo(a + p * (b - a), 10);
          const { positive, negative } = f;
          expect(g).toBeGreaterThanOrEqual(p * positive - negative - 1e-12);
          expect(g).toBeLessThanOrEqual(positive - p * negative + 1e-12);
        }
      }
    }
  });
});

it("wraps around: a shifted image has the shifted gradient", () => {
  const size = 6;
  const f = objective([lopsided], size);
  const x = Float64Array.from(noise(size, 8));
  const shift = (of: Float64Array) =>
    of.map((_, i) => {
      const [row, column] = [Math.floor(i / size) + 2, (i % size) + 5];
      return of[(row % size) * size + (column % size)] ?? NaN;
    });
  const [here, there] = [new Float64Array(36), new Float64Array(36)];
  const rule = { forward: 0, backward: 0.3 };
  const value = f.ascend(x, rule, here);
  expect(f.ascend(shift(x), rule, there)).toBeCloseTo(value, 12);
  expect(there).toEqual(shift(here));
});
