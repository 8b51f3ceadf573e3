import { memory, tensor4d, type Tensor4D } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eagerStep } from "../../../src/engine/step/eager";
import { compileStep } from "../../../src/engine/step/compile";
import type { Step, StepOptions } from "../../../src/engine/step/step";
import { startImage } from "../../../src/engine/ascent/start";
import type { NativeRuntime } from "../../../src/engine";
import type { Network } from "../../../src/engine";
import { openBackend } from "../../../src/main/host/backend";
import type { Method } from "../../../src/shared/domain";
import {
  mixedNetwork,
  network,
  randomWeight,
  relu,
} from "../../support/small-networks";
import { node } from "../../../src/engine/network/op";
import { dense } from "../../../src/engine/network/ops/dense";
import { flatten } from "../../../src/engine/network/ops/reshape";
import { cosine, norm } from "../../support/vectors";

const still = { blur: 0, rotate: 0 };
const methods: Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.1 },
  { kind: "proxygrad", slope: 0.3 },
  { kind: "slopes", forward: 0.2, backward: 0 },
  { kind: "proxygrad", slope: 1 },
];
const bgr = mixedNetwork({
  preprocessing: { order: "BGR", mean: [104, 117, 124], std: [50, 60, 70] },
});

let native: NativeRuntime | null = null;
beforeAll(async () => {
  native = (await openBackend()).runtime;
});

function options(extra: Partial<StepOptions> = {}): StepOptions {
  return {
    network: bgr,
    methods,
    batch: 2,
    precision: "float32",
    regularization: still,
    ...extra,
  };
}

/** The compiled step; needs the native library, which set-up builds. */
function compiled(extra: Partial<StepOptions> = {}): Step {
  if (!native) throw new Error("native TensorFlow is not built");
  return compileStep(options(extra), native);
}

function images({ input }: Network, ...seeds: number[]): Tensor4D {
  const parts = seeds.map((seed) => startImage(input, 0.2, seed));
  const values = new Float32Array(parts.flatMap((part) => [...part]));
  return tensor4d(values, [seeds.length, ...input]);
}

function oneHot(step: Step, ...classes: number[]): Float32Array {
  const directions = new Float32Array(step.batch * step.classes);
  classes.forEach((index, row) => (directions[row * step.classes + index] = 1));
  return directions;
}

describe("the compiled and the eager step", () => {
  it("agree on gradients, norms, logits and updates, under every method", () => {
    const ours = compiled();
    const theirs = eagerStep(options());
    const x = images(bgr, 1, 2);
    const directions = oneHot(ours, 3, 0);
    methods.forEach((_, method) => {
      const a = ours.gradient(method, x, directions);
      const b = theirs.gradient(method, x, directions);
      expect(norm(b.gradients)).toBeGreaterThan(0);
      expect(cosine(a.gradients, b.gradients)).toBeGreaterThan(0.99999);
      a.norms.forEach((n, i) =>
        expect(n / (b.norms[i] ?? 0)).toBeCloseTo(1, 4),
      );
      a.logits.forEach((l, i) => expect(l).toBeCloseTo(b.logits[i] ?? 0, 4));
      const next = ours.advance(method, x, directions, 0.7);
      const other = theirs.advance(method, x, directions, 0.7);
      const values = next.images.dataSync();
      expect(cosine(values, other.images.dataSync())).toBeGreaterThan(0.99999);
      next.images.dispose();
      other.images.dispose();
    });
    x.dispose();
    ours.dispose();
    theirs.dispose();
  });

  it("regularize alike, but for the rotation that eager native tensors lack", () => {
    for (const blur of [0.5, 1.7]) {
      const extra = { regularization: { blur, rotate: 0 } };
      const [ours, theirs] = [compiled(extra), eagerStep(options(extra))];
      const a = ours.regularize(images(bgr, 1, 2), { rotation: null });
      const b = theirs.regularize(images(bgr, 1, 2), { rotation: null });
      const values = b.dataSync();
      a.dataSync().forEach((v, i) => expect(v).toBeCloseTo(values[i] ?? 0, 5));
      for (const one of [a, b, ours, theirs]) one.dispose();
    }
  });
});

