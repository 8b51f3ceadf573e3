/** What an operation cannot do is refused when shapes are inferred, by the node's name, before anything is computed. */
import { describe, expect, it } from "vitest";
import {
  node,
  type Node,
  type Op,
  type Shape,
  type Weights,
} from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { Fault, type FaultCode } from "../../../src/shared/fault";
import { weight } from "../../support/small-networks";

function zeros(...shape: number[]) {
  return weight(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
}

function of<A extends object>(
  op: Op<A>,
  shapes: readonly Shape[],
  attributes: A,
  weights: Weights = {},
): () => Shape {
  const made: Node<A> = node(
    op,
    "the node",
    shapes.map((_, i) => `x${i}`),
    attributes,
    weights,
  );
  return () => op.infer(shapes, made);
}

const map: Shape = [6, 6, 4];
const one = {
  strides: [1, 1],
  dilations: [1, 1],
  padding: "valid",
} as const;
const pool = { window: [2, 2], strides: [2, 2], padding: "valid" } as const;
const conv = { ...one, groups: 1 };

const unsupported: readonly [string, () => Shape, string][] = [
  [
    "a convolution of a vector",
    of(ops.conv2d, [[7]], conv, { kernel: zeros(1, 1, 7, 2) }),
    "[7]",
  ],
  [
    "groups that do not divide the channels",
    of(
      ops.conv2d,
      [map],
      { ...conv, groups: 3 },
      {
        kernel: zeros(1, 1, 1, 3),
      },
    ),
    "3 groups",
  ],
  [
    "a stride of 0",
    of(
      ops.conv2d,
      [map],
      { ...conv, strides: [0, 1] },
      {
        kernel: zeros(1, 1, 4, 2),
      },
    ),
    "strides 0 x 1",
  ],
  [
    "a negative padding",
    of(
      ops.conv2d,
      [map],
      {
        ...conv,
        padding: [
          [-1, 0],
          [0, 0],
        ],
      },
      { kernel: zeros(1, 1, 4, 2) },
    ),
    "padding [[-1,0],[0,0]]",
  ],
  [
    "a kernel larger than its input",
    of(
      ops.conv2d,
      [map],
      { ...conv, dilations: [3, 1] },
      {
        kernel: zeros(3, 3, 4, 2),
      },
    ),
    "larger than its input",
  ],
  [
    "depthwise strides that differ",
    of(
      ops.depthwiseConv2d,
      [map],
      { ...one, strides: [1, 2] },
      {
        kernel: zeros(1, 1, 4, 1),
      },
    ),
    "strides 1 x 2",
  ],
  [
    "a pool padded by its window",
    of(ops.maxPool, [map], {
      ...pool,
      padding: [
        [2, 0],
        [0, 0],
      ],
    }),
    "outside of its input",
  ],
  [
    "a dilated pool around the only pixel",
    of(ops.maxPool, [[1, 1, 4]], {
      ...pool,
      dilations: [2, 2],
      padding: [
        [1, 1],
        [1, 1],
      ],
    }),
    "outside of its input",
  ],
  [
    "a mean over nothing that counts",
    of(ops.averagePool, [map], {
      ...pool,
      padding: [
        [0, 0],
        [0, 2],
      ],
      counted: [
        [0, 0],
        [0, 0],
      ],
    }),
    "outside of its input",
  ],
  [
    "a rectifier that turns values round",
    of(ops.rectifier, [map], { slope: -0.1, ceiling: null }),
    "-0.1",
  ],
  [
    "a rectifier that ends below 0",
    of(ops.rectifier, [map], { slope: 0, ceiling: -1 }),
    "-1",
  ],
  ["an ELU that turns values round", of(ops.elu, [map], { alpha: -1 }), "-1"],
  [
    "a sum of a map and a vector",
    of(ops.add, [map, [4]], {}),
    "different numbers of dimensions",
  ],
  [
    "a reflection wider than its input",
    of(ops.pad, [[3, 4]], {
      amounts: [
        [0, 0],
        [0, 4],
      ],
      mode: "reflect",
      value: 0,
    }),
    "4 values",
  ],
  [
    "a padding with nothing finite",
    of(ops.pad, [[3]], { amounts: [[1, 0]], mode: "constant", value: NaN }),
    "NaN",
  ],
  [
    "limits the wrong way round",
    of(ops.clip, [map], { low: 1, high: 0 }),
    "1 and 0",
  ],
  [
    "an infinite limit",
    of(ops.clip, [map], { low: null, high: Infinity }),
    "Infinity",
  ],
  [
    "an infinite exponent",
    of(ops.power, [map], { exponent: Infinity }),
    "Infinity",
  ],
  ["a CELU without alpha", of(ops.celu, [map], { alpha: 0 }), "alpha is 0"],
  [
    "a threshold that is none",
    of(ops.thresholdedRelu, [map], { threshold: NaN }),
    "NaN",
  ],
  [
    "a mean over everything",
    of(ops.reduce, [map], { kind: "mean", axes: [0, 1, 2], keepDims: false }),
    "leaves no dimension",
  ],
  [
    "matrices of different ranks",
    of(
      ops.matmul,
      [
        [2, 3, 4],
        [4, 5],
      ],
      { transposeA: false, transposeB: false },
    ),
    "[4, 5]",
  ],
  [
    "a negative epsilon",
    of(ops.layerNorm, [map], { dimensions: 1, epsilon: -1 }),
    "-1",
  ],
  [
    "a choice of nothing",
    of(ops.gather, [map], { axis: 0, indices: [] }),
    "nothing",
  ],
  [
    "a window of no channels",
    of(ops.localResponseNorm, [map], { size: 0, alpha: 1, beta: 1, bias: 1 }),
    "0 channels",
  ],
  [
    "a window over very many channels",
    of(ops.localResponseNorm, [[1, 1, 5000]], {
      size: 3,
      alpha: 1,
      beta: 1,
      bias: 1,
    }),
    "5000 channels",
  ],
  [
    "padding by a thousand million pixels",
    of(ops.maxPool, [map], {
      ...pool,
      padding: [
        [0, 1e9],
        [0, 0],
      ],
    }),
    "1000000000",
  ],
  [
    "a bias of 0 under a power",
    of(ops.localResponseNorm, [map], { size: 3, alpha: 1, beta: 1, bias: 0 }),
    "bias 0",
  ],
  [
    "a transposed convolution that is cut off altogether",
    of(
      ops.convTranspose2d,
      [[2, 2, 4]],
      {
        strides: [1, 1],
        dilations: [1, 1],
        groups: 1,
        outputPadding: [0, 0],
        padding: [
          [2, 2],
          [0, 0],
        ],
      },
      { kernel: zeros(2, 2, 3, 4) },
    ),
    "leaves nothing",
  ],
  [
    "a padding of half a pixel",
    of(ops.zeroPad, [map], {
      padding: [
        [0.5, 0],
        [0, 0],
      ],
    }),
    "0.5",
  ],
];

const damaged: readonly [string, () => Shape, string][] = [
  ["a convolution without a kernel", of(ops.conv2d, [map], conv), '"kernel"'],
  [
    "a kernel for other channels",
    of(ops.conv2d, [map], conv, { kernel: zeros(1, 1, 3, 2) }),
    "[1, 1, 3, 2], expected [any, any, 4, any]",
  ],
  [
    "a bias for other channels",
    of(ops.conv2d, [map], conv, {
      kernel: zeros(1, 1, 4, 2),
      bias: zeros(3),
    }),
    '"bias"',
  ],
  [
    "a kernel with fewer values than its shape",
    of(
      ops.dense,
      [[7]],
      {},
      {
        kernel: { shape: [7, 2], data: new Float32Array(13) },
      },
    ),
    "13 values",
  ],
  [
    "a dense layer for other features",
    of(ops.dense, [[7]], {}, { kernel: zeros(8, 2) }),
    "[8, 2]",
  ],
  [
    "a negative variance",
    of(
      ops.batchNorm,
      [map],
      { epsilon: 0 },
      {
        variance: weight([4], [1, 1, -1, 1]),
      },
    ),
    "variance",
  ],
  [
    "slopes for other channels",
    of(ops.prelu, [map], {}, { alpha: zeros(1, 1, 3) }),
    '"alpha"',
  ],
  [
    "maps side by side that differ in size",
    of(ops.concat, [map, [5, 6, 4]], {}),
    "[5, 6, 4]",
  ],
  [
    "a sum of maps that differ in size",
    of(ops.add, [map, [5, 6, 4]], {}),
    "do not fit",
  ],
  [
    "a shape of another size",
    of(ops.reshape, [map], { shape: [7, 7] }),
    "[7, 7]",
  ],
  [
    "an order that misses an axis",
    of(ops.transpose, [map], { order: [0, 2, 2] }),
    "[0, 2, 2]",
  ],
  [
    "a slice beyond the end",
    of(ops.slice, [[7]], { begin: [1], size: [4], strides: [2] }),
    "not within [7]",
  ],
  [
    "a slice backwards beyond the start",
    of(ops.slice, [[7]], { begin: [1], size: [3], strides: [-1] }),
    "not within [7]",
  ],
  [
    "a choice beyond the end",
    of(ops.gather, [map], { axis: 0, indices: [6] }),
    "place 6",
  ],
  [
    "an axis that is not there",
    of(ops.concat, [map, map], { axis: 3 }),
    "axis 3",
  ],
  [
    "matrices that do not fit",
    of(
      ops.matmul,
      [
        [3, 4],
        [3, 4],
      ],
      { transposeA: false, transposeB: false },
    ),
    "do not fit",
  ],
  [
    "a norm over more dimensions than there are",
    of(ops.layerNorm, [map], { dimensions: 4, epsilon: 0 }),
    "4 dimensions",
  ],
  [
    "a norm with weights for other features",
    of(
      ops.layerNorm,
      [map],
      { dimensions: 1, epsilon: 0 },
      { gamma: zeros(3) },
    ),
    '"gamma"',
  ],
  [
    "rows for another height",
    of(ops.resample, [map], {}, { rows: zeros(3, 5), columns: zeros(3, 6) }),
    '"rows"',
  ],
  ["a constant without a value", of(ops.constant, [map], {}), "no dimensions"],
  ["a difference of three", of(ops.subtract, [map, map, map], {}), "3 inputs"],
  [
    "a transposed kernel for other channels",
    of(
      ops.convTranspose2d,
      [map],
      {
        strides: [1, 1],
        dilations: [1, 1],
        groups: 1,
        outputPadding: [0, 0],
        padding: [
          [0, 0],
          [0, 0],
        ],
      },
      { kernel: zeros(2, 2, 4, 3) },
    ),
    '"kernel"',
  ],
  [
    "padding for other axes",
    of(ops.pad, [map], { amounts: [[1, 1]], mode: "edge", value: 0 }),
    "pads 1 axes",
  ],
  ["an activation of two values", of(ops.sigmoid, [map, map], {}), "2 inputs"],
  ["a sum of nothing", of(ops.add, [], {}), "no input"],
];

describe.each<[FaultCode, typeof damaged]>([
  ["unsupported-network", unsupported],
  ["damaged-file", damaged],
])("%s", (code, cases) => {
  it.each(cases)("%s", (_, infer, words) => {
    let fault: unknown;
    try {
      infer();
    } catch (error) {
      fault = error;
    }
    if (!(fault instanceof Fault)) throw new Error("no fault");
    expect(fault.code).toBe(code);
    expect(fault.message).toContain('"the node"');
    expect(fault.message).toContain(words);
    expect(fault.remedy).not.toBe("");
  });
});
