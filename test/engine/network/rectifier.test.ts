/** The gradient rule itself: a forward slope s for values, a backward slope p for gradients. */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NativeRuntime } from "../../../src/engine";
import { node, type Node } from "../../../src/engine/network/op";
import { prelu, rectifier } from "../../../src/engine/network/ops/index";
import type { Method } from "../../../src/shared/domain";
import { slopesOf } from "../../../src/shared/method";
import { openBackend } from "../../../src/main/host/backend";
import { randomValues } from "./random-values";
import type { Values } from "./reference";
import { runEager, runGraph, type Both } from "./run-op";
import { weight } from "../../support/small-networks";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

const relu = node(rectifier, "relu", ["x"], { slope: 0, ceiling: null });
const relu6 = node(rectifier, "relu6", ["x"], { slope: 0, ceiling: 6 });

type Run = (
  of: Node,
  inputs: readonly Values[],
  dy: Float64Array,
  slopes: { forward: number; backward: number },
) => Both;

const ways: [string, Run][] = [
  [
    "eagerly",
    (of, inputs, dy, slopes) => runEager(of, inputs, dy, () => slopes),
  ],
  [
    "in the graph",
    (of, inputs, dy, slopes) => {
      if (!runtime) throw new Error("native TensorFlow is not built");
      return runGraph(runtime, of, inputs, dy, () => slopes);
    },
  ],
];

function row(...values: number[]): Values {
  return { shape: [1, values.length], data: Float64Array.from(values) };
}

/** -0 is 0. */
function numbers(values: Float32Array | undefined): number[] {
  return [...(values ?? [])].map((v) => v + 0);
}

/** As float32, and -0 is 0. */
function rounded(value: number): number {
  return Math.fround(value) + 0;
}

describe.each(ways)("a rectifier %s", (way, run) => {
  beforeEach(({ skip }) => {
    skip(way !== "eagerly" && !runtime, "native TensorFlow is not built");
  });
  const x = row(1.5, -0.5, -2, 3);
  const dy = Float64Array.from([2, -1, 4, 0.5]);

  it.each([
    { slopes: [0, 0], value: [1.5, 0, 0, 3], gradient: [2, 0, 0, 0.5] },
    {
      slopes: [0.3, 0.3],
      value: [1.5, -0.15, -0.6, 3],
      gradient: [2, -0.3, 1.2, 0.5],
    },
    { slopes: [0, 0.3], value: [1.5, 0, 0, 3], gradient: [2, -0.3, 1.2, 0.5] },
    { slopes: [0, 1], value: [1.5, 0, 0, 3], gradient: [2, -1, 4, 0.5] },
    {
      slopes: [0.3, 0],
      value: [1.5, -0.15, -0.6, 3],
      gradient: [2, 0, 0, 0.5],
    },
    {
      slopes: [1, 0.3],
      value: [1.5, -0.5, -2, 3],
      gradient: [2, -0.3, 1.2, 0.5],
    },
  ])(
    "has the values and gradients of the worked example at slopes $slopes",
    ({ slopes: [forward = 0, backward = 0], value, gradient }) => {
      const both = run(relu, [x], dy, { forward, backward });
      expect(numbers(both.value)).toEqual(value.map(Math.fround));
      expect(numbers(both.gradients[0])).toEqual(gradient.map(Math.fround));
    },
  );

  it.each([0, 0.1, 1])("has the backward slope %d at exactly 0", (backward) => {
    const both = run(relu, [row(0, -0, 1e-30)], Float64Array.from([1, 1, 1]), {
      forward: 0.2,
      backward,
    });
    expect(numbers(both.gradients[0])).toEqual(
      [backward, backward, 1].map(Math.fround),
    );
  });

  it("passes nothing at and above its ceiling, whatever the slopes", () => {
    for (const backward of [0, 0.25, 1]) {
      const both = run(
        relu6,
        [row(-1, 5.5, 6, 7)],
        Float64Array.from([1, 1, 1, 1]),
        { forward: 0.5, backward },
      );
      expect(numbers(both.value)).toEqual([-0.5, 5.5, 6, 6]);
      expect(numbers(both.gradients[0])).toEqual([backward, 1, 0, 0]);
    }
  });

  it("has a gradient linear in the backward slope, and values that do not depend on it", () => {
    const big = randomValues([2, 5, 5, 3], 1);
    const seed = randomValues([2, 5, 5, 3], 2).data;
    const at = (backward: number) =>
      run(relu, [big], seed, { forward: 0, backward });
    const [zero, one, between] = [at(0), at(1), at(0.375)];
    expect(between.value).toEqual(zero.value);
    expect(between.value).toEqual(one.value);
    const expected = zero.gradients[0]?.map(
      (g, i) => g + 0.375 * ((one.gradients[0]?.[i] ?? NaN) - g),
    );
    expect(between.gradients[0]).toEqual(expected);
  });
});

describe.each(ways)("the methods %s", (way, run) => {
  beforeEach(({ skip }) => {
    skip(way !== "eagerly" && !runtime, "native TensorFlow is not built");
  });
  const own = node(rectifier, "leaky", ["x"], { slope: 0.2, ceiling: null });
  const capped = node(rectifier, "capped", ["x"], { slope: 0.2, ceiling: 6 });
  const x = row(-2, -0.5, 0, 3, 6, 8);
  const dy = Float64Array.from([1, 1, 1, 1, 1, 1]);

  it.each<[Method, number, number]>([
    [{ kind: "relu" }, 0.2, 0.2],
    [{ kind: "leaky", slope: 0.5 }, 0.5, 0.5],
    [{ kind: "proxygrad", slope: 0.5 }, 0.2, 0.5],
    [{ kind: "slopes", forward: 0, backward: 0.5 }, 0, 0.5],
  ])("give a slope of its own their %o", (method, s, p) => {
    const slopes = slopesOf(method, 0.2);
    const open = run(own, [x], dy, slopes);
    const values = [-2 * s, -0.5 * s, 0];
    expect(numbers(open.value)).toEqual([...values, 3, 6, 8].map(rounded));
    expect(numbers(open.gradients[0])).toEqual([p, p, p, 1, 1, 1].map(rounded));
    const closed = run(capped, [x], dy, slopes);
    expect(numbers(closed.value)).toEqual([...values, 3, 6, 6].map(rounded));
    expect(numbers(closed.gradients[0])).toEqual(
      [p, p, p, 1, 0, 0].map(rounded),
    );
  });
});

it.for(ways)(
  "leaves the slopes of a PReLU alone, %s",
  ([way, run], { skip }) => {
    if (way !== "eagerly" && !runtime)
      return skip("native TensorFlow is not built");
    const slopes = node(
      prelu,
      "prelu",
      ["x"],
      {},
      { alpha: weight([3], [0.25, -0.5, 0]) },
    );
    expect(prelu.rectifier).toBeFalsy();
    const both = run(slopes, [row(-2, -2, -2)], Float64Array.from([1, 1, 1]), {
      forward: 0.7,
      backward: 0.125,
    });
    expect(numbers(both.value)).toEqual([-0.5, 1, 0]);
    expect(numbers(both.gradients[0])).toEqual([0.25, -0.5, 0]);
  },
);
