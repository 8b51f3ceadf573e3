/** Every operation with shapes, strides, dilations, paddings and slopes that real networks have, and odd ones. */
import {
  node,
  type Node,
  type Op,
  type Shape,
  type Weights,
} from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { randomStream } from "../../../src/engine/random";
import { randomValues } from "./random-values";
import type { Values } from "./values";
import { randomWeight, weight } from "../../support/small-networks";

export interface OpCase {
  readonly title: string;
  readonly node: Node;
  /** One an input, batch left out. */
  readonly shapes: readonly Shape[];
  /** Its inputs must be above 0. */
  readonly positive: boolean;
  /** Inputs that are constants: a batch of one, and no gradient. */
  readonly constants: readonly number[];
}

/** A batch of two seeded inputs; constants have a batch of one. */
export function inputsOf({ shapes, positive, constants }: OpCase): Values[] {
  return shapes.map((shape, i) => {
    const images = constants.includes(i) ? 1 : 2;
    const x = randomValues([images, ...shape], 7 + i);
    if (!positive) return x;
    return { ...x, data: x.data.map((v) => Math.fround(Math.abs(v) + 0.2)) };
  });
}

function opCase<A extends object>(
  title: string,
  op: Op<A>,
  shapes: readonly Shape[],
  attributes: A,
  weights: Weights = {},
  { positive = false, constants = [] }: Partial<OpCase> = {},
): OpCase {
  const inputs = shapes.map((_, i) => `x${i}`);
  return {
    title: `${op.kind}, ${title}`,
    node: node(op, "node", inputs, attributes, weights),
    shapes,
    positive,
    constants,
  };
}

/** Operations without attributes and weights, each on the same shapes. */
function each(
  title: string,
  list: readonly Op[],
  shapes: readonly Shape[],
  options: Partial<OpCase> = {},
): OpCase[] {
  return list.map((op) => opCase(title, op, shapes, {}, {}, options));
}

/** A seeded number from `low` to `high`, both included. */
function picker(seed: number) {
  const random = randomStream(seed);
  return (low: number, high: number) =>
    low + Math.floor(random.uniform() * (high - low + 1));
}

function randomPadding(pick: (low: number, high: number) => number) {
  const kinds = ["same", "valid", "explicit"] as const;
  const kind = kinds[pick(0, 2)] ?? "same";
  if (kind !== "explicit") return kind;
  const pair = () => [pick(0, 2), pick(0, 2)] as const;
  return [pair(), pair()] as const;
}

function spell(padding: ops.Padding): string {
  return typeof padding === "string" ? padding : JSON.stringify(padding);
}

function convCase(seed: number): OpCase {
  const pick = picker(seed);
  const kernel = [pick(1, 4), pick(1, 4)] as const;
  const dilated = pick(0, 2) === 0;
  const dilations = dilated
    ? ([pick(1, 3), pick(1, 3)] as const)
    : ([1, 1] as const);
  const strides = [pick(1, 3), pick(1, 3)] as const;
  const groups = [1, 1, 2, 3][pick(0, 3)] ?? 1;
  const padding = randomPadding(pick);
  const shape = [pick(10, 13), pick(10, 13), 2 * groups] as const;
  const out = 3 * groups;
  const weights = {
    kernel: randomWeight([...kernel, 2, out], 0.5, seed),
    ...(pick(0, 1) ? { bias: randomWeight([out], 0.5, seed + 1) } : {}),
  };
  return opCase(
    `${shape.join("x")} kernel ${kernel.join("x")} strides ${strides.join()} dilations ${dilations.join()} groups ${groups} padding ${spell(padding)}`,
    ops.conv2d,
    [shape],
    { strides, dilations, padding, groups },
    weights,
  );
}

/** Few channels under a stride: the gradient goes another way. */
function stemCase(seed: number): OpCase {
  const pick = picker(seed);
  const stride = pick(2, 4);
  const kernel = [pick(1, 7), pick(1, 7)] as const;
  const padding = randomPadding(pick);
  const shape = [pick(9, 14), pick(9, 14), pick(1, 4)] as const;
  return opCase(
    `${shape.join("x")} kernel ${kernel.join("x")} stride ${stride} padding ${spell(padding)}`,
    ops.conv2d,
    [shape],
    { strides: [stride, stride], dilations: [1, 1], padding, groups: 1 },
    { kernel: randomWeight([...kernel, shape[2], 5], 0.5, seed) },
  );
}

