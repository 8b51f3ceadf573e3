/** A small vision transformer, put together by hand: constants, tokens and attention in a whole step. */
import { tensor4d } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeRuntime, Network } from "../../../src/engine";
import { startImage } from "../../../src/engine/ascent/start";
import { node, type Node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { compileStep } from "../../../src/engine/step/compile";
import { eagerStep } from "../../../src/engine/step/eager";
import { openBackend } from "../../../src/main/host/backend";
import { network, randomWeight } from "../../support/small-networks";
import { cosine, norm } from "../../support/vectors";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

const heads = 2;
const width = 8;
const tokens = 10;

function dense(
  name: string,
  input: string,
  from: number,
  to: number,
  seed: number,
): Node {
  return node(
    ops.dense,
    name,
    [input],
    {},
    {
      kernel: randomWeight([from, to], 1 / Math.sqrt(from), seed),
      bias: randomWeight([to], 0.2, seed + 1),
    },
  );
}

function normed(name: string, input: string, seed: number): Node {
  return node(
    ops.layerNorm,
    name,
    [input],
    { dimensions: 1, epsilon: 1e-6 },
    {
      gamma: randomWeight([width], 1, seed),
      beta: randomWeight([width], 0.3, seed + 1),
    },
  );
}

function constant(name: string, shape: number[], seed: number): Node {
  const value = randomWeight(shape, 0.5, seed);
  return node(ops.constant, name, ["input"], {}, { value });
}

/** [token, 3 width] -> queries, keys or values [head, token, width / head]. */
function part(name: string, which: number): Node[] {
  return [
    node(ops.slice, `${name}/part`, ["qkv"], {
      begin: [0, which * width],
      size: [tokens, width],
      strides: [1, 1],
    }),
    node(ops.reshape, `${name}/heads`, [`${name}/part`], {
      shape: [tokens, heads, width / heads],
    }),
    node(ops.transpose, name, [`${name}/heads`], { order: [1, 0, 2] }),
  ];
}

function transformer(): Network {
  return network(
    [12, 12, 3],
    [
      node(
        ops.conv2d,
        "patches",
        ["input"],
        { strides: [4, 4], dilations: [1, 1], padding: "valid", groups: 1 },
        { kernel: randomWeight([4, 4, 3, width], 0.2, 1) },
      ),
      node(ops.reshape, "tokens", ["patches"], { shape: [tokens - 1, width] }),
      constant("class", [1, width], 2),
      node(ops.concat, "with class", ["class", "tokens"], { axis: 0 }),
      constant("position", [tokens, width], 3),
      node(ops.add, "placed", ["with class", "position"], {}),
      normed("norm 1", "placed", 4),
      dense("qkv", "norm 1", width, 3 * width, 6),
      ...part("q", 0),
      ...part("k", 1),
      ...part("v", 2),
      constant("scale", [1, 1, 1], 8),
      node(ops.multiply, "scaled", ["q", "scale"], {}),
      node(ops.matmul, "scores", ["scaled", "k"], {
        transposeA: false,
        transposeB: true,
      }),
      node(ops.softmax, "attention", ["scores"], {}),
      node(ops.matmul, "seen", ["attention", "v"], {
        transposeA: false,
        transposeB: false,
      }),
      node(ops.transpose, "together", ["seen"], { order: [1, 0, 2] }),
      node(ops.reshape, "joined", ["together"], { shape: [tokens, width] }),
      dense("out", "joined", width, width, 9),
      node(ops.add, "skip", ["placed", "out"], {}),
      normed("norm 2", "skip", 11),
      dense("up", "norm 2", width, 4 * width, 13),
      node(ops.gelu, "gelu", ["up"], {}),
      dense("down", "gelu", 4 * width, width, 15),
      node(ops.add, "sum", ["skip", "down"], {}),
      normed("norm 3", "sum", 17),
      node(ops.gather, "first", ["norm 3"], { axis: 0, indices: [0] }),
      node(ops.reshape, "vector", ["first"], { shape: [width] }),
      dense("logits", "vector", width, 5, 19),
    ],
    { preprocessing: { order: "RGB", mean: [120], std: [60] } },
  );
}

describe("a vision transformer", () => {
  it.for(["float32", "bfloat16"] as const)(
    "has the eager gradient in %s",
    (precision, { skip }) => {
      if (!runtime) return skip("native TensorFlow is not built");
      const options = {
        network: transformer(),
        methods: [{ kind: "relu" }, { kind: "proxygrad", slope: 0.3 }],
        batch: 2,
        precision,
        regularization: { blur: 0, rotate: 0 },
      } as const;
      const compiled = compileStep(options, runtime);
      const eager = eagerStep(options);
      const { input } = options.network;
      const values = [1, 2].flatMap((seed) => [
        ...startImage(input, 0.5, seed),
      ]);
      const x = tensor4d(values, [2, ...input]);
      const directions = Float32Array.from([0, 1, 0, 0, 0, 0, 0, 0, 1, 0]);
      const theirs = eager.gradient(0, x, directions);
      const close = precision === "float32" ? 1e-6 : 1e-2;
      for (const method of [0, 1]) {
        // no rectifier: no method changes anything
        const ours = compiled.gradient(method, x, directions);
        expect(norm(theirs.gradients)).toBeGreaterThan(0);
        expect(cosine(ours.gradients, theirs.gradients)).toBeGreaterThan(
          1 - close,
        );
        expect(cosine(ours.logits, theirs.logits)).toBeGreaterThan(1 - close);
      }
      const scores = compiled.score(x);
      eager.score(x).forEach((v, i) => expect(scores[i]).toBeCloseTo(v, 4));
      for (const one of [x, compiled, eager]) one.dispose();
    },
  );
});
