/** Where a network ends: one value a class, in the file's order, without its softmax. */
import { beforeAll, describe, expect, it } from "vitest";
import { tensor } from "@tensorflow/tfjs-core";
import {
  createLowering,
  type Lowering,
  type Value,
} from "../../../../src/engine/formats/lowering/index";
import * as ops from "../../../../src/engine/network/ops/index";
import type { Head } from "../../../../src/shared/domain";
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
  "through x - log(sum(exp(x)))": (l, x) => {
    const axes = [classAxis(x)];
    const most = l.reduce("most", "max", x, axes, true);
    const low = l.binary("low", "subtract", x, most);
    const sum = l.reduce("sum", "sum", l.unary("e", "exp", low), axes, true);
    const whole = l.binary("whole", "add", l.unary("l", "log", sum), most);
    return l.binary("log-softmax", "subtract", x, whole);
  },
  "through x - max - log(sum(exp(x - max)))": (l, x) => {
    const axes = [classAxis(x)];
    const most = l.reduce("most", "max", x, axes, true);
    const low = l.binary("low", "subtract", x, most);
    const sum = l.reduce("sum", "sum", l.unary("e", "exp", low), axes, true);
    return l.binary("end", "subtract", low, l.unary("l", "log", sum));
  },
  "through sigmoid": (l, x) => l.activation("gate", ops.sigmoid, {}, x),
  "through sigmoid, laid out anew": (l, x) =>
    l.reshape("flat", l.activation("gate", ops.sigmoid, {}, x), [...x.dims, 1]),
};
function takenOff(tail: string): string[] {
  if (tail === "as it is") return [];
  if (tail.includes("sigmoid")) return ["sigmoid"];
  return [tail.includes("log") ? "log-softmax" : "softmax"];
}
function classAxis(x: Value): number {
  return x.dims.indexOf(5);
}

function headOf(isMap: boolean, tail: string) {
  if (isMap) return { value: "map", from: "file" };
  if (tail === "as it is") return { value: "softmax", from: "assumed" };
  const value = tail.includes("sigmoid") ? "sigmoid" : "softmax";
  return { value, from: "file" };
}