function depthwiseCase(seed: number): OpCase {
  const pick = picker(seed);
  const kernel = [pick(1, 5), pick(1, 5)] as const;
  const stride = pick(1, 3);
  const dilations =
    stride === 1 && pick(0, 1)
      ? ([pick(1, 2), pick(1, 3)] as const)
      : ([1, 1] as const);
  const padding = randomPadding(pick);
  const multiplier = pick(1, 2);
  const shape = [pick(12, 14), pick(12, 14), 3] as const;
  return opCase(
    `${shape.join("x")} kernel ${kernel.join("x")} stride ${stride} dilations ${dilations.join()} times ${multiplier} padding ${spell(padding)}`,
    ops.depthwiseConv2d,
    [shape],
    { strides: [stride, stride], dilations, padding },
    {
      kernel: randomWeight([...kernel, 3, multiplier], 0.5, seed),
      bias: randomWeight([3 * multiplier], 0.5, seed + 1),
    },
  );
}

function poolCases(seed: number): OpCase[] {
  const pick = picker(seed);
  const window = [pick(1, 4), pick(1, 4)] as const;
  const strides = [pick(1, 3), pick(1, 3)] as const;
  const within = (n: number) =>
    [Math.min(n - 1, pick(0, 2)), Math.min(n - 1, pick(0, 2))] as const;
  const pads = [within(window[0]), within(window[1])] as const;
  const padding: ops.Padding =
    (["same", "valid", pads] as const)[seed % 3] ?? pads;
  const shape = [pick(5, 8), pick(5, 8), 3] as const;
  const title = `${shape.join("x")} window ${window.join("x")} strides ${strides.join()} padding ${spell(padding)}`;
  const attributes = { window, strides, padding };
  const none = [
    [0, 0],
    [0, 0],
  ] as const;
  return [
    opCase(title, ops.maxPool, [shape], attributes),
    opCase(title, ops.averagePool, [shape], { ...attributes, counted: none }),
    ...(typeof padding === "string"
      ? []
      : [
          opCase(`${title}, all counted`, ops.averagePool, [shape], {
            ...attributes,
            counted: padding,
          }),
          opCase(`${title}, first counted`, ops.averagePool, [shape], {
            ...attributes,
            counted: [
              [padding[0][0], 0],
              [padding[1][0], 0],
            ],
          }),
        ]),
  ];
}

function transposeCase(seed: number): OpCase {
  const pick = picker(seed);
  const kernel = [pick(1, 4), pick(1, 4)] as const;
  const strides = [pick(1, 3), pick(1, 3)] as const;
  const dilations =
    pick(0, 2) === 0 ? ([pick(1, 2), pick(1, 3)] as const) : ([1, 1] as const);
  const groups = [1, 1, 2][pick(0, 2)] ?? 1;
  const half = (n: number) =>
    [pick(0, Math.floor(n / 2)), pick(0, Math.floor(n / 2))] as const;
  const padding = [half(kernel[0]), half(kernel[1])] as const;
  const outputPadding = [pick(0, strides[0] - 1), pick(0, strides[1] - 1)];
  const [down = 0, across = 0] = outputPadding;
  const shape = [pick(4, 6), pick(4, 6), 2 * groups] as const;
  return opCase(
    `${shape.join("x")} kernel ${kernel.join("x")} strides ${strides.join()} dilations ${dilations.join()} groups ${groups} padding ${spell(padding)} and ${outputPadding.join()}`,
    ops.convTranspose2d,
    [shape],
    { strides, dilations, padding, outputPadding: [down, across], groups },
    {
      kernel: randomWeight([...kernel, 3, 2 * groups], 0.5, seed),
      ...(pick(0, 1)
        ? { bias: randomWeight([3 * groups], 0.5, seed + 1) }
        : {}),
    },
  );
}

/** The matrix that repeats every pixel. */
function repeating(length: number, factor: number) {
  const all = length * factor * length;
  return weight(
    [length * factor, length],
    Array.from({ length: all }, (_, i) =>
      Math.floor(i / length / factor) === i % length ? 1 : 0,
    ),
  );
}

