/** Activations that a file spells out, told by their values: whatever the order of the steps, the curve is the same. */
import { node as makeNode, type Node, type Op } from "../op";
import * as ops from "../ops/index";
import { is, type Known } from "./graph";
import { curves, pointwiseOf, type Curve } from "./pointwise";

/** What ends a spelled-out activation. */
const ends: ReadonlySet<string> = new Set(
  [
    ops.add,
    ops.batchNorm,
    ops.clip,
    ops.divide,
    ops.log,
    ops.maximum,
    ops.minimum,
    ops.multiply,
    ops.negate,
    ops.reciprocal,
    ops.rectifier,
    ops.subtract,
  ].map((op) => op.kind),
);

/** Close together where activations bend, and far out to both sides, where limits and slopes show. */
const places: readonly number[] = [
  ...Array.from({ length: 81 }, (_, i) => (i - 40) / 4 + 0.013),
  ...[1e-3, 0.1, 1, 3, 6, 14, 20, 30, 45, 80, 200, 1e3, 1e4, 1e6, 1e12].flatMap(
    (x) => [x, -x],
  ),
  0,
];

/** Of float32 constants in the file. */
const tolerance = 2e-6;

/** The same in every place where the file's steps stay finite: ours may overflow later, never sooner. */
function agree(curve: Curve, known: Curve): boolean {
  let finite = 0;
  for (const x of places) {
    const [y, expected] = [curve(x), known(x)];
    if (!Number.isFinite(y)) continue;
    finite++;
    if (!(Math.abs(y - expected) <= tolerance * (1 + Math.abs(expected))))
      return false;
  }
  return finite >= places.length / 2;
}

/** The same curve, computed once at every place. */
function remembering(curve: Curve): Curve {
  const known = new Map<number, number>();
  return (x) => {
    const before = known.get(x);
    if (before !== undefined) return before;
    const y = curve(x);
    known.set(x, y);
    return y;
  };
}

interface Meant {
  readonly op: Op;
  readonly attributes: object;
}

function meant<A extends object>(op: Op<A>, attributes: A): Meant {
  return { op, attributes };
}

/** The activation with this curve. */
function activationOf(curve: Curve): Meant | "identity" | null {
  if (agree(curve, (x) => x)) return "identity";
  return (
    rectifierOf(curve) ?? hardSigmoidOf(curve) ?? fixedOf(curve) ?? eluOf(curve)
  );
}

function rectifierOf(curve: Curve): Meant | null {
  const slope = rounded(-curve(-1));
  const high = curve(1e12);
  const ceiling = high < 1e11 ? rounded(high) : null;
  if (!(slope >= 0 && slope < 1) || (ceiling !== null && !(ceiling > 0)))
    return null;
  const known: Curve = (x) =>
    Math.min(x > 0 ? x : slope * x, ceiling ?? Infinity);
  return agree(curve, known)
    ? meant(ops.rectifier, { slope: slope === 0 ? 0 : slope, ceiling })
    : null;
}

function hardSigmoidOf(curve: Curve): Meant | null {
  const offset = curve(0);
  const slope = (curve(1e-3) - curve(-1e-3)) / 2e-3;
  if (!(offset > 0 && offset < 1 && slope > 0)) return null;
  const known: Curve = (x) => Math.min(Math.max(slope * x + offset, 0), 1);
  return agree(curve, known)
    ? meant(ops.hardSigmoid, { slope: rounded(slope), offset: rounded(offset) })
    : null;
}

function fixedOf(curve: Curve): Meant | null {
  for (const [name, known] of Object.entries(curves))
    if (agree(curve, known))
      // the table's keys are names of operations without attributes
      return meant(ops[name as keyof typeof curves], {});
  return null;
}

function eluOf(curve: Curve): Meant | null {
  const alpha = rounded(-curve(-200));
  if (!(alpha > 0 && alpha < 100)) return null;
  const known: Curve = (x) => (x > 0 ? x : alpha * Math.expm1(x));
  return agree(curve, known) ? meant(ops.elu, { alpha }) : null;
}

/** As people write it: float32 has seven digits. */
function rounded(x: number): number {
  return Number(x.toPrecision(7));
}

/** The activation a node ends, as a node of its name; the name of what it hands on unchanged; null for neither. */
export function spelledOut(node: Node, known: Known): Node | string | null {
  if (!ends.has(node.op.kind)) return null;
  let meaning: Node | string | null = null;
  // the farthest: a hard sigmoid's slope and offset may be steps of their own
  for (const { root, curve } of pointwiseOf(node, known)) {
    const direct = node.inputs.length === 1 && node.inputs[0] === root;
    if (direct && node.op.activation) continue;
    const found = activationOf(remembering(curve));
    if (!found) continue;
    if (found === "identity") meaning = root;
    else if (!is(node, ops.rectifier) || mayChange(node, found, known))
      meaning = makeNode(found.op, node.name, [root], found.attributes);
  }
  return meaning;
}

/** A rectifier of its own stays one, unless the step before limits it from above, or both are a hard sigmoid. */
function mayChange(node: Node, found: Meant, known: Known): boolean {
  if (found.op.kind === ops.hardSigmoid.kind) return true;
  const before = known.nodes.get(node.inputs[0] ?? "");
  return is(before, ops.clip) || is(before, ops.minimum);
}
