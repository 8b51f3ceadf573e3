/** Nodes whose value is their input's. */
import type { Node, Op, Shape, Weight } from "./op";
import type { MaxPoolAttributes } from "./ops/index";
import * as ops from "./ops/index";
import { isZero } from "./ops/window";

/** `shapes`: of every node's value, batch left out. */
export function isIdentity(
  node: Node,
  shapes: ReadonlyMap<string, Shape>,
): boolean {
  const [input, ...more] = node.inputs;
  if (input === undefined || more.length > 0) return false;
  const shape = shapes.get(input);
  if (!shape || shapes.get(node.name)?.join() !== shape.join()) return false;
  return tests.get(node.op.kind)?.(node, shape) ?? false;
}

/** Whether a node that keeps the shape keeps the values, by the kind of its operation. */
const tests: ReadonlyMap<string, (node: Node, shape: Shape) => boolean> =
  new Map([
    always(ops.add),
    always(ops.multiply),
    always(ops.concat),
    always(ops.reshape),
    always(ops.flatten),
    always(ops.zeroPad),
    always(ops.pad),
    where(ops.transpose, ({ order }) => inOrder(order)),
    where(ops.slice, ({ size, strides }) =>
      strides.every((stride, i) => stride > 0 || size[i] === 1),
    ),
    where(ops.gather, ({ indices }) => inOrder(indices)),
    where(ops.reduce, ({ axes }, shape) =>
      axes.every((axis) => shape.at(axis) === 1),
    ),
    where(ops.clip, ({ low, high }) => low === null && high === null),
    where(ops.power, ({ exponent }) => exponent === 1),
    where(ops.maxPool, seesOnePixel),
    where(ops.averagePool, seesOnePixel),
    [
      ops.resample.kind,
      ({ weights: { rows, columns } }) => isUnit(rows) && isUnit(columns),
    ],
  ]);

type Test = readonly [string, (node: Node, shape: Shape) => boolean];

function always(op: Op): Test {
  return [op.kind, () => true];
}

function where<A extends object>(
  op: Op<A>,
  test: (attributes: A, shape: Shape) => boolean,
): Test {
  // the table pairs each kind with the attributes its operation declares
  return [op.kind, (node, shape) => test(node.attributes as A, shape)];
}

function seesOnePixel({ window, padding }: MaxPoolAttributes): boolean {
  const padded = typeof padding !== "string" && !isZero(padding);
  return !padded && window.every((n) => n === 1);
}

function inOrder(list: readonly number[]): boolean {
  return list.every((value, i) => value === i);
}

/** A square matrix with ones along its diagonal, zeros elsewhere. */
function isUnit(matrix: Weight | undefined): boolean {
  const [rows = 0, columns = 0] = matrix?.shape ?? [];
  return (
    rows === columns &&
    matrix !== undefined &&
    matrix.data.every(
      (v, i) => v === (Math.floor(i / columns) === i % columns ? 1 : 0),
    )
  );
}
