/** Where a network ends: one value a class, in the file's order, without its softmax. */
import { beforeAll, describe, expect, it } from "vitest";
import { tensor } from "@tensorflow/tfjs-core";
import {
  createLowering,
  type Lowering,
  type Value,
} from "../../../../src/engine/formats/lowering/index";
import * as ops from "../../../../src/engine/network/ops/index";
import { openBackend } from "../../../../src/main/host/backend";
import { randomWeight } from "../../../support/small-networks";
import { randomValues } from "../../network/random-values";
import { kindsOf, run } from "./agree";
import { naiveLowering, naiveValue } from "./naive";

beforeAll(async () => {
  await openBackend();
});

const input = [4, 3, 2] as const;

/** A map [1, 5, 2, 3] of logits. */
function logitMap(l: Lowering): Value {
  return l.conv2d(
    "map",
    l.input("NCHW"),
    randomWeight([3, 1, 2, 5], 0.5, 1),
    null,
    {
      order: "NCHW",
      strides: [1, 1],
      dilations: [1, 1],
      padding: "valid",
      groups: 1,
    },
  );
}
/** A map [1, 5, 1, 1]. */
function pooled(l: Lowering): Value {
  return l.reduce("pool", "mean", logitMap(l), [2, 3], true);
}

const ends: Record<string, (l: Lowering) => Value> = {
  "[1, class]": (l) => l.reshape("end", pooled(l), [1, 5]),
  "[class]": (l) => l.reshape("end", pooled(l), [5]),
  "[1, class, 1, 1]": pooled,
  "[1, 1, 1, class]": (l) => l.transpose("end", pooled(l), [0, 2, 3, 1]),
  "a map [1, class, height, width]": logitMap,
  "a map [1, height, width, class]": (l) =>
    l.transpose("end", logitMap(l), [0, 2, 3, 1]),
  "a map whose height and width changed places": (l) =>
    l.transpose("end", logitMap(l), [0, 1, 3, 2]),
};
const tails: Record<string, (l: Lowering, x: Value) => Value> = {
  "as it is": (_, x) => x,
  "through softmax": (l, x) => l.softmax("softmax", x, classAxis(x)),
  "through softmax, laid out anew": (l, x) =>
    l.reshape("flat", l.softmax("softmax", x, classAxis(x)), [...x.dims, 1]),
  "through the logarithm of softmax": (l, x) =>
    l.unary("log", "log", l.softmax("softmax", x, classAxis(x))),
};
function classAxis(x: Value): number {
  return x.dims.indexOf(5);
}

describe.each(Object.entries(ends))("%s", (shape, end) => {
  it.each(Object.entries(tails))("%s", (tail, then) => {
    const isMap = shape.includes("map");
    const changes = tail.includes("anew");
    if (isMap && changes) return;
    const lowering = createLowering(input);
    const assembly = lowering.finish(then(lowering, end(lowering)));
    expect(assembly.stripped).toEqual(tail === "as it is" ? [] : ["softmax"]);
    expect(kindsOf(assembly)).not.toContain("softmax");
    expect(kindsOf(assembly)).not.toContain("log");
    expect(assembly.shapes.get(assembly.output)).toEqual([5]);
    if (isMap)
      expect(assembly.maximises).toContain("mean over the map (2 x 3)");
    else expect(assembly.maximises).toContain("class logit");

    const image = randomValues(input, 3);
    const batch = tensor(Float32Array.from(image.data), [1, ...input]);
    const ours = run(assembly, batch);
    batch.dispose();
    const naive = naiveLowering({ dims: image.shape, data: image.data });
    const expected = naiveValue(
      naive.reduce("mean", "mean", logitMap(naive), [2, 3], false),
    ).data;
    expected.forEach((v, i) => expect(ours[i]).toBeCloseTo(v, 4));
  });
});

it("keeps the file's order of what was flattened from a map", () => {
  const lowering = createLowering(input);
  const x = lowering.input("NCHW");
  const assembly = lowering.finish(
    lowering.reshape("end", lowering.unary("n", "negate", x), [1, 24]),
  );
  const { data } = randomValues(input, 3);
  const batch = tensor(Float32Array.from(data), [1, ...input]);
  const ours = run(assembly, batch);
  batch.dispose();
  const place = (c: number, y: number, w: number) => (y * 3 + w) * 2 + c;
  const expected = [0, 1].flatMap((c) =>
    [0, 1, 2, 3].flatMap((y) =>
      [0, 1, 2].map((w) => Math.fround(-(data[place(c, y, w)] ?? NaN))),
    ),
  );
  expect([...ours]).toEqual(expected);
});

it("keeps a last sigmoid, and says so", () => {
  const lowering = createLowering(input);
  const y = lowering.activation("gate", ops.sigmoid, {}, pooled(lowering));
  const assembly = lowering.finish(y);
  expect(assembly.maximises).toContain('last activation (sigmoid, "gate")');
  expect(assembly.stripped).toEqual([]);
});

it("leaves out what the output does not depend on", () => {
  const lowering = createLowering(input);
  const map = logitMap(lowering);
  lowering.activation("aside", ops.tanh, {}, map);
  expect(kindsOf(lowering.finish(map))).toEqual([
    "conv2d",
    "global-average-pool",
  ]);
});
