import { describe, expect, it } from "vitest";
import { absorbPreprocess } from "../../../src/engine/network/absorb";
import { node, type Node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import {
  preprocessOf,
  type Preprocess,
} from "../../../src/engine/network/preprocess";
import type { Preprocessing } from "../../../src/shared/domain";
import { network, randomWeight } from "../../support/small-networks";
import { error } from "./error";
import { randomValues } from "./random-values";
import { computeReference, type Values } from "./reference";

const preprocessing: Preprocessing = {
  order: "BGR",
  mean: [104, 117, 124],
  std: [50, 60, 70],
};

function conv(name: string, groups: number): Node {
  return node(
    ops.conv2d,
    name,
    ["input"],
    { strides: [1, 1], dilations: [1, 1], padding: "valid", groups },
    { kernel: randomWeight([3, 3, 3 / groups, 6], 0.4, 1) },
  );
}

const token = node(
  ops.constant,
  "token",
  ["input"],
  {},
  { value: randomWeight([3, 3, 6], 1, 2) },
);

function applied(x: Values, preprocess: Preprocess | null): Values {
  if (!preprocess) return x;
  const { scale, offset, reversed } = preprocess;
  const data = x.data.map((_, i) => {
    const channel = i % 3;
    const from = reversed ? i - channel + (2 - channel) : i;
    return (
      (x.data[from] ?? NaN) * (scale[channel] ?? NaN) + (offset[channel] ?? NaN)
    );
  });
  return { ...x, data };
}

describe("absorbing the preprocessing", () => {
  it.each([
    { title: "a convolution", nodes: [conv("first", 1)], absorbs: true },
    {
      title: "a convolution beside a constant",
      nodes: [
        token,
        conv("first", 1),
        node(ops.add, "sum", ["first", "token"], {}),
      ],
      absorbs: true,
    },
    {
      title: "a convolution in groups",
      nodes: [conv("first", 3)],
      absorbs: false,
    },
    {
      title: "two convolutions",
      nodes: [conv("first", 1), conv("second", 1)],
      absorbs: false,
    },
  ])("of $title keeps its values", ({ nodes, absorbs }) => {
    const original = network([5, 5, 3], nodes, { preprocessing });
    const result = absorbPreprocess(original);
    expect(result.preprocess?.scale.every((s) => s === 1)).toBe(absorbs);
    const x = randomValues([1, 5, 5, 3], 3);
    const valueOf = (of: typeof result) => {
      const first = of.network.nodes.find((n) => n.name === "first");
      if (!first) throw new RangeError("no convolution");
      return computeReference([applied(x, of.preprocess)], first).data;
    };
    const before = { network: original, preprocess: preprocessOf(original) };
    expect(error(valueOf(result), valueOf(before))).toBeLessThan(1e-5);
  });
});
