/** What the lowering says when a file's numbers do not fit. */
import { Fault } from "../../../shared/fault";
import type { Shape } from "../../network/op";
import { count, spell } from "../../network/ops/check";

/** Beyond any network's, and few enough for every loop over axes. */
const deepestRank = 16;

/** The file contradicts itself. */
export function damaged(name: string, found: string): never {
  throw new Fault(
    "damaged-file",
    `Node "${name}": ${found}`,
    "Export the network again.",
  );
}

/** The network is sound but asks for something Proxima cannot do. */
export function refuse(name: string, found: string, supported: string): never {
  throw new Fault("unsupported-network", `Node "${name}": ${found}`, supported);
}

/** Whole dimensions from `least` on whose product arithmetic keeps exact. */
export function checkDims(name: string, dims: Shape, least: 0 | 1 = 1): void {
  const whole = dims.every((d) => Number.isSafeInteger(d) && d >= least);
  if (!whole || !Number.isSafeInteger(count(dims)))
    damaged(name, `its shape ${spell(dims)} cannot be.`);
  if (dims.length > deepestRank)
    refuse(
      name,
      `its shape has ${dims.length} dimensions.`,
      `Supported are up to ${deepestRank}.`,
    );
}

/** An axis as a number from 0 on; negative ones count from the end. */
export function wholeAxis(name: string, axis: number, rank: number): number {
  const whole = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(whole) || whole < 0 || whole >= rank)
    damaged(name, `it has ${rank} dimensions and no axis ${axis}.`);
  return whole;
}

/** As many numbers as there are axes. */
export function checkRank(
  name: string,
  what: string,
  list: readonly unknown[],
  dims: Shape,
): void {
  if (list.length !== dims.length)
    damaged(
      name,
      `${what} is given for ${list.length} axes of a value ${spell(dims)}.`,
    );
}

/** NumPy's rule: aligned at the last axis, dimensions of 1 are repeated. */
export function broadcast(name: string, shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const padded = shapes.map((shape) => toRank(shape, rank));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = padded.map((shape) => shape[axis] ?? 1);
    const size = sizes.find((s) => s !== 1) ?? 1;
    if (!sizes.every((s) => s === 1 || s === size))
      damaged(
        name,
        `its inputs ${shapes.map(spell).join(" and ")} do not fit.`,
      );
    return size;
  });
}

/** With dimensions of 1 in front. */
export function toRank(shape: Shape, rank: number): Shape {
  const missing = Math.max(0, rank - shape.length);
  return [...new Array<number>(missing).fill(1), ...shape];
}
