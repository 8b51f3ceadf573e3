/** Batches of values in float64, and what the naive references are written with. */
import type { Node } from "../../../src/engine/network/op";

/** A batch of values, row by row. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Reference = (inputs: readonly Values[], node: Node) => Values;

export function reference<A extends object>(
  compute: (inputs: readonly Values[], node: Node<A>) => Values,
): Reference {
  // the tables pair each kind with the attributes its operation declares
  return (inputs, node) => compute(inputs, node as Node<A>);
}

export function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

export function first(inputs: readonly Values[]): Values {
  const x = inputs[0];
  if (!x) throw new RangeError("no input");
  return x;
}

export function map(x: Values, f: (v: number, i: number) => number): Values {
  return { shape: x.shape, data: x.data.map((v, i) => f(v, i)) };
}

export function pointwise(f: (x: number) => number): Reference {
  return (inputs) => map(first(inputs), (v) => f(v));
}

/** The value at an index, one number a dimension. */
export function at({ shape, data }: Values, index: readonly number[]): number {
  const flat = shape.reduce((place, d, i) => {
    const k = index[i] ?? NaN;
    return k >= 0 && k < d ? place * d + k : NaN;
  }, 0);
  return data[flat] ?? NaN;
}

/** Values of a shape, computed index by index. */
export function build(
  shape: readonly number[],
  f: (index: readonly number[]) => number,
): Values {
  const index = shape.map(() => 0);
  const data = Float64Array.from({ length: size(shape) }, () => {
    const value = f(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === shape[axis] ? 0 : next;
      if (index[axis] !== 0) break;
    }
    return value;
  });
  return { shape, data };
}

export function weight(node: Node, name: string) {
  const found = node.weights[name];
  if (!found) throw new RangeError(`no weight ${name}`);
  return found;
}

/** y with the node's bias, where it has one. */
export function biased(node: Node, y: Values): Values {
  const bias = node.weights["bias"];
  const channels = y.shape.at(-1) ?? 1;
  return bias ? map(y, (v, i) => v + (bias.data[i % channels] ?? NaN)) : y;
}
