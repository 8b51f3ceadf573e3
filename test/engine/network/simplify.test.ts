/** Spelled-out activations and normalizations: recognised for what they are, with the same values and gradients. */
import {
  grad,
  mul,
  sum,
  tensor,
  tidy,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Assembly } from "../../../src/engine/formats/assembler";
import {
  createLowering,
  type Lowering,
  type Value,
} from "../../../src/engine/formats/lowering/index";
import * as ops from "../../../src/engine/network/ops/index";
import { forward, WeightTensors } from "../../../src/engine/step/eager";
import type { Head } from "../../../src/shared/domain";
import { openBackend } from "../../../src/main/host/backend";
import { randomWeight } from "../../support/small-networks";
import { cosine, norm } from "../../support/vectors";
import { networkOf } from "../formats/lowering/agree";
import { randomValues } from "./random-values";

beforeAll(async () => {
  await openBackend();
});

const input = [3, 2, 4] as const;
type Program = (l: Lowering, x: Value) => Value;

/** The head of plain values keeps a last activation on. */
function build(
  program: Program,
  improves: boolean,
  head: Head | null = "value",
): Assembly {
  const lowering = improves
    ? createLowering(input)
    : createLowering(input, (graph) => graph);
  const value = program(lowering, lowering.input("NCHW"));
  const all = value.dims.reduce((a, b) => a * b, 1);
  return lowering.finish(lowering.reshape("flat", value, [1, all]), head);
}

/** Value, and gradient of a random sum of it, for a batch of two. */
function run(assembly: Assembly) {
  const weights = new WeightTensors();
  const slopes = (own: number) => ({ forward: own, backward: own });
  const images = [5, 6].flatMap((seed) => [...randomValues(input, seed).data]);
  const result = tidy(() => {
    const x = tensor(
      Float32Array.from(images, (v) => 3 * v),
      [2, ...input],
    );
    const value = (image: Tensor) =>
      forward(networkOf(assembly), image, weights, slopes);
    const y = value(x);
    const dy = tensor(
      Float32Array.from(randomValues(y.shape, 7).data),
      y.shape,
    );
    const gradient = grad((image: Tensor) => sum(mul(value(image), dy)))(x);
    return {
      y: y.dataSync<"float32">(),
      gradient: gradient.dataSync<"float32">(),
    };
  });
  weights.dispose();
  return result;
}

const layout = ["reshape", "flatten", "transpose", "constant"];

/** Expects that simplifying leaves these operations, and values and gradients as they were. */
function expectMeaning(
  program: Program,
  expected: readonly string[],
): Assembly {
  const [raw, simple] = [build(program, false), build(program, true)];
  const kinds = simple.nodes.map(({ op }) => op.kind);
  expect(kinds.filter((kind) => !layout.includes(kind))).toEqual(expected);
  const [before, after] = [run(raw), run(simple)];
  const largest = Math.max(...before.y.map(Math.abs));
  for (const [i, y] of before.y.entries())
    expect(Math.abs(y - (after.y[i] ?? NaN)) / largest).toBeLessThan(3e-6);
  expect(cosine(before.gradient, after.gradient)).toBeGreaterThan(0.999999);
  expect(norm(after.gradient) / norm(before.gradient)).toBeCloseTo(1, 5);
  return simple;
}

function attributesOf(assembly: Assembly, kind: string): object | undefined {
  return assembly.nodes.find(({ op }) => op.kind === kind)?.attributes;
}