describe("the compiled gradient", () => {
  it("passes central differences where forward and backward slope agree", () => {
    for (const method of [
      { kind: "leaky", slope: 0.3 },
      { kind: "relu" },
    ] as const) {
      const step = compiled({ methods: [method], batch: 1 });
      const x = startImage(bgr.input, 0.4, 5);
      // the score is the original network's: a Leaky run's objective is that of the same network made leaky
      const leakyTwin = mixedNetwork({
        preprocessing: bgr.preprocessing,
        nodes: bgr.nodes.map((node) =>
          node.op.rectifier && method.kind === "leaky"
            ? { ...node, attributes: { slope: method.slope, ceiling: null } }
            : node,
        ),
      });
      const twin = compiled({ network: leakyTwin, methods: [], batch: 1 });
      const input = tensor4d(x, [1, ...bgr.input]);
      const { gradients } = step.gradient(0, input, oneHot(step, 2));
      input.dispose();
      const at = (values: Float32Array) => {
        const one = tensor4d(values, [1, ...bgr.input]);
        const logits = twin.score(one);
        one.dispose();
        return logits[2] ?? NaN;
      };
      const h = 2e-3;
      const middle = at(x);
      const smooth: { analytic: number; numeric: number }[] = [];
      for (let index = 0; index < x.length; index += 7) {
        const [up, down] = [x.slice(), x.slice()];
        up[index] = (x[index] ?? 0) + h;
        down[index] = (x[index] ?? 0) - h;
        const [rise, fall] = [at(up) - middle, middle - at(down)];
        // a kink between the two points has no derivative to compare with
        if (Math.abs(rise - fall) < 0.02 * Math.abs(rise + fall))
          smooth.push({
            analytic: gradients[index] ?? 0,
            numeric: (rise + fall) / (2 * h),
          });
      }
      expect(smooth.length).toBeGreaterThan(40);
      expect(
        cosine(
          smooth.map((s) => s.analytic),
          smooth.map((s) => s.numeric),
        ),
      ).toBeGreaterThan(0.9999);
      step.dispose();
      twin.dispose();
    }
  });

  it("is a polynomial of the backward slope, of the depth in rectifiers, and p = s is the ordinary one bit for bit", () => {
    const slopes = [0, 0.25, 0.5, 0.75, 1];
    const step = compiled({
      methods: [
        ...slopes.map((slope): Method => ({ kind: "proxygrad", slope })),
        { kind: "relu" },
        { kind: "slopes", forward: 0, backward: 0 },
      ],
      batch: 1,
    });
    const x = images(bgr, 3);
    const all = [0, 1, 2, 3, 4, 5, 6].map(
      (m) => step.gradient(m, x, oneHot(step, 1)).gradients,
    );
    expect(all[5]).toEqual(all[0]);
    expect(all[6]).toEqual(all[0]);
    // three rectifiers in a row: the fourth difference of a cubic is zero
    const [a, b, c, d, e] = all as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const fourth = a.map(
      (v, i) =>
        v - 4 * (b[i] ?? 0) + 6 * (c[i] ?? 0) - 4 * (d[i] ?? 0) + (e[i] ?? 0),
    );
    const second = a.map((v, i) => v - 2 * (b[i] ?? 0) + (c[i] ?? 0));
    expect(norm(fourth)).toBeLessThan(1e-4 * norm(a));
    expect(norm(second)).toBeGreaterThan(1e-3 * norm(a));
    x.dispose();
    step.dispose();
  });

  it("never changes the score with the backward slope", () => {
    const step = compiled();
    const x = images(bgr, 1, 2);
    const first = step.gradient(0, x, oneHot(step, 0, 1)).logits;
    for (const method of [1, 2, 3, 4])
      step
        .gradient(method, x, oneHot(step, 0, 1))
        .logits.forEach((l, i) => expect(l).toBeCloseTo(first[i] ?? 0, 5));
    step.score(x).forEach((l, i) => expect(l).toBeCloseTo(first[i] ?? 0, 5));
    x.dispose();
    step.dispose();
  });
});

