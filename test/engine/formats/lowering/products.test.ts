/** Matrix products: with constants of every rank, with vectors and biases, and without needless rearrangement. */
import { beforeAll, describe, expect, it } from "vitest";
import type {
  Constant,
  Lowering,
  Value,
} from "../../../../src/engine/formats/lowering/index";
import { openBackend } from "../../../../src/main/host/backend";
import { randomWeight } from "../../../support/small-networks";
import { expectSame, kindsOf } from "./agree";

beforeAll(async () => {
  await openBackend();
});

const input = [3, 4, 6] as const;

function constant(l: Lowering, dims: readonly number[], seed = 1): Constant {
  return l.constant([...dims], randomWeight([...dims], 0.5, seed).data);
}
/** [1, 12, 6], the pixels as rows. */
function tokens(l: Lowering): Value {
  return l.reshape("tokens", l.input("NHWC"), [1, 12, 6]);
}

describe("a constant", () => {
  it.each<[string, (l: Lowering) => Value, readonly string[]]>([
    [
      "on the right",
      (l) => l.matmul("y", tokens(l), constant(l, [6, 5])),
      ["dense"],
    ],
    [
      "on the right, transposed, with a bias",
      (l) =>
        l.matmul("y", tokens(l), constant(l, [5, 6]), {
          transposeB: true,
          bias: constant(l, [5], 2),
        }),
      ["dense"],
    ],
    [
      "with a bias of one value",
      (l) =>
        l.matmul("y", tokens(l), constant(l, [6, 5]), {
          bias: constant(l, [], 2),
        }),
      ["dense"],
    ],
    [
      "with a bias for every value",
      (l) =>
        l.matmul("y", tokens(l), constant(l, [6, 5]), {
          bias: constant(l, [12, 5], 2),
        }),
      ["dense", "constant", "add"],
    ],
    [
      "of higher rank that is one matrix",
      (l) => l.matmul("y", tokens(l), constant(l, [1, 1, 6, 5])),
      ["dense"],
    ],
    [
      "that is a vector",
      (l) => l.matmul("y", tokens(l), constant(l, [6])),
      ["dense"],
    ],
    [
      "on the left",
      (l) => l.matmul("y", constant(l, [5, 12]), tokens(l)),
      ["transpose", "dense"],
    ],
    [
      "on the left, transposed",
      (l) =>
        l.matmul("y", constant(l, [12, 5]), tokens(l), { transposeA: true }),
      ["transpose", "dense"],
    ],
    [
      "of several matrices",
      (l) =>
        l.matmul(
          "y",
          l.reshape("heads", l.input("NHWC"), [3, 4, 6]),
          constant(l, [3, 6, 2]),
        ),
      ["constant", "matmul"],
    ],
    [
      "of several matrices, repeated against several others",
      (l) =>
        l.matmul(
          "y",
          constant(l, [2, 1, 5, 4]),
          l.reshape("heads", l.input("NHWC"), [3, 4, 6]),
        ),
      ["constant", "matmul"],
    ],
  ])("%s", (_, program, kinds) => {
    // what only lays out anew is free; at the end the value is put into the file's order
    const found = kindsOf(expectSame(input, program)).filter(
      (kind) => kind !== "reshape" && kind !== "flatten",
    );
    if (found.length > kinds.length && found.at(-1) === "transpose")
      found.pop();
    expect([...found].sort()).toEqual([...kinds].sort());
  });
});

describe("what was flattened", () => {
  it("from [1, channel, height, width] only changes the kernel's rows", () => {
    const assembly = expectSame(input, (l) =>
      l.matmul(
        "y",
        l.reshape("flat", l.unary("n", "negate", l.input("NCHW")), [1, 72]),
        constant(l, [72, 5]),
      ),
    );
    expect(kindsOf(assembly)).toEqual(["negate", "flatten", "dense"]);
  });

  it("changes the rows of a normalization's weights alike", () => {
    const assembly = expectSame(input, (l) => {
      const flat = l.reshape("flat", l.input("NCHW"), [1, 72]);
      const norm = l.batchNorm(
        "norm",
        flat,
        {
          gamma: randomWeight([72], 1, 1),
          beta: randomWeight([72], 1, 2),
          mean: randomWeight([72], 1, 3),
          variance: {
            shape: [72],
            data: randomWeight([72], 1, 4).data.map((v) => v * v + 1),
          },
        },
        { axis: 1, epsilon: 1e-3 },
      );
      const layer = l.layerNorm(
        "layer",
        norm,
        constant(l, [72], 5),
        constant(l, [72], 6),
        { axis: -1, epsilon: 1e-3 },
      );
      return l.matmul("y", layer, constant(l, [72, 5]));
    });
    expect(kindsOf(assembly)).toEqual([
      "flatten",
      "batch-norm",
      "layer-norm",
      "dense",
    ]);
  });

  it("goes through a convolution and a mean without being moved", () => {
    const assembly = expectSame(input, (l) => {
      const map = l.conv2d(
        "conv",
        l.input("NCHW"),
        randomWeight([1, 1, 6, 8], 0.5, 1),
        null,
        {
          order: "NCHW",
          strides: [1, 1],
          dilations: [1, 1],
          padding: "valid",
          groups: 1,
        },
      );
      const rows = l.transpose("t", l.reshape("r", map, [1, 8, 12]), [0, 2, 1]);
      const mixed = l.matmul("mix", rows, constant(l, [8, 8], 2));
      return l.reduce("mean", "mean", mixed, [1], false);
    });
    expect(kindsOf(assembly)).toEqual([
      "conv2d",
      "dense",
      "global-average-pool",
    ]);
  });
});

it("attends as a vision transformer does, moving only queries, keys, values and the result", () => {
  const assembly = expectSame(
    input,
    (l) => {
      const qkv = l.matmul("qkv", tokens(l), constant(l, [6, 24], 1));
      const heads = l.reshape("heads", qkv, [1, 12, 3, 2, 4]);
      const turned = l.transpose("turned", heads, [2, 0, 3, 1, 4]);
      const part = (i: number) => {
        const index = l.constant([], Float64Array.of(i), "int");
        return l.gather(`part-${i}`, turned, index, 0);
      };
      const scores = l.matmul("scores", part(0), part(1), { transposeB: true });
      const mixed = l.matmul(
        "mixed",
        l.softmax("softmax", scores, -1),
        part(2),
      );
      const back = l.transpose("back", mixed, [0, 2, 1, 3]);
      const joined = l.reshape("joined", back, [1, 12, 8]);
      return l.matmul("out", joined, constant(l, [8, 5], 2));
    },
    1e-4,
  );
  const kinds = kindsOf(assembly);
  expect(kinds.filter((kind) => kind === "transpose").length).toBe(4);
  expect(kinds.filter((kind) => kind === "matmul").length).toBe(2);
  expect(kinds.filter((kind) => kind === "slice").length).toBe(3);
});
