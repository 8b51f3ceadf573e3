/** Normalizations that a file spells out: layer norm, softmax, and slopes for every channel (PReLU). */
import { node as makeNode, type Node, type Weight, type Weights } from "../op";
import type { PowerAttributes, ReduceAttributes } from "../ops/index";
import * as ops from "../ops/index";
import { is, lineOf, shapeIn, type Known } from "./graph";

/** Finds what values are made of, by the names of their nodes. */
export class Reading {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  #node(name: string | undefined): Node | undefined {
    return name === undefined ? undefined : this.#known.nodes.get(name);
  }

  /** What the value is a mean (sum, largest value) of along its last dimension, which is kept. */
  #reduced(name: string, kind: ReduceAttributes["kind"]): string | null {
    let node = this.#node(name);
    const kept = shapeIn(this.#known, name);
    if (is(node, ops.reshape)) node = this.#node(node.inputs[0]);
    const [x] = node?.inputs ?? [];
    if (!is<ReduceAttributes>(node, ops.reduce) || x === undefined) return null;
    const { attributes } = node;
    const whole = shapeIn(this.#known, x);
    const isLast =
      attributes.kind === kind &&
      attributes.axes.length === 1 &&
      attributes.axes[0] === whole.length - 1 &&
      kept.join() === whole.with(-1, 1).join();
    return isLast ? x : null;
  }

  #squared(name: string): string | null {
    const node = this.#node(name);
    const [a, b] = node?.inputs ?? [];
    if (a === undefined) return null;
    if (is(node, ops.square)) return a;
    if (is<PowerAttributes>(node, ops.power) && node.attributes.exponent === 2)
      return a;
    return is(node, ops.multiply) && node.inputs.length === 2 && a === b
      ? a
      : null;
  }

  /** x of x - mean(x). */
  centred(name: string): string | null {
    const node = this.#node(name);
    const [x, other] = node?.inputs ?? [];
    if (!is(node, ops.subtract) || x === undefined || other === undefined)
      return null;
    return this.#reduced(other, "mean") === x ? x : null;
  }

  /** x of the variance of x, as the mean of the squared differences or as E[x^2] - E[x]^2. */
  #variance(name: string): string | null {
    const squares = this.#reduced(name, "mean");
    const difference = squares === null ? null : this.#squared(squares);
    if (difference !== null) return this.centred(difference);
    const node = this.#node(name);
    // rounding makes it negative at times, which is cut off
    const raw = is(node, ops.rectifier) ? this.#node(node.inputs[0]) : node;
    const [of, less] = raw?.inputs ?? [];
    if (!is(raw, ops.subtract) || of === undefined || less === undefined)
      return null;
    const all = this.#reduced(of, "mean");
    const mean = this.#squared(less);
    const x = all === null ? null : this.#squared(all);
    return x !== null && mean !== null && this.#reduced(mean, "mean") === x
      ? x
      : null;
  }

  /** x and epsilon of sqrt(variance(x) + epsilon), to the power given. */
  #deviation(name: string, power: 1 | -1): Deviation | null {
    const node = this.#node(name);
    const [of = ""] = node?.inputs ?? [];
    if (power === -1 && is(node, ops.reciprocal)) return this.#deviation(of, 1);
    const isRoot =
      is(node, power === 1 ? ops.sqrt : ops.rsqrt) ||
      (is<PowerAttributes>(node, ops.power) &&
        node.attributes.exponent === power / 2);
    if (!isRoot) return null;
    const shifted = this.#node(of);
    const line = shifted && lineOf(shifted, this.#known);
    if (!line) {
      const x = this.#variance(of);
      return x === null ? null : { x, epsilon: 0 };
    }
    const x = this.#variance(shifted.inputs[0] ?? "");
    return x !== null && line.scale === 1 && line.offset >= 0
      ? { x, epsilon: line.offset }
      : null;
  }

  /** 1 / sqrt(variance(x) + epsilon), perhaps times a constant for every feature. */
  #inverse(name: string): Inverse | null {
    const plain = this.#deviation(name, -1);
    if (plain) return { ...plain, gamma: null };
    const node = this.#node(name);
    if (!is(node, ops.multiply) || node.inputs.length !== 2) return null;
    for (const [a = "", b = ""] of bothWays(node.inputs)) {
      const found = this.#deviation(a, -1);
      const gamma = found && this.#perFeature(b, found.x);
      if (found && gamma) return { ...found, gamma };
    }
    return null;
  }

  /** A constant along the last dimension of x. */
  #perFeature(name: string, x: string): Weight | null {
    const node = this.#node(name);
    const value = is(node, ops.constant) ? node.weights["value"] : undefined;
    const features = shapeIn(this.#known, x).at(-1) ?? 1;
    if (!value || value.data.length !== features) return null;
    return value.shape.at(-1) === features
      ? { shape: [features], data: value.data }
      : null;
  }

  /** Layer norm as (x - mean) / deviation, or as x inverse + (beta - mean inverse). */
  layerNorm(node: Node): LayerNorm | null {
    const [first = "", second = ""] = node.inputs;
    if (node.inputs.length !== 2) return null;
    if (is(node, ops.divide)) {
      const found = this.#deviation(second, 1);
      return found && this.centred(first) === found.x
        ? { ...found, gamma: null, beta: null }
        : null;
    }
    if (is(node, ops.multiply))
      for (const [a = "", b = ""] of bothWays(node.inputs)) {
        const found = this.#inverse(b);
        if (found && this.centred(a) === found.x)
          return { ...found, beta: null };
      }
    if (is(node, ops.add))
      for (const [a = "", b = ""] of bothWays(node.inputs)) {
        const found = this.#scaledAndShifted(a, b, -1);
        if (found) return found;
      }
    if (is(node, ops.subtract)) return this.#scaledAndShifted(first, second, 1);
    return null;
  }

  /** x inverse in `scaled`, and `sign` times mean(x) inverse, perhaps with a constant, in `shift`. */
  #scaledAndShifted(
    scaled: string,
    shift: string,
    sign: 1 | -1,
  ): LayerNorm | null {
    const product = this.#node(scaled);
    if (!is(product, ops.multiply) || product.inputs.length !== 2) return null;
    for (const [x = "", by = ""] of bothWays(product.inputs)) {
      const found = this.#inverse(by);
      if (found?.x !== x) continue;
      const beta = this.#shift(shift, x, by, sign);
      if (beta) return { ...found, beta: beta.beta };
    }
    return null;
  }

  #shift(
    name: string,
    x: string,
    by: string,
    sign: number,
  ): { beta: Weight | null } | null {
    const outer = this.#node(name);
    const { gamma, beta = null, mean, variance } = outer?.weights ?? {};
    const moved = outer?.op.kind === ops.batchNorm.kind;
    const even = gamma?.data.every((g) => g === gamma.data[0]) ?? true;
    if (moved && (mean ?? variance ?? !even)) return null;
    const scaled = moved ? this.#node(outer?.inputs[0]) : outer;
    const turnedRound = scaled?.op.kind === ops.negate.kind;
    const factor = (moved ? (gamma?.data[0] ?? 1) : 1) * (turnedRound ? -1 : 1);
    const node = turnedRound ? this.#node(scaled.inputs[0]) : scaled;
    if (!is(node, ops.multiply) || node.inputs.length !== 2) return null;
    for (const [a = "", b = ""] of bothWays(node.inputs)) {
      if (b !== by) continue;
      const turned = this.#node(a);
      const negative = is(turned, ops.negate);
      const average = negative ? (turned.inputs[0] ?? "") : a;
      if (this.#reduced(average, "mean") !== x) continue;
      // beta of x - mean is added, of what is subtracted it is taken off
      if (factor * (negative ? -1 : 1) !== sign) return null;
      if (!moved) return { beta: null };
      return sign === 1 && beta ? null : { beta };
    }
    return null;
  }

  /** x of exp(x) / sum(exp(x)), with or without the largest value taken off before. */
  softmax(node: Node): string | null {
    const [top, bottom] = node.inputs;
    if (!is(node, ops.divide) || top === undefined || bottom === undefined)
      return null;
    const exp = this.#node(top);
    if (!is(exp, ops.exp) || this.#reduced(bottom, "sum") !== top) return null;
    const [x = ""] = exp.inputs;
    const lowered = this.#node(x);
    const [before = "", largest = ""] = lowered?.inputs ?? [];
    return is(lowered, ops.subtract) && this.#reduced(largest, "max") === before
      ? before
      : x;
  }

  /** x and the slopes of relu(x) + slopes * -relu(-x), in whatever signs. */
  prelu(node: Node): { x: string; slopes: Weight } | null {
    const isSum = node.op.kind === ops.add.kind;
    if ((!isSum && !is(node, ops.subtract)) || node.inputs.length !== 2)
      return null;
    const ways = isSum ? bothWays(node.inputs) : [node.inputs];
    for (const [positive = "", negative = ""] of ways) {
      const relu = this.#node(positive);
      const x = this.#rectified(relu);
      const scaled = this.#scaled(this.#node(negative), isSum ? -1 : 1);
      if (x === null || !scaled) continue;
      const inner = this.#rectified(this.#node(scaled.of));
      if (inner !== null && this.#negated(this.#node(inner)) === x)
        return { x, slopes: scaled.by };
    }
    return null;
  }

  #rectified(node: Node | undefined): string | null {
    if (!is(node, ops.rectifier)) return null;
    const { slope, ceiling } = node.attributes;
    return slope === 0 && ceiling === null ? (node.inputs[0] ?? null) : null;
  }

  #negated(node: Node | undefined): string | null {
    if (!node) return null;
    const [x = null] = node.inputs;
    if (is(node, ops.negate)) return x;
    const line = lineOf(node, this.#known);
    return line?.scale === -1 && line.offset === 0 ? x : null;
  }

  /** A value times constants, times `sign`. */
  #scaled(
    outer: Node | undefined,
    outerSign: number,
  ): { of: string; by: Weight } | null {
    const turnedRound = is(outer, ops.negate);
    const node = turnedRound ? this.#node(outer.inputs[0]) : outer;
    const sign = turnedRound ? -outerSign : outerSign;
    if (!node) return null;
    const [a = "", b = ""] = node.inputs;
    const signed = ({ shape, data }: Weight): Weight => ({
      shape,
      data: sign === 1 ? data : data.map((v) => -v),
    });
    const rank = shapeIn(this.#known, node.name).length;
    if (is(node, ops.batchNorm)) {
      const { gamma, ...others } = node.weights;
      if (!gamma || Object.keys(others).length > 0) return null;
      const shape = new Array<number>(rank).fill(1).with(-1, gamma.data.length);
      return { of: a, by: signed({ shape, data: gamma.data }) };
    }
    if (!is(node, ops.multiply) || node.inputs.length !== 2) return null;
    for (const [of, constant] of [
      [a, this.#node(b)],
      [b, this.#node(a)],
    ] as const) {
      const value = constant?.weights["value"];
      if (is(constant, ops.constant) && value?.shape.length === rank)
        return { of, by: signed(value) };
    }
    return null;
  }
}

interface Deviation {
  readonly x: string;
  readonly epsilon: number;
}
interface Inverse extends Deviation {
  readonly gamma: Weight | null;
}
interface LayerNorm extends Inverse {
  readonly beta: Weight | null;
}

function bothWays<T>([a, b]: readonly T[]): (T | undefined)[][] {
  return [
    [a, b],
    [b, a],
  ];
}

/** The operation a node ends when it is read together with those before it; null where it is only itself. */
export function normalization(node: Node, known: Known): Node | null {
  const reading = new Reading(known);
  const norm = reading.layerNorm(node);
  if (norm) {
    const weights: Weights = {
      ...(norm.gamma && { gamma: norm.gamma }),
      ...(norm.beta && { beta: norm.beta }),
    };
    return makeNode(
      ops.layerNorm,
      node.name,
      [norm.x],
      { dimensions: 1, epsilon: norm.epsilon },
      weights,
    );
  }
  const softmax = reading.softmax(node);
  if (softmax !== null) return makeNode(ops.softmax, node.name, [softmax], {});
  const prelu = reading.prelu(node);
  if (prelu)
    return makeNode(
      ops.prelu,
      node.name,
      [prelu.x],
      {},
      {
        alpha: prelu.slopes,
      },
    );
  return null;
}