describe("an update", () => {
  it("has the L2 length asked for, for every method and however small the gradient", () => {
    for (const scale of [1, 1e-22, 1e18]) {
      const tiny = mixedNetwork({
        preprocessing: null,
        nodes: bgr.nodes.map((node) => {
          const { kernel, bias } = node.weights;
          if (node.name !== "logits" || !kernel || !bias) return node;
          const data = kernel.data.map((v) => v * scale);
          return { ...node, weights: { bias, kernel: { ...kernel, data } } };
        }),
      });
      const step = compiled({ network: tiny });
      const x = images(tiny, 1, 2);
      const before = x.dataSync();
      methods.forEach((_, method) => {
        const { images: next, norms } = step.advance(
          method,
          x,
          oneHot(step, 4, 1),
          0.05,
        );
        const after = next.dataSync();
        const size = before.length / 2;
        for (const row of [0, 1]) {
          const moved = Array.from(
            { length: size },
            (_, i) =>
              (after[row * size + i] ?? 0) - (before[row * size + i] ?? 0),
          );
          expect(norm(moved)).toBeCloseTo(0.05, 4);
          expect(norms[row]).toBeGreaterThan(0);
          expect(norms[row]).toBeLessThan(Infinity);
        }
        next.dispose();
      });
      x.dispose();
      step.dispose();
    }
  });

  it("leaves an image whose gradient is zero as it is, and says the norm is exactly 0", () => {
    const step = compiled({ methods: [{ kind: "relu" }] });
    const x = images(bgr, 1, 2);
    // a direction of zeros has a zero gradient; so has a padded row
    const { images: next, norms } = step.advance(0, x, oneHot(step, 1), 5);
    expect(norms[1]).toBe(0);
    const half = x.size / 2;
    expect(next.dataSync().subarray(half)).toEqual(x.dataSync().subarray(half));
    for (const one of [x, next, step]) one.dispose();
  });

  it("moves the same with and without logits, to the last bit", () => {
    for (const step of [compiled(), eagerStep(options())]) {
      const x = images(bgr, 1, 2);
      methods.forEach((_, method) => {
        const whole = step.advance(method, x, oneHot(step, 1, 2), 0.7);
        const bare = step.move(method, x, oneHot(step, 1, 2), 0.7);
        expect(bare.images.dataSync()).toEqual(whole.images.dataSync());
        expect(bare.norms).toEqual(whole.norms);
        whole.images.dispose();
        bare.images.dispose();
      });
      for (const one of [x, step]) one.dispose();
    }
    expect(memory().numTensors).toBe(0);
  });

  it("stays in [-1, 1]", () => {
    const step = compiled();
    const x = images(bgr, 1, 2);
    const { images: next } = step.advance(2, x, oneHot(step, 1, 1), 500);
    const values = next.dataSync();
    expect(Math.max(...values)).toBe(1);
    expect(Math.min(...values)).toBe(-1);
    for (const one of [x, next, step]) one.dispose();
  });
});