/** The arithmetic of a file, its numbers rounded to float32. */
function arithmetic(l: Lowering) {
  let nodes = 0;
  const name = (kind: string) => `${kind}-${nodes++}`;
  const number = (v: number) => l.constant([], Float32Array.of(v));
  const value = (v: Value | number) => (typeof v === "number" ? number(v) : v);
  const two =
    (kind: Parameters<Lowering["binary"]>[1]) =>
    (a: Value | number, b: Value | number) =>
      l.binary(name(kind), kind, value(a), value(b));
  const one = (kind: Parameters<Lowering["unary"]>[1]) => (x: Value) =>
    l.unary(name(kind), kind, x);
  return {
    add: two("add"),
    subtract: two("subtract"),
    multiply: two("multiply"),
    divide: two("divide"),
    maximum: two("maximum"),
    minimum: two("minimum"),
    power: two("power"),
    negate: one("negate"),
    exp: one("exp"),
    log: one("log"),
    erf: one("erf"),
    square: one("square"),
    sqrt: one("sqrt"),
    rsqrt: one("rsqrt"),
    reciprocal: one("reciprocal"),
    relu: (x: Value) =>
      l.activation(name("relu"), ops.rectifier, { slope: 0, ceiling: null }, x),
    relu6: (x: Value) =>
      l.activation(name("relu6"), ops.rectifier, { slope: 0, ceiling: 6 }, x),
    sigmoid: (x: Value) => l.activation(name("sigmoid"), ops.sigmoid, {}, x),
    tanh: (x: Value) => l.activation(name("tanh"), ops.tanh, {}, x),
    softplus: (x: Value) => l.activation(name("softplus"), ops.softplus, {}, x),
    hardSigmoid: (x: Value) =>
      l.activation(
        name("hard-sigmoid"),
        ops.hardSigmoid,
        { slope: 1 / 6, offset: 0.5 },
        x,
      ),
    clip: (x: Value, low: number | null, high: number | null) =>
      l.clip(name("clip"), x, low, high),
    mean: (x: Value, axis: number, keep = true) =>
      l.reduce(name("mean"), "mean", x, [axis], keep),
    sum: (x: Value, axis: number) =>
      l.reduce(name("sum"), "sum", x, [axis], true),
    max: (x: Value, axis: number) =>
      l.reduce(name("max"), "max", x, [axis], true),
    perChannel: (seed: number, dims: readonly number[] = [4, 1, 1]) =>
      l.constant([...dims], randomWeight([...dims], 1, seed).data),
  };
}
type Arithmetic = ReturnType<typeof arithmetic>;
type Spelling = (a: Arithmetic, x: Value) => Value;

