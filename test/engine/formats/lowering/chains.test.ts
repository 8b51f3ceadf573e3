/** Random chains of operations: whatever the views make of them, they mean what the naive evaluator says. */
import { beforeAll, describe, expect, it } from "vitest";
import type {
  Constant,
  Lowering,
  Value,
} from "../../../../src/engine/formats/lowering/index";
import * as ops from "../../../../src/engine/network/ops/index";
import { openBackend } from "../../../../src/main/host/backend";
import { randomWeight } from "../../../support/small-networks";
import { gradientOf, type NativeRuntime } from "../../../../src/engine";
import { Fault } from "../../../../src/shared/fault";
import { cosine, norm } from "../../../support/vectors";
import { randomValues } from "../../network/random-values";
import { expectSame, kindsOf, lower, networkOf } from "./agree";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

const input = [4, 3, 6] as const;

/** Whole numbers from 0 on below a bound, the same for both evaluations of a chain. */
class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed * 2654435761;
  }
  below(n: number): number {
    this.#state =
      (Math.imul(this.#state ^ (this.#state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) |
      0;
    const mixed = Math.imul(this.#state ^ (this.#state >>> 13), 0x297a2d39);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % n;
  }
  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new RangeError("nothing to pick from");
    return found;
  }
  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    const result: T[] = [];
    while (rest.length > 0)
      result.push(...rest.splice(this.below(rest.length), 1));
    return result;
  }
}