function dilatedPoolCases(seed: number): OpCase[] {
  const pick = picker(seed);
  const window = [pick(1, 3), pick(2, 3)] as const;
  const strides = [pick(1, 3), pick(1, 3)] as const;
  const dilations = [pick(1, 3), pick(2, 3)] as const;
  const within = (n: number) =>
    [Math.min(n - 1, pick(0, 1)), Math.min(n - 1, pick(0, 1))] as const;
  const pads = [within(window[0]), within(window[1])] as const;
  const padding: ops.Padding =
    (["same", "valid", pads] as const)[seed % 3] ?? pads;
  const shape = [pick(8, 11), pick(8, 11), 2] as const;
  const title = `${shape.join("x")} window ${window.join("x")} strides ${strides.join()} dilations ${dilations.join()} padding ${spell(padding)}`;
  const attributes = { window, strides, dilations, padding };
  return [
    opCase(title, ops.maxPool, [shape], attributes),
    opCase(title, ops.averagePool, [shape], {
      ...attributes,
      counted: [
        [0, 0],
        [0, 0],
      ],
    }),
    ...(typeof padding === "string"
      ? []
      : [
          opCase(`${title}, all counted`, ops.averagePool, [shape], {
            ...attributes,
            counted: padding,
          }),
        ]),
  ];
}

const seeds = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => from + i);
const map: Shape = [5, 6, 4];
const vector: Shape = [7];
const norm = {
  gamma: weight([4], [1, 0.5, -1.5, 2]),
  beta: randomWeight([4], 0.3, 1),
  mean: randomWeight([4], 0.3, 2),
  variance: weight([4], [1, 0.01, 2, 0.7]),
};

