/** The end of a network: one value a class. */
import { Fault } from "../../../shared/fault";
import type { Shape } from "../../network/op";
import type { Value } from "./lowering";
import type { View } from "./view";
import { isConstant, viewOf, type Work } from "./work";

/** How the output is stored: one logical axis, an image's map as it is, or these logical axes in row-major order. */
type Layout =
  | { readonly kind: "vector"; readonly shape: Shape }
  | { readonly kind: "stored"; readonly shape: Shape }
  | {
      readonly kind: "axes";
      readonly shape: Shape;
      readonly axes: readonly number[];
    };

/**
 * [class], [height, width, class] or [position, channel]. The axis whose values are stored side by side is the
 * channels'; a map that was flattened beside its channels is still that map.
 */
function layoutOf({ assembler }: Work, view: View): Layout {
  const { dims } = view;
  const filled = view.axes.flatMap((axis, i) => (axis.length > 0 ? [i] : []));
  const [only = 0] = filled;
  if (filled.length <= 1) return { kind: "vector", shape: [dims[only] ?? 1] };
  const axesOf = (axes: readonly number[]): Layout => ({
    kind: "axes",
    shape: axes.map((axis) => dims[axis] ?? 1),
    axes,
  });
  const stored = assembler.shapeOf(view.node);
  const last = view.order.at(-1);
  const inner = view.axes.findIndex((axis) => last && axis.includes(last));
  const isMap = stored.length === 3 && filled.length <= 3;
  const oneChannel = isMap && stored[2] === 1;
  const ownChannels =
    view.axes[inner]?.length === 1 && last?.size === stored.at(-1);
  if (isMap && (ownChannels || (oneChannel && filled.length === 2)))
    return { kind: "stored", shape: stored };
  if (dims.length === 4) return axesOf(inner === 1 ? [2, 3, 1] : [1, 2, 3]);
  const [first = 0, ...others] = filled;
  const isFirst = filled.length === 3 && inner === first;
  return axesOf(isFirst ? [...others, first] : filled);
}

/** The shape the output will have, batch left out; null for a constant. */
export function outputShape(work: Work, output: Value): Shape | null {
  return isConstant(output) ? null : layoutOf(work, viewOf(output)).shape;
}

/** The node that holds the output as {@link layoutOf} says. */
export function outputOf(work: Work, output: Value): string {
  if (isConstant(output))
    throw new Fault(
      "unsupported-network",
      "The network's output does not depend on its input.",
    );
  const view = viewOf(output);
  const { arranging } = work;
  const name = view.node;
  const layout = layoutOf(work, view);
  if (layout.kind === "stored") return name;
  const axes =
    layout.kind === "vector"
      ? view.axes.flat()
      : layout.axes.flatMap((axis) => view.axes[axis] ?? []);
  const laid = arranging.ordered(name, view, axes);
  return arranging.shaped(name, laid.node, layout.shape);
}