function count(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

/** A random way to write n values: a product of dimensions, some of them 1. */
function randomDims(n: number, dice: Dice): number[] {
  const primes: number[] = [];
  for (let rest = n, p = 2; rest > 1;) {
    if (rest % p === 0) {
      primes.push(p);
      rest /= p;
    } else p++;
  }
  const dims: number[] = dice.below(3) === 0 ? [1] : [];
  for (const prime of dice.shuffled(primes))
    if (dims.length > 0 && dice.below(2) === 0)
      dims[dims.length - 1] = (dims.at(-1) ?? 1) * prime;
    else dims.push(prime);
  if (dice.below(3) === 0) dims.splice(dice.below(dims.length + 1), 0, 1);
  return dims.length > 0 ? dims : [1];
}

function constantOf(
  l: Lowering,
  dims: readonly number[],
  seed: number,
): Constant {
  return l.constant([...dims], randomWeight([...dims], 1, seed).data);
}

/** Dimensions that broadcast to `dims`: some 1, some missing in front. */
function partOf(dims: readonly number[], dice: Dice): number[] {
  const part = dims.map((d) => (dice.below(2) === 0 ? 1 : d));
  return part.slice(dice.below(part.length));
}

type Move = (l: Lowering, x: Value, dice: Dice, name: string) => Value;

const moves: Record<string, Move> = {
  reshape: (l, x, dice, name) =>
    l.reshape(name, x, randomDims(count(x.dims), dice)),
  transpose: (l, x, dice, name) =>
    l.transpose(name, x, dice.shuffled([...x.dims.keys()])),
  slice(l, x, dice, name) {
    const parts = x.dims.map((d) => {
      const stride = d > 2 && dice.below(3) === 0 ? 2 : 1;
      const backwards = dice.below(5) === 0;
      const most = Math.floor((d - 1) / stride) + 1;
      const size =
        dice.below(2) === 0 ? most : Math.max(1, most - dice.below(most));
      const reach = (size - 1) * stride;
      const low = dice.below(d - reach);
      return backwards
        ? { begin: low + reach, size, stride: -stride }
        : { begin: low, size, stride };
    });
    if (count(parts.map((p) => p.size)) < 12) return x;
    return l.slice(
      name,
      x,
      parts.map((p) => p.begin),
      parts.map((p) => p.size),
      parts.map((p) => p.stride),
    );
  },
  blocks(l, x, dice, name) {
    // a contiguous part whose edges lie on a divisor: often whole factors
    const axis = dice.below(x.dims.length);
    const d = x.dims[axis] ?? 1;
    const size = [...Array(d).keys()].filter((n) => n > 0 && d % n === 0);
    if (size.length === 0 || count(x.dims) / d < 6) return x;
    const part = dice.pick(size);
    const parts = l.split(name, x, Array<number>(d / part).fill(part), axis);
    return parts[dice.below(parts.length)] ?? x;
  },
  concat(l, x, dice, name) {
    const axis = dice.below(x.dims.length);
    const dims = x.dims.with(axis, 1 + dice.below(2));
    const order = dice.shuffled([...x.dims.keys()]);
    const turned = l.transpose(`${name}a`, x, order);
    const back = order.map((_, i) => order.indexOf(i));
    const same = l.transpose(
      `${name}c`,
      l.activation(`${name}b`, ops.tanh, {}, turned),
      back,
    );
    const parts = [same, constantOf(l, dims, dice.below(99)), x];
    return l.concat(name, dice.shuffled(parts), axis);
  },
  add(l, x, dice, name) {
    const kind = dice.pick(["add", "subtract", "multiply", "maximum"] as const);
    const k = constantOf(l, partOf(x.dims, dice), dice.below(99));
    return dice.below(2) === 0
      ? l.binary(name, kind, x, k)
      : l.binary(name, kind, k, x);
  },
  combine(l, x, dice, name) {
    // two values of the image that are laid out differently
    const dims = randomDims(count(x.dims), dice);
    const y = l.transpose(
      `${name}b`,
      l.reshape(`${name}a`, x, dims),
      dice.shuffled([...dims.keys()]),
    );
    const z = l.activation(
      `${name}c`,
      ops.tanh,
      {},
      l.reshape(`${name}d`, y, x.dims),
    );
    return l.binary(name, dice.pick(["add", "multiply", "minimum"]), x, z);
  },
  spread(l, x, dice, name) {
    // a mean that is taken off again by broadcast
    const axes = [...x.dims.keys()].filter(() => dice.below(2) === 0);
    const mean = l.reduce(
      `${name}a`,
      dice.pick(["mean", "max", "min", "sum"]),
      x,
      axes,
      true,
    );
    return l.binary(name, "subtract", x, mean);
  },
  outer(l, x, dice, name) {
    if (count(x.dims) > 100) return x;
    const y = l.reduce(
      `${name}b`,
      "mean",
      x,
      [dice.below(x.dims.length)],
      false,
    );
    const column = l.reshape(`${name}c`, y, [...y.dims, 1]);
    const row = l.reshape(
      `${name}d`,
      l.reduce(`${name}e`, "max", x, [0], false),
      [1, ...x.dims.slice(1)],
    );
    const flat = l.reshape(`${name}f`, row, [count(row.dims)]);
    return l.binary(name, "multiply", column, flat);
  },
  reduce(l, x, dice, name) {
    const axis = dice.below(x.dims.length);
    if (count(x.dims) / (x.dims[axis] ?? 1) < 6) return x;
    return l.reduce(
      name,
      dice.pick(["mean", "max"]),
      x,
      [axis],
      dice.below(2) === 0,
    );
  },
  softmax: (l, x, dice, name) => l.softmax(name, x, dice.below(x.dims.length)),
  norm(l, x, dice, name) {
    const axis = dice.below(x.dims.length);
    const dims = x.dims.slice(axis);
    return l.layerNorm(
      name,
      x,
      constantOf(l, dims, dice.below(99)),
      constantOf(l, dims, dice.below(99)),
      { axis, epsilon: 1e-3 },
    );
  },
  batchNorm(l, x, dice, name) {
    const axis = dice.below(x.dims.length);
    const n = [x.dims[axis] ?? 1];
    const seed = dice.below(99);
    return l.batchNorm(
      name,
      x,
      {
        gamma: randomWeight(n, 1, seed),
        beta: null,
        mean: randomWeight(n, 1, seed + 1),
        variance: {
          shape: n,
          data: randomWeight(n, 1, seed).data.map((v) => v * v + 0.5),
        },
      },
      { axis, epsilon: 1e-3 },
    );
  },
  dense(l, x, dice, name) {
    const k = x.dims.at(-1) ?? 1;
    const n = 1 + dice.below(6);
    const transposeB = dice.below(2) === 0;
    const scale = 1 / Math.sqrt(k);
    const dims = transposeB ? [n, k] : [k, n];
    const data = randomWeight(dims, scale, dice.below(99)).data;
    const bias =
      dice.below(2) === 0 ? constantOf(l, [n], dice.below(99)) : null;
    return l.matmul(name, x, l.constant(dims, data), { transposeB, bias });
  },
  densely(l, x, dice, name) {
    if (x.dims.length < 2) return x;
    const k = x.dims.at(-2) ?? 1;
    const m = 2 + dice.below(3);
    const transposeA = dice.below(2) === 0;
    const dims = transposeA ? [k, m] : [m, k];
    const data = randomWeight(dims, 1 / Math.sqrt(k), dice.below(99)).data;
    return l.matmul(name, l.constant(dims, data), x, { transposeA });
  },
  attend(l, x, dice, name) {
    if (x.dims.length < 2 || count(x.dims) > 400) return x;
    const rank = x.dims.length;
    const swapped = [...x.dims.keys()].map((i) =>
      i < rank - 2 ? i : 2 * rank - 3 - i,
    );
    const y = l.transpose(
      `${name}a`,
      l.activation(`${name}b`, ops.tanh, {}, x),
      swapped,
    );
    const turn = dice.below(2) === 0;
    const scores = turn
      ? l.matmul(`${name}c`, x, l.transpose(`${name}d`, y, swapped), {
          transposeB: true,
        })
      : l.matmul(`${name}c`, x, y);
    const weights = l.softmax(`${name}e`, scores, -1);
    return l.matmul(name, weights, x);
  },
  gather(l, x, dice, name) {
    const axis = dice.below(x.dims.length);
    const d = x.dims[axis] ?? 1;
    const dims = dice.pick([[3], [2, 2], [2]]);
    const list = Array.from(
      { length: count(dims) },
      () => dice.below(2 * d) - d,
    );
    return l.gather(
      name,
      x,
      l.constant(dims, Float64Array.from(list), "int"),
      axis,
    );
  },
  pad(l, x, dice, name) {
    const mode = dice.pick(["constant", "reflect", "edge"] as const);
    const amounts = x.dims.map((d): [number, number] => {
      const most = mode === "reflect" ? Math.min(2, d - 1) : 2;
      return dice.below(3) === 0
        ? [dice.below(most + 1), dice.below(most + 1)]
        : [0, 0];
    });
    if (count(x.dims) > 300) return x;
    return l.pad(name, x, amounts, mode, dice.below(2));
  },
  expand(l, x, dice, name) {
    const dims = x.dims.map((d) => (d === 1 ? 1 + dice.below(3) : d));
    return l.expand(name, x, count(x.dims) > 300 ? x.dims : [1, ...dims]);
  },
  conv(l, x, dice, name) {
    const n = count(x.dims);
    const height = dice.pick(
      [...Array(n).keys()].filter((d) => d > 0 && n % d === 0 && d < 13),
    );
    const width = dice.pick(
      [...Array(n / height).keys()]
        .filter((d) => d > 0 && (n / height) % d === 0 && d < 13)
        .concat(1),
    );
    const channels = n / height / width;
    if (channels > 64) return x;
    const order = dice.pick(["NCHW", "NHWC"] as const);
    const dims =
      order === "NCHW"
        ? [1, channels, height, width]
        : [1, height, width, channels];
    const map = l.reshape(`${name}a`, x, dims);
    const groups = dice.pick([1, channels]);
    const out = groups === 1 ? 1 + dice.below(5) : channels;
    return l.conv2d(
      name,
      map,
      randomWeight(
        [2, 1, channels / groups, out],
        1 / Math.sqrt(channels / groups),
        dice.below(99),
      ),
      randomWeight([out], 1, dice.below(99)),
      { order, strides: [1, 1], dilations: [1, 1], padding: "same", groups },
    );
  },
  prelu: (l, x, dice, name) =>
    l.prelu(name, x, constantOf(l, partOf(x.dims, dice), dice.below(99))),
};

function chain(seed: number, length: number) {
  return (l: Lowering): Value => {
    const dice = new Dice(seed);
    let x: Value = l.input(dice.pick(["NCHW", "NHWC"] as const));
    for (let i = 0; i < length; i++) {
      const kind = dice.pick(Object.keys(moves));
      const move = moves[kind];
      // moves that only lay out anew are what is tested: two of them before each that computes
      for (const layout of ["transpose", "reshape"]) {
        const lay = moves[layout];
        if (lay && dice.below(3) > 0) x = lay(l, x, dice, `${i}-${layout}`);
      }
      if (move && count(x.dims) < 3000) x = move(l, x, dice, `${i}-${kind}`);
    }
    // a softmax at the end would be taken off
    return l.unary("end", "negate", x);
  };
}

/** What no network asks for, and TensorFlow cannot do: values repeated along every other axis. */
function isTooDeep(error: unknown): boolean {
  return error instanceof Fault && error.message.includes("in turns");
}

describe("random chains", () => {
  it.each(Object.keys(moves))("with %s after permutations", (kind) => {
    let refused = 0;
    for (let seed = 0; seed < 30; seed++)
      try {
        expectSame(
          input,
          (l) => {
            const dice = new Dice(seed);
            let x: Value = l.input(dice.pick(["NCHW", "NHWC"] as const));
            for (const name of ["a", "b", "c"]) {
              const layout = dice.pick(["transpose", "reshape"]);
              x = moves[layout]?.(l, x, dice, name) ?? x;
            }
            x = moves[kind]?.(l, x, dice, kind) ?? x;
            x = moves["transpose"]?.(l, x, dice, "turn") ?? x;
            return l.unary("end", "negate", x);
          },
          1e-4,
        );
      } catch (error) {
        if (!isTooDeep(error)) throw error;
        refused++;
      }
    expect(refused).toBeLessThan(3);
  });

  it.each(Array.from({ length: 40 }, (_, i) => [i]))("of ten, seed %i", (i) => {
    let refused = 0;
    for (let seed = 0; seed < 5; seed++)
      try {
        expectSame(input, chain(1000 + 5 * i + seed, 10), 1e-3);
      } catch (error) {
        if (!isTooDeep(error)) throw error;
        refused++;
      }
    expect(refused).toBeLessThan(3);
  });

  it("mean the same compiled, with the same gradient", ({ skip }) => {
    if (!runtime) return skip("native TensorFlow is not built");
    const image = Float32Array.from(randomValues([...input], 5).data);
    for (let seed = 0; seed < 25; seed++) {
      const network = networkOf(lower(input, chain(seed, 5)));
      const on = {
        network,
        method: { kind: "relu" } as const,
        target: { kind: "logit", index: 0 } as const,
      };
      const native = gradientOf({ ...on, runtime }, image);
      const eager = gradientOf({ ...on, runtime: null }, image);
      const largest = Math.max(...eager.logits.map(Math.abs), 1e-3);
      const apart = eager.logits.map((v, i) => v - (native.logits[i] ?? NaN));
      expect(norm(apart) / largest).toBeLessThan(1e-4);
      if (eager.norm > 1e-6) {
        expect(cosine(native.gradient, eager.gradient)).toBeGreaterThan(0.9999);
        expect(native.norm / eager.norm).toBeCloseTo(1, 3);
      }
    }
  });
});

it("is a real test: chains of layouts alone are not all free", () => {
  const kinds = Array.from({ length: 20 }, (_, seed) =>
    kindsOf(lower(input, chain(seed, 4))),
  );
  expect(kinds.flat()).toContain("transpose");
  expect(new Set(kinds.flat()).size).toBeGreaterThan(12);
});