const relu6: Record<string, Spelling> = {
  "minimum of a ReLU": (a, x) => a.minimum(a.relu(x), 6),
  "minimum of a maximum": (a, x) => a.minimum(a.maximum(x, 0), 6),
  "maximum of a minimum": (a, x) => a.maximum(0, a.minimum(6, x)),
  "ReLU of a minimum": (a, x) => a.relu(a.minimum(x, 6)),
  clip: (a, x) => a.clip(x, 0, 6),
  "clip of a ReLU": (a, x) => a.clip(a.relu(x), null, 6),
  "two ReLUs": (a, x) => a.subtract(a.relu(x), a.relu(a.subtract(x, 6))),
};
const leaky: Record<string, Spelling> = {
  "maximum of x and a x": (a, x) => a.maximum(x, a.multiply(x, 0.25)),
  "maximum of a x and x": (a, x) => a.maximum(a.multiply(0.25, x), x),
  "two ReLUs, subtracted": (a, x) =>
    a.subtract(a.relu(x), a.multiply(0.25, a.relu(a.negate(x)))),
  "two ReLUs, added": (a, x) =>
    a.add(a.multiply(a.relu(a.multiply(x, -1)), -0.25), a.relu(x)),
  "a ReLU and a minimum": (a, x) =>
    a.add(a.relu(x), a.multiply(a.minimum(x, 0), 0.25)),
  "a mean and an absolute value": (a, x) =>
    a.add(
      a.multiply(x, 0.625),
      a.multiply(a.add(a.relu(x), a.relu(a.subtract(0, x))), 0.375),
    ),
};
const smooth: Record<string, Record<string, Spelling>> = {
  sigmoid: {
    "by division": (a, x) => a.divide(1, a.add(1, a.exp(a.negate(x)))),
    "by reciprocal": (a, x) => a.reciprocal(a.add(a.exp(a.multiply(x, -1)), 1)),
    "by tanh": (a, x) =>
      a.add(a.multiply(a.tanh(a.multiply(x, 0.5)), 0.5), 0.5),
  },
  swish: {
    "x sigmoid(x)": (a, x) => a.multiply(x, a.sigmoid(x)),
    "sigmoid(x) x": (a, x) => a.multiply(a.sigmoid(x), x),
    "x / (1 + exp(-x))": (a, x) => a.divide(x, a.add(a.exp(a.negate(x)), 1)),
  },
  "quick-gelu": {
    "x sigmoid(1.702 x)": (a, x) =>
      a.multiply(x, a.sigmoid(a.multiply(x, 1.702))),
  },
  "hard-swish": {
    "x relu6(x + 3) / 6": (a, x) =>
      a.divide(a.multiply(x, a.relu6(a.add(x, 3))), 6),
    "x (clip(x + 3) / 6)": (a, x) =>
      a.multiply(x, a.multiply(a.clip(a.add(x, 3), 0, 6), 1 / 6)),
    "x / 6 times a minimum": (a, x) =>
      a.multiply(a.divide(x, 6), a.minimum(a.relu(a.add(3, x)), 6)),
    "x hard-sigmoid(x)": (a, x) => a.multiply(a.hardSigmoid(x), x),
  },
  "hard-sigmoid": {
    "relu6(x + 3) / 6": (a, x) => a.divide(a.relu6(a.add(x, 3)), 6),
    "times a sixth": (a, x) =>
      a.multiply(a.minimum(a.maximum(a.add(x, 3), 0), 6), 0.16666667),
    "clip(x / 6 + 1 / 2)": (a, x) => a.clip(a.add(a.divide(x, 6), 0.5), 0, 1),
    "Keras 2's": (a, x) => a.clip(a.add(a.multiply(x, 0.2), 0.5), 0, 1),
  },
  gelu: {
    "x / 2 first": (a, x) =>
      a.multiply(a.multiply(x, 0.5), a.add(a.erf(a.divide(x, Math.SQRT2)), 1)),
    "half last": (a, x) =>
      a.multiply(a.multiply(x, a.add(a.erf(a.divide(x, Math.SQRT2)), 1)), 0.5),
    "half of the bracket": (a, x) =>
      a.multiply(
        x,
        a.multiply(0.5, a.add(1, a.erf(a.multiply(x, Math.SQRT1_2)))),
      ),
  },
  "gelu-tanh": {
    "with a power": (a, x) =>
      a.multiply(
        a.multiply(0.5, x),
        a.add(
          1,
          a.tanh(
            a.multiply(
              Math.sqrt(2 / Math.PI),
              a.add(x, a.multiply(0.044715, a.power(x, 3))),
            ),
          ),
        ),
      ),
    "with products": (a, x) =>
      a.multiply(
        x,
        a.multiply(
          0.5,
          a.add(
            a.tanh(
              a.multiply(
                a.multiply(x, 0.7978845608),
                a.add(1, a.multiply(a.multiply(x, 0.044715), x)),
              ),
            ),
            1,
          ),
        ),
      ),
  },
  mish: {
    "x tanh(softplus(x))": (a, x) => a.multiply(x, a.tanh(a.softplus(x))),
    "x tanh(log(1 + exp(x)))": (a, x) =>
      a.multiply(x, a.tanh(a.log(a.add(a.exp(x), 1)))),
  },
  softplus: {
    "log(1 + exp(x))": (a, x) => a.log(a.add(1, a.exp(x))),
  },
  "log-sigmoid": {
    "log(sigmoid(x))": (a, x) => a.log(a.sigmoid(x)),
    "-softplus(-x)": (a, x) => a.negate(a.softplus(a.negate(x))),
  },
  tanh: {
    "2 sigmoid(2 x) - 1": (a, x) =>
      a.subtract(a.multiply(2, a.sigmoid(a.multiply(2, x))), 1),
  },
};