describe.each(Object.entries(ends))("%s", (shape, end) => {
  it.each(Object.entries(tails))("%s", (tail, then) => {
    const isMap = shape.includes("map");
    const changes = tail.includes("anew");
    if (isMap && changes) return;
    const lowering = createLowering(input);
    const assembly = lowering.finish(then(lowering, end(lowering)));
    expect(assembly.stripped).toEqual(takenOff(tail));
    expect(assembly.head).toEqual(headOf(isMap, tail));
    expect(kindsOf(assembly)).not.toContain("softmax");
    expect(kindsOf(assembly)).not.toContain("sigmoid");
    expect(kindsOf(assembly)).not.toContain("exp");
    expect(kindsOf(assembly)).not.toContain("log");
    expect(assembly.shapes.get(assembly.output)).toEqual([5]);
    if (isMap)
      expect(assembly.maximises).toContain("mean over the map (2 x 3)");
    else
      expect(assembly.maximises).toContain(
        tail.includes("sigmoid") ? "logit of a unit" : "class logit",
      );

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

describe("what stays on", () => {
  const finished = (
    end: (l: Lowering) => Value,
    head: Head | null = null,
  ): ReturnType<Lowering["finish"]> => {
    const lowering = createLowering(input);
    return lowering.finish(end(lowering), head);
  };
  const gate = (l: Lowering, x: Value) =>
    l.activation("gate", ops.sigmoid, {}, x);

  it.each(["value", "map"] as const)("all, for the head %s", (head) => {
    const end = head === "map" ? logitMap : pooled;
    for (const [kind, then] of [
      ["softmax", (l, x) => l.softmax("softmax", x, 1)],
      ["sigmoid", gate],
    ] as [string, (l: Lowering, x: Value) => Value][]) {
      const assembly = finished((l) => then(l, end(l)), head);
      expect(assembly.stripped).toEqual([]);
      expect(kindsOf(assembly)).toContain(kind);
      expect(assembly.maximises).toContain(`last activation (${kind}, "`);
    }
  });

  it("a softmax over rows of a map", () => {
    const assembly = finished((l) => l.softmax("rows", logitMap(l), 2));
    expect(assembly.stripped).toEqual([]);
    expect(kindsOf(assembly)).toContain("softmax");
    expect(assembly.shapes.get(assembly.output)).toEqual([5]);
  });

  it("a softmax over positions that are then flattened", () => {
    const assembly = finished((l) =>
      l.reshape(
        "flat",
        l.softmax("heat", l.reshape("r", logitMap(l), [1, 5, 6]), 2),
        [1, 30],
      ),
    );
    expect(assembly.stripped).toEqual([]);
    expect(assembly.head).toEqual({ value: "value", from: "assumed" });
  });

  it("a gate before the last layer", () => {
    const assembly = finished((l) => {
      const map = l.input("NCHW");
      const gated = l.binary("gated", "multiply", map, gate(l, map));
      const flat = l.reshape("flat", gated, [1, 24]);
      return l.matmul(
        "dense",
        flat,
        l.constant([24, 3], new Float32Array(72).fill(0.1)),
      );
    });
    expect(assembly.stripped).toEqual([]);
    expect(assembly.head).toEqual({ value: "softmax", from: "assumed" });
  });

  it("what ends in a bounded activation has plain values", () => {
    const assembly = finished((l) =>
      l.activation("tanh", ops.tanh, {}, pooled(l)),
    );
    expect(assembly.head).toEqual({ value: "value", from: "assumed" });
  });

  it("the mean of a map of probabilities", () => {
    const assembly = finished((l) =>
      l.reduce("mean", "mean", gate(l, logitMap(l)), [2, 3], false),
    );
    expect(assembly.head).toEqual({ value: "value", from: "assumed" });
    expect(kindsOf(assembly)).toContain("sigmoid");
  });
});

describe("one output", () => {
  const one = (l: Lowering) =>
    l.matmul(
      "dense",
      l.reshape("flat", l.input("NHWC"), [1, 24]),
      l.constant([24, 1], new Float32Array(24).fill(0.1)),
    );

  it("of a linear layer is a plain value", () => {
    const lowering = createLowering(input);
    const assembly = lowering.finish(one(lowering));
    expect(assembly.head).toEqual({ value: "value", from: "assumed" });
    expect(assembly.maximises).toBe("output value");
  });

  it("of a sigmoid is a unit", () => {
    const lowering = createLowering(input);
    const y = lowering.activation("gate", ops.sigmoid, {}, one(lowering));
    const assembly = lowering.finish(y);
    expect(assembly.head).toEqual({ value: "sigmoid", from: "file" });
    expect(assembly.stripped).toEqual(["sigmoid"]);
  });

  it("is no map", () => {
    const lowering = createLowering(input);
    expect(() => lowering.finish(one(lowering), "map")).toThrow(/no map/);
  });
});

it("a row of vectors is the mean over its positions", () => {
  const lowering = createLowering(input);
  const x = lowering.input("NCHW");
  // no reading of the stored map: rows of four go across its channels
  const rows = lowering.reshape("rows", x, [1, 6, 4]);
  const end = lowering.unary("n", "negate", rows);
  expect(lowering.outputShape(end)).toEqual([6, 4]);
  const assembly = lowering.finish(end);
  expect(assembly.head).toEqual({ value: "map", from: "file" });
  expect(assembly.maximises).toContain("(6 positions)");
  const { data } = randomValues(input, 3);
  const batch = tensor(Float32Array.from(data), [1, ...input]);
  const ours = run(assembly, batch);
  batch.dispose();
  // NCHW order, six rows of four
  const flat = [0, 1].flatMap((c) =>
    Array.from({ length: 12 }, (_, i) => data[i * 2 + c] ?? NaN),
  );
  const expected = [0, 1, 2, 3].map(
    (c) =>
      -[0, 1, 2, 3, 4, 5].reduce((n, p) => n + (flat[p * 4 + c] ?? NaN), 0) / 6,
  );
  expected.forEach((v, i) => expect(ours[i]).toBeCloseTo(v, 5));
});

it("a map of one channel is one, also without its channel axis", () => {
  for (const squeezed of [false, true]) {
    const lowering = createLowering(input);
    const x = lowering.input("NCHW");
    const max = lowering.reduce("max", "max", x, [1], true);
    const one = squeezed ? lowering.reshape("mask", max, [1, 4, 3]) : max;
    expect(lowering.outputShape(one)).toEqual([4, 3, 1]);
    const assembly = lowering.finish(one);
    expect(assembly.head).toEqual({ value: "map", from: "file" });
    expect(assembly.shapes.get(assembly.output)).toEqual([1]);
  }
});

it("a map without a batch is one", () => {
  const lowering = createLowering(input);
  const x = lowering.input("NCHW");
  const map = lowering.unary("n", "negate", x);
  const bare = lowering.reshape("bare", map, [2, 4, 3]);
  expect(lowering.outputShape(bare)).toEqual([4, 3, 2]);
});

it("a map flattened beside its channels is still that map", () => {
  const lowering = createLowering(input);
  const x = lowering.input("NCHW");
  const flat = lowering.reshape("flat", x, [1, 2, 12]);
  const end = lowering.unary("n", "negate", flat);
  expect(lowering.outputShape(end)).toEqual([4, 3, 2]);
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
