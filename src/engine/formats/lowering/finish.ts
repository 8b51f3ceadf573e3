/** The end of a network: one value a class. */
import { Fault } from "../../../shared/fault";
import type { Value } from "./lowering";
import { sizeOf } from "./view";
import { isConstant, viewOf, type Work } from "./work";

/**
 * The node that holds the output as [class] or [height, width, class]. What is laid out in several logical axes
 * stays as it is stored, which for maps is with the classes last.
 */
export function outputOf(work: Work, output: Value): string {
  if (isConstant(output))
    throw new Fault(
      "unsupported-network",
      "The network's output does not depend on its input.",
    );
  const view = viewOf(output);
  const { arranging, assembler } = work;
  const name = view.node;
  const filled = view.axes.filter((axis) => axis.length > 0);
  const [only = []] = filled;
  if (filled.length <= 1) {
    const laid = arranging.ordered(name, view, only);
    return arranging.shaped(name, laid.node, [sizeOf(only)]);
  }
  if (assembler.shapeOf(name).length === 3 || view.dims.length !== 4)
    return name;
  const last = view.order.at(-1);
  const classes = last && view.axes[1]?.includes(last) ? 1 : 3;
  const [rows, columns] = classes === 1 ? [2, 3] : [1, 2];
  const axes = [rows ?? 1, columns ?? 2, classes];
  const laid = arranging.ordered(
    name,
    view,
    axes.flatMap((axis) => view.axes[axis] ?? []),
  );
  const shape = axes.map((axis) => view.dims[axis] ?? 1);
  return arranging.shaped(name, laid.node, shape);
}