describe("activations", () => {
  it.each(Object.entries(relu6))("ReLU6 as %s", (_, spelling) => {
    const simple = expectMeaning(
      (l, x) => spelling(arithmetic(l), x),
      ["rectifier"],
    );
    expect(attributesOf(simple, "rectifier")).toEqual({ slope: 0, ceiling: 6 });
  });

  it.each(Object.entries(leaky))("Leaky ReLU as %s", (_, spelling) => {
    const simple = expectMeaning(
      (l, x) => spelling(arithmetic(l), x),
      ["rectifier"],
    );
    expect(attributesOf(simple, "rectifier")).toEqual({
      slope: 0.25,
      ceiling: null,
    });
  });

  it.each(
    Object.entries(smooth).flatMap(([kind, spellings]) =>
      Object.entries(spellings).map(
        ([title, spelling]) => [kind, title, spelling] as const,
      ),
    ),
  )("%s as %s", (kind, _, spelling) => {
    const simple = expectMeaning((l, x) => spelling(arithmetic(l), x), [kind]);
    // of the file's steps, the last gives the node its name
    const names = build((l, x) => spelling(arithmetic(l), x), false).nodes;
    const last = names.findLast(({ op }) => !layout.includes(op.kind));
    expect(simple.nodes.some(({ name }) => name === last?.name)).toBe(true);
  });

  it("are recognised one in another: a gate of a squeeze of a swish", () => {
    expectMeaning(
      (l, x) => {
        const a = arithmetic(l);
        const y = a.multiply(x, a.divide(1, a.add(1, a.exp(a.negate(x)))));
        const squeezed = l.reduce("squeeze", "mean", y, [2, 3], true);
        const gate = a.divide(
          a.minimum(a.maximum(a.add(squeezed, 3), 0), 6),
          6,
        );
        return a.multiply(y, gate);
      },
      ["swish", "global-average-pool", "hard-sigmoid", "multiply"],
    );
  });

  it.each<[string, Spelling, readonly string[]]>([
    [
      "steps of which another value is read",
      (a, x) => {
        const three = a.add(x, 3);
        return a.add(a.divide(a.relu6(three), 6), three);
      },
      ["batch-norm", "hard-sigmoid", "add"],
    ],
    ["other limits", (a, x) => a.clip(x, -1, 2), ["clip"]],
    [
      "a slope above 1",
      (a, x) => a.maximum(x, a.multiply(x, 2)),
      ["batch-norm", "maximum"],
    ],
    [
      "another number in GELU",
      (a, x) =>
        a.multiply(x, a.add(a.multiply(a.erf(a.multiply(x, 0.75)), 0.5), 0.5)),
      ["batch-norm", "erf", "batch-norm", "multiply"],
    ],
    [
      "a sigmoid of another value",
      (a, x) => a.multiply(a.tanh(x), a.sigmoid(x)),
      ["tanh", "sigmoid", "multiply"],
    ],
    [
      "channels that are not treated alike",
      (a, x) => a.multiply(x, a.sigmoid(a.multiply(x, a.perChannel(3)))),
      ["batch-norm", "sigmoid", "multiply"],
    ],
  ])("stay as they are: %s", (_, spelling, expected) => {
    expectMeaning((l, x) => spelling(arithmetic(l), x), expected);
  });

  it("PReLU as two ReLUs, a slope for every channel", () => {
    for (const spelling of [
      (a, x) =>
        a.add(a.relu(x), a.multiply(a.perChannel(5), a.relu(a.negate(x)))),
      (a, x) =>
        a.subtract(
          a.relu(x),
          a.multiply(a.relu(a.multiply(x, -1)), a.perChannel(5)),
        ),
      (a, x) =>
        a.add(
          a.negate(a.multiply(a.perChannel(6, [4, 3, 2]), a.relu(a.negate(x)))),
          a.relu(x),
        ),
    ] satisfies Spelling[])
      expectMeaning((l, x) => spelling(arithmetic(l), x), ["prelu"]);
  });
});

it("follows what stands for another, however often it is said again", () => {
  expectMeaning(
    (l, x) => {
      const a = arithmetic(l);
      const [once, thrice] = [0, 1].map(() => a.negate(x));
      const back = a.negate(once ?? x);
      const again = a.negate(a.negate(a.negate(back)));
      return a.add(a.tanh(a.negate(again)), thrice ?? x);
    },
    ["negate", "tanh", "add"],
  );
});

