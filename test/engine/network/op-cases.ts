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