describe("regularization", () => {
  const flat = (value: number) => {
    const [h, w, c] = bgr.input;
    return tensor4d(new Float32Array(2 * h * w * c).fill(value), [2, h, w, c]);
  };

  it("leaves a constant image as it is: blur, rotation, and both", () => {
    const step = compiled({ regularization: { blur: 1.2, rotate: 30 } });
    for (const rotation of [null, 17, -30]) {
      const result = step.regularize(flat(0.37), { rotation });
      for (const value of result.dataSync()) expect(value).toBeCloseTo(0.37, 5);
      result.dispose();
    }
    step.dispose();
  });

  it("turns by quarter turns without loss, and counter to the other way", () => {
    const square = mixedNetwork();
    const step = compiled({
      network: square,
      regularization: { blur: 0, rotate: 90 },
    });
    const [h, w, c] = square.input;
    const x = images(square, 1, 2);
    const original = x.dataSync();
    const half = step.regularize(x, { rotation: 180 });
    const values = half.dataSync();
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++)
        expect(values[(i * w + j) * c]).toBeCloseTo(
          original[((h - 1 - i) * w + (w - 1 - j)) * c] ?? 0,
          4,
        );
    const back = step.regularize(half, { rotation: -180 });
    back
      .dataSync()
      .forEach((v, i) => expect(v).toBeCloseTo(original[i] ?? 0, 4));
    back.dispose();
    step.dispose();
  });

  it("blurs a point into the kernel, edges made good", () => {
    const step = compiled({
      regularization: { blur: 0.5, rotate: 0 },
      batch: 1,
    });
    const [h, w, c] = bgr.input;
    const values = new Float32Array(h * w * c);
    values[(8 * w + 7) * c] = 1;
    const result = step.regularize(tensor4d(values, [1, h, w, c]), {
      rotation: null,
    });
    const blurred = result.dataSync();
    const one = Math.exp(-2) / (1 + 2 * Math.exp(-2) + 2 * Math.exp(-8));
    const centre = 1 / (1 + 2 * Math.exp(-2) + 2 * Math.exp(-8));
    expect(blurred[(8 * w + 7) * c]).toBeCloseTo(centre * centre, 5);
    expect(blurred[(8 * w + 8) * c]).toBeCloseTo(centre * one, 5);
    expect(blurred[(7 * w + 6) * c]).toBeCloseTo(one * one, 5);
    expect(blurred[(8 * w + 7) * c + 1]).toBe(0);
    result.dispose();
    step.dispose();
  });
});

describe("bfloat16", () => {
  it("points where float32 points, and scores in float32", () => {
    const exact = compiled();
    const rough = compiled({ precision: "bfloat16" });
    const x = images(bgr, 1, 2);
    methods.forEach((_, method) => {
      const a = exact.gradient(method, x, oneHot(exact, 3, 0));
      const b = rough.gradient(method, x, oneHot(rough, 3, 0));
      expect(cosine(a.gradients, b.gradients)).toBeGreaterThan(0.97);
    });
    expect(rough.score(x)).toEqual(exact.score(x));
    for (const one of [x, exact, rough]) one.dispose();
  });
});

it("feeds large weights instead of writing them into the graph, with the same result", () => {
  const large = network(
    [16, 16, 8],
    [
      node(flatten, "flat", ["input"], {}),
      node(
        dense,
        "wide",
        ["flat"],
        {},
        {
          kernel: randomWeight([2048, 2100], 0.02, 1),
        },
      ),
      relu("relu", "wide"),
      node(
        dense,
        "logits",
        ["relu"],
        {},
        {
          kernel: randomWeight([2100, 3], 0.05, 2),
        },
      ),
    ],
  );
  if (!native) throw new Error("native TensorFlow is not built");
  const { encode, ...rest } = native;
  let bytes = 0;
  const counting: NativeRuntime = {
    ...rest,
    encode: (graph) => {
      const encoded = encode(graph);
      bytes = encoded.length;
      return encoded;
    },
  };
  const extra = { network: large, methods: methods.slice(0, 3), batch: 1 };
  const ours = compileStep(options(extra), counting);
  const theirs = eagerStep(options(extra));
  expect(bytes).toBeLessThan(1 << 20);
  const x = images(large, 4);
  for (const method of [0, 1, 2]) {
    const a = ours.gradient(method, x, oneHot(ours, 2));
    const b = theirs.gradient(method, x, oneHot(theirs, 2));
    expect(cosine(a.gradients, b.gradients)).toBeGreaterThan(0.99999);
  }
  for (const one of [x, ours, theirs]) one.dispose();
});

it("three thousand steps leave no tensor behind", () => {
  const step = compiled({ regularization: { blur: 0.5, rotate: 5 } });
  let x = images(bgr, 1, 2);
  const directions = oneHot(step, 1, 2);
  const before = memory().numTensors;
  for (let i = 0; i < 3000; i++) {
    const { images: next } = step.advance(i % methods.length, x, directions, 1);
    x.dispose();
    x = step.regularize(next, { rotation: i % 3 === 0 ? 2 : null });
  }
  expect(memory().numTensors).toBe(before);
  x.dispose();
  step.dispose();
}, 120_000);

afterAll(() => {
  expect(memory().numTensors).toBe(0);
});