describe("layer norm", () => {
  const spellings: Record<
    string,
    (a: Arithmetic, x: Value, axis: number) => Value
  > = {
    "nine steps": (a, x, axis) => {
      const d = a.subtract(x, a.mean(x, axis));
      const variance = a.mean(a.power(d, 2), axis);
      return a.divide(d, a.sqrt(a.add(variance, 1e-3)));
    },
    "squares as products, differences taken twice": (a, x, axis) => {
      const d = () => a.subtract(x, a.mean(x, axis));
      const one = d();
      const variance = a.mean(a.multiply(one, one), axis);
      return a.multiply(d(), a.reciprocal(a.sqrt(a.add(1e-3, variance))));
    },
    rsqrt: (a, x, axis) => {
      const d = a.subtract(x, a.mean(x, axis));
      return a.multiply(a.rsqrt(a.add(a.mean(a.square(d), axis), 1e-3)), d);
    },
    "the mean square less the squared mean": (a, x, axis) => {
      const mean = a.mean(x, axis);
      const variance = a.subtract(a.mean(a.square(x), axis), a.square(mean));
      return a.multiply(
        a.subtract(x, mean),
        a.rsqrt(a.add(a.maximum(variance, 0), 1e-3)),
      );
    },
    "x inverse less mean inverse": (a, x, axis) => {
      const mean = a.mean(x, axis);
      const d = a.subtract(x, mean);
      const inverse = a.rsqrt(a.add(a.mean(a.square(d), axis), 1e-3));
      return a.subtract(a.multiply(x, inverse), a.multiply(mean, inverse));
    },
  };
  const cases = Object.entries(spellings);

  it.each(cases)("of tokens, as %s", (_, spelling) => {
    const simple = expectMeaning(
      (l, x) => {
        const a = arithmetic(l);
        const tokens = l.transpose(
          "turn",
          l.reshape("tokens", x, [1, 4, 6]),
          [0, 2, 1],
        );
        const y = spelling(a, tokens, 2);
        return a.add(a.multiply(y, a.perChannel(1, [4])), a.perChannel(2, [4]));
      },
      ["layer-norm"],
    );
    expect(attributesOf(simple, "layer-norm")).toEqual({
      dimensions: 1,
      epsilon: Math.fround(1e-3),
    });
    const norm = simple.nodes.find(({ op }) => op.kind === "layer-norm");
    expect(Object.keys(norm?.weights ?? {}).sort()).toEqual(["beta", "gamma"]);
  });

  it.each(cases)("over the channels of a map, as %s", (_, spelling) => {
    expectMeaning(
      (l, x) => {
        const a = arithmetic(l);
        return a.multiply(a.perChannel(1), spelling(a, x, 1));
      },
      ["layer-norm"],
    );
  });

  it("as Keras writes it: x inverse + (beta - mean inverse), gamma in the inverse", () => {
    for (const negates of [false, true])
      expectMeaning(
        (l, image) => {
          const a = arithmetic(l);
          const x = l.transpose("turn", image, [0, 2, 3, 1]);
          const mean = a.mean(x, 3);
          const variance = a.mean(a.square(a.subtract(x, mean)), 3);
          const inverse = a.multiply(
            a.rsqrt(a.add(variance, 1e-3)),
            a.perChannel(1, [4]),
          );
          const beta = a.perChannel(2, [4]);
          const shift = negates
            ? a.add(a.multiply(a.negate(mean), inverse), beta)
            : a.subtract(beta, a.multiply(mean, inverse));
          return a.add(a.multiply(x, inverse), shift);
        },
        ["layer-norm"],
      );
  });

  it("is not what has another mean, another axis or another factor", () => {
    const kindsOf = (program: Program) =>
      build(program, true).nodes.map(({ op }) => op.kind);
    for (const spelling of [
      (a, x) => {
        const d = a.subtract(x, a.mean(x, 1));
        return a.divide(d, a.sqrt(a.add(a.mean(a.square(x), 1), 1)));
      },
      (a, x) => {
        const d = a.subtract(x, a.mean(x, 2));
        return a.divide(d, a.sqrt(a.add(a.mean(a.square(d), 1), 1)));
      },
      (a, x) => {
        const d = a.subtract(x, a.mean(x, 1));
        const variance = a.multiply(a.mean(a.square(d), 1), 2);
        return a.divide(d, a.sqrt(a.add(variance, 1)));
      },
    ] satisfies Spelling[])
      expect(kindsOf((l, x) => spelling(arithmetic(l), x))).not.toContain(
        "layer-norm",
      );
  });
});