export const opCases: readonly OpCase[] = [
  opCase(
    "a strided stem with padding as PyTorch has it",
    ops.conv2d,
    [[11, 9, 3]],
    {
      strides: [2, 2],
      dilations: [1, 1],
      padding: [
        [3, 3],
        [3, 3],
      ],
      groups: 1,
    },
    { kernel: randomWeight([7, 7, 3, 4], 0.3, 3) },
  ),
  ...seeds(100, 16).map(convCase),
  ...seeds(150, 16).map(stemCase),
  opCase(
    "patches",
    ops.conv2d,
    [[12, 12, 3]],
    { strides: [4, 4], dilations: [1, 1], padding: "valid", groups: 1 },
    { kernel: randomWeight([4, 4, 3, 6], 0.3, 5) },
  ),
  opCase(
    "padding wider than the kernel under a stride",
    ops.conv2d,
    [[8, 8, 3]],
    {
      strides: [2, 2],
      dilations: [1, 1],
      padding: [
        [4, 3],
        [1, 5],
      ],
      groups: 1,
    },
    { kernel: randomWeight([3, 3, 3, 6], 0.3, 6) },
  ),
  opCase(
    "padding wider than the kernel",
    ops.depthwiseConv2d,
    [[5, 5, 2]],
    {
      strides: [1, 1],
      dilations: [1, 1],
      padding: [
        [3, 0],
        [1, 4],
      ],
    },
    { kernel: randomWeight([3, 3, 2, 1], 0.5, 4) },
  ),
  ...seeds(200, 14).map(depthwiseCase),
  ...seeds(300, 9).flatMap(poolCases),
  ...seeds(330, 9).flatMap(dilatedPoolCases),
  opCase("all padding counted, less of it used", ops.averagePool, [[6, 6, 2]], {
    window: [3, 3],
    strides: [2, 2],
    padding: [
      [1, 0],
      [1, 0],
    ],
    counted: [
      [1, 1],
      [1, 1],
    ],
  }),
  opCase(
    "vector",
    ops.dense,
    [vector],
    {},
    {
      kernel: randomWeight([7, 5], 0.5, 5),
      bias: randomWeight([5], 0.5, 6),
    },
  ),
  opCase(
    "map, no bias",
    ops.dense,
    [map],
    {},
    {
      kernel: randomWeight([4, 3], 0.5, 7),
    },
  ),
  opCase(
    "four dimensions",
    ops.dense,
    [[2, 3, 2, 4]],
    {},
    {
      kernel: randomWeight([4, 5], 0.5, 7),
      bias: randomWeight([5], 0.5, 8),
    },
  ),
  opCase("all weights", ops.batchNorm, [map], { epsilon: 1e-3 }, norm),
  opCase(
    "no gamma, no beta",
    ops.batchNorm,
    [map],
    { epsilon: 0.1 },
    {
      mean: norm.mean,
      variance: norm.variance,
    },
  ),
  opCase(
    "vector, scale only",
    ops.batchNorm,
    [[4]],
    { epsilon: 0 },
    {
      gamma: norm.gamma,
    },
  ),
  ...(
    [
      [0, null],
      [0.2, null],
      [1, null],
      [0, 6],
      [0.1, 1],
      [0, 0.5],
    ] as const
  ).map(([slope, ceiling]) =>
    opCase(
      `slope ${slope}, ceiling ${ceiling ?? "none"}`,
      ops.rectifier,
      [map],
      {
        slope,
        ceiling,
      },
    ),
  ),
  opCase(
    "a slope a channel, one negative",
    ops.prelu,
    [map],
    {},
    {
      alpha: weight([1, 1, 4], [0.25, 0, -0.3, 1.2]),
    },
  ),
  opCase(
    "a slope a value",
    ops.prelu,
    [map],
    {},
    {
      alpha: randomWeight(map, 0.3, 8),
    },
  ),
  ...[false, true].flatMap((keepDims) => [
    opCase(`keepDims ${keepDims}`, ops.globalAverage, [map], { keepDims }),
    opCase(`keepDims ${keepDims}`, ops.globalMax, [map], { keepDims }),
  ]),
  opCase("two", ops.add, [map, map], {}),
  opCase("three", ops.add, [map, map, map], {}),
  opCase("repeated", ops.add, [map, [1, 1, 4], [5, 6, 1]], {}),
  opCase("two", ops.multiply, [map, map], {}),
  opCase("a weight a channel", ops.multiply, [map, [1, 1, 4]], {}),
  opCase("three", ops.multiply, [[1, 6, 4], map, [5, 1, 1]], {}),
  opCase("maps", ops.concat, [map, [5, 6, 2], [5, 6, 1]], {}),
  opCase("vectors", ops.concat, [vector, [3]], {}),
  opCase("one", ops.concat, [map], {}),
  opCase("rows", ops.concat, [map, [2, 6, 4]], { axis: 0 }),
  opCase("columns", ops.concat, [map, [5, 1, 4], [5, 3, 4]], { axis: -2 }),
  opCase("columns of a map", ops.transpose, [map], { order: [1, 0, 2] }),
  opCase("round", ops.transpose, [map], { order: [2, 0, 1] }),
  opCase("windows", ops.transpose, [[2, 3, 3, 2, 4]], {
    order: [0, 2, 1, 3, 4],
  }),
  opCase("a dimension of 1", ops.transpose, [[1, 6, 4]], { order: [1, 2, 0] }),
  opCase("vector", ops.transpose, [vector], { order: [0] }),
  opCase("the middle", ops.slice, [map], {
    begin: [1, 0, 2],
    size: [3, 6, 1],
    strides: [1, 1, 1],
  }),
  opCase("every other, from the second", ops.slice, [map], {
    begin: [1, 0, 1],
    size: [2, 3, 3],
    strides: [2, 2, 1],
  }),
  opCase("backwards", ops.slice, [map], {
    begin: [4, 4, 0],
    size: [5, 3, 4],
    strides: [-1, -2, 1],
  }),
  opCase("backwards, from within", ops.slice, [[3, 9]], {
    begin: [2, 7],
    size: [2, 3],
    strides: [-1, -3],
  }),
  opCase("one, whatever the stride", ops.slice, [map], {
    begin: [3, 0, 0],
    size: [1, 6, 4],
    strides: [-5, 1, 1],
  }),
  opCase("all", ops.slice, [vector], { begin: [0], size: [7], strides: [1] }),
  opCase("rows, some twice", ops.gather, [map], {
    axis: 0,
    indices: [3, 0, 0, 2, 3],
  }),
  opCase("channels in another order", ops.gather, [map], {
    axis: -1,
    indices: [2, 0, 3, 1],
  }),
  opCase("one many times", ops.gather, [map], {
    axis: 1,
    indices: [2, 2, 1, 2, 2, 2, 2, 2, 0],
  }),
  ...[0, 1].map((axis) =>
    opCase(`axis ${axis} mixed`, ops.gather, [[12, 12]], {
      axis,
      indices: [7, 2, 11, 0, 5, 2, 9, 4, 0, 8, 3, 10, 1, 6],
    }),
  ),
  opCase("the only one repeated", ops.gather, [[1, 6, 4]], {
    axis: 0,
    indices: [0, 0, 0],
  }),
  opCase("evenly spaced", ops.gather, [[9, 3]], {
    axis: 0,
    indices: [7, 4, 1],
  }),
  opCase("one alone", ops.gather, [[9, 3]], { axis: 0, indices: [0] }),
  opCase("always the same", ops.gather, [[9, 3]], { axis: 0, indices: [5, 5] }),
  opCase("every axis", ops.pad, [map], {
    amounts: [
      [1, 0],
      [0, 2],
      [3, 1],
    ],
    mode: "constant",
    value: -0.75,
  }),
  opCase("tokens", ops.pad, [[4, 3]], {
    amounts: [
      [1, 2],
      [0, 0],
    ],
    mode: "constant",
    value: 0,
  }),
  opCase("reflected", ops.pad, [map], {
    amounts: [
      [3, 3],
      [1, 4],
      [0, 0],
    ],
    mode: "reflect",
    value: 0,
  }),
  opCase("reflected as far as it goes", ops.pad, [[3, 4, 2]], {
    amounts: [
      [2, 2],
      [0, 0],
      [1, 0],
    ],
    mode: "reflect",
    value: 0,
  }),
  opCase("edge", ops.pad, [map], {
    amounts: [
      [2, 0],
      [1, 7],
      [0, 1],
    ],
    mode: "edge",
    value: 0,
  }),
  ...(["mean", "sum", "max", "min"] as const).flatMap((kind) => [
    opCase(kind, ops.reduce, [map], { kind, axes: [0, 1], keepDims: true }),
    opCase(kind, ops.reduce, [map], { kind, axes: [-1], keepDims: false }),
    opCase(kind, ops.reduce, [map], { kind, axes: [1], keepDims: false }),
    opCase(kind, ops.reduce, [map], { kind, axes: [0, -1], keepDims: true }),
    opCase(kind, ops.reduce, [vector], { kind, axes: [0], keepDims: true }),
    opCase(kind, ops.reduce, [[2, 3, 4, 2]], {
      kind,
      axes: [2, 0],
      keepDims: false,
    }),
  ]),
  ...[false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) => {
      const a = transposeA ? [5, 4] : [4, 5];
      const b = transposeB ? [3, 5] : [5, 3];
      const title = `${transposeA ? "A turned" : "A"} x ${transposeB ? "B turned" : "B"}`;
      const attributes = { transposeA, transposeB };
      return [
        opCase(title, ops.matmul, [a, b], attributes),
        opCase(
          `${title}, heads`,
          ops.matmul,
          [
            [2, ...a],
            [2, ...b],
          ],
          attributes,
        ),
        opCase(
          `${title}, both repeated`,
          ops.matmul,
          [
            [2, 1, ...a],
            [1, 3, ...b],
          ],
          attributes,
        ),
        opCase(
          `${title}, A constant`,
          ops.matmul,
          [a, b],
          attributes,
          {},
          { constants: [0] },
        ),
        opCase(
          `${title}, B constant`,
          ops.matmul,
          [
            [2, ...a],
            [1, ...b],
          ],
          attributes,
          {},
          { constants: [1] },
        ),
      ];
    }),
  ),
  opCase(
    "tokens",
    ops.layerNorm,
    [[5, 8]],
    { dimensions: 1, epsilon: 1e-5 },
    { gamma: randomWeight([8], 1, 40), beta: randomWeight([8], 1, 41) },
  ),
  opCase("map, no weights", ops.layerNorm, [map], {
    dimensions: 1,
    epsilon: 1e-2,
  }),
  opCase(
    "all dimensions",
    ops.layerNorm,
    [map],
    { dimensions: 3, epsilon: 1e-6 },
    { gamma: randomWeight(map, 1, 42) },
  ),
  opCase(
    "vector",
    ops.layerNorm,
    [vector],
    { dimensions: 1, epsilon: 1e-6 },
    { beta: randomWeight(vector, 1, 43) },
  ),
  opCase(
    "larger",
    ops.resample,
    [map],
    {},
    {
      rows: randomWeight([8, 5], 0.5, 44),
      columns: randomWeight([7, 6], 0.5, 45),
    },
  ),
  opCase(
    "smaller",
    ops.resample,
    [map],
    {},
    {
      rows: randomWeight([2, 5], 0.5, 46),
      columns: randomWeight([1, 6], 0.5, 47),
    },
  ),
  ...(
    [
      [2, 2],
      [3, 1],
      [5, 7],
    ] as const
  ).map(([down, across]) =>
    opCase(
      `pixels repeated ${down} x ${across} times`,
      ops.resample,
      [[3, 4, 2]],
      {},
      { rows: repeating(3, down), columns: repeating(4, across) },
    ),
  ),
  ...[1, 2, 3, 4, 5, 9].map((size) =>
    opCase(`size ${size}`, ops.localResponseNorm, [[3, 4, 6]], {
      size,
      alpha: 0.4,
      beta: 0.75,
      bias: 1,
    }),
  ),
  opCase("size 3", ops.localResponseNorm, [vector], {
    size: 3,
    alpha: 1,
    beta: 0.5,
    bias: 2,
  }),
  ...seeds(400, 14).map(transposeCase),
  opCase(
    "as Keras has it with padding same",
    ops.convTranspose2d,
    [[4, 5, 2]],
    {
      strides: [3, 2],
      dilations: [1, 1],
      padding: [
        [0, 0],
        [0, 1],
      ],
      outputPadding: [1, 0],
      groups: 1,
    },
    {
      kernel: randomWeight([2, 3, 3, 2], 0.5, 48),
      bias: randomWeight([3], 1, 49),
    },
  ),
  opCase("tokens of three dimensions", ops.softmax, [[2, 3, 5, 5]], {}),
  opCase("map", ops.flatten, [map], {}),
  opCase("to five dimensions", ops.reshape, [map], {
    shape: [5, 2, 3, 2, 2],
  }),
  opCase("to a vector's map", ops.reshape, [map], { shape: [1, 1, 120] }),
  opCase("each side its own", ops.zeroPad, [map], {
    padding: [
      [0, 2],
      [1, 3],
    ],
  }),
  opCase("vector", ops.softmax, [vector], {}),
  opCase("map", ops.softmax, [map], {}),
  ...each(
    "map",
    [
      ops.sigmoid,
      ops.tanh,
      ops.softplus,
      ops.softsign,
      ops.logSigmoid,
      ops.selu,
      ops.swish,
      ops.quickGelu,
      ops.mish,
      ops.gelu,
      ops.geluTanh,
      ops.hardSwish,
      ops.hardTanh,
      ops.negate,
      ops.abs,
      ops.square,
      ops.exp,
      ops.erf,
      ops.sin,
      ops.cos,
    ],
    [map],
  ),
  ...each("vector", [ops.swish, ops.negate, ops.erf], [vector]),
  ...each("map", [ops.sqrt, ops.rsqrt, ops.reciprocal, ops.log], [map], {
    positive: true,
  }),
  opCase("alpha 0.6", ops.celu, [map], { alpha: 0.6 }),
  opCase("alpha 2", ops.celu, [map], { alpha: 2 }),
  opCase("0.5", ops.thresholdedRelu, [map], { threshold: 0.5 }),
  opCase("-0.5", ops.thresholdedRelu, [map], { threshold: -0.5 }),
  opCase("both sides", ops.clip, [map], { low: -0.75, high: 1.25 }),
  opCase("below", ops.clip, [map], { low: 0.3, high: null }),
  opCase("above", ops.clip, [vector], { low: null, high: -0.2 }),
  opCase("none", ops.clip, [vector], { low: null, high: null }),
  ...[
    { shapes: [map, map], title: "equal" },
    { shapes: [map, [1, 1, 4]], title: "second repeated" },
    {
      shapes: [
        [5, 1, 4],
        [1, 6, 1],
      ],
      title: "both repeated",
    },
    { shapes: [map, map], title: "second constant", constants: [1] },
    { shapes: [[1, 1, 4], map], title: "first constant", constants: [0] },
    {
      shapes: [
        [2, 3, 4, 5],
        [2, 1, 4, 5],
      ],
      title: "four dimensions",
    },
  ].flatMap(({ shapes, title, constants = [] }) => [
    ...each(
      title,
      [ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum],
      shapes,
      { constants },
    ),
    ...each(title, [ops.divide, ops.power], shapes, {
      constants,
      positive: true,
    }),
  ]),
  ...[2, 3, 1, -1].map((exponent) =>
    opCase(`exponent ${exponent}`, ops.power, [map], { exponent }),
  ),
  ...[0.5, -0.5, 1.7, -2].map((exponent) =>
    opCase(
      `exponent ${exponent}`,
      ops.power,
      [map],
      { exponent },
      {},
      { positive: true },
    ),
  ),
  opCase(
    "a constant in front",
    ops.concat,
    [
      [1, 4],
      [6, 4],
    ],
    { axis: 0 },
    {},
    { constants: [0] },
  ),
  opCase("alpha 1", ops.elu, [map], { alpha: 1 }),
  opCase("alpha 0.4", ops.elu, [map], { alpha: 0.4 }),
  opCase("alpha 1.7", ops.elu, [map], { alpha: 1.7 }),
  opCase("of Keras 2", ops.hardSigmoid, [map], { slope: 0.2, offset: 0.5 }),
  opCase("of PyTorch", ops.hardSigmoid, [map], { slope: 1 / 6, offset: 0.5 }),
];