describe("softmax", () => {
  it("as exponentials over their sum is taken off at the end", () => {
    for (const lowers of [false, true]) {
      const simple = build(
        (l, x) => {
          const a = arithmetic(l);
          const kernel = l.constant([24, 5], randomWeight([24, 5], 1, 1).data);
          const flat = l.reshape("flatten", x, [1, 24]);
          const logits = l.matmul("logits", flat, kernel);
          const shifted = lowers
            ? a.subtract(logits, a.max(logits, 1))
            : logits;
          const e = a.exp(shifted);
          return a.divide(e, a.sum(e, 1));
        },
        true,
        null,
      );
      expect(simple.stripped).toEqual(["softmax"]);
      expect(simple.maximises).toContain("class logit");
      expect(simple.nodes.map(({ op }) => op.kind)).not.toContain("exp");
    }
  });

  it("is taken off with its logarithm", () => {
    const simple = build(
      (l, x) => {
        const logits = l.reshape("logits", l.unary("n", "negate", x), [1, 24]);
        return l.unary("log", "log", l.softmax("softmax", logits, 1));
      },
      true,
      null,
    );
    expect(simple.stripped).toEqual(["log-softmax"]);
    expect(simple.nodes.map(({ op }) => op.kind)).not.toContain("log");
  });
});

describe("arithmetic with constants", () => {
  it("is one normalization, and a bias where there is a layer before", () => {
    const simple = expectMeaning(
      (l, x) => {
        const a = arithmetic(l);
        const y = l.conv2d(
          "conv",
          x,
          randomWeight([1, 1, 4, 4], 0.5, 1),
          null,
          {
            order: "NCHW",
            strides: [1, 1],
            dilations: [1, 1],
            padding: "valid",
            groups: 1,
          },
        );
        const biased = a.add(y, a.perChannel(2));
        const scaled = a.multiply(biased, a.perChannel(3));
        return a.tanh(a.add(scaled, a.perChannel(4)));
      },
      ["conv2d", "batch-norm", "tanh"],
    );
    expect(
      simple.nodes.slice(0, 2).map(({ weights }) => Object.keys(weights)),
    ).toEqual([
      ["kernel", "bias"],
      ["gamma", "beta"],
    ]);
  });

  it("leaves alone what another value is read of", () => {
    expectMeaning(
      (l, x) => {
        const a = arithmetic(l);
        const y = a.multiply(x, a.perChannel(1));
        return a.multiply(a.tanh(a.add(y, a.perChannel(2))), y);
      },
      ["batch-norm", "batch-norm", "tanh", "multiply"],
    );
  });

  it("leaves two normalizations with statistics two", () => {
    const norms = (l: Lowering, x: Value) =>
      ["a", "b"].reduce<Value>(
        (y, name, i) =>
          l.batchNorm(
            name,
            y,
            {
              gamma: randomWeight([4], 1, i),
              beta: null,
              mean: randomWeight([4], 1, i + 2),
              variance: { shape: [4], data: Float32Array.of(1, 2, 3, 4) },
            },
            { axis: 1, epsilon: 1e-5 },
          ),
        x,
      );
    expectMeaning(norms, ["batch-norm", "batch-norm"]);
  });

  it("vanishes where it does nothing", () => {
    expectMeaning(
      (l, x) => {
        const a = arithmetic(l);
        const y = a.divide(a.add(a.multiply(a.tanh(x), 1), 0), 1);
        return a.multiply(a.multiply(y, 4), 0.25);
      },
      ["tanh"],
    );
  });
});
