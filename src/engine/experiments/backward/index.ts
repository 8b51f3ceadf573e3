import { backward as spec, handMethods } from "../../../shared/lab/backward";
import type { Method } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { cellKey, defineExperiment } from "../experiment";
import { throughRectifier } from "./by-hand";

type HandMethod = (typeof handMethods)[number];

export const backward = defineExperiment({
  spec,
  plan({ x, g, slope }) {
    if (x.length !== g.length || x[0]?.length !== g[0]?.length)
      throw new Fault(
        "invalid-request",
        `The gradient is ${sizeOf(g)} and the input ${sizeOf(x)}.`,
        "A gradient has the shape of what it belongs to.",
      );
    return handMethods.map((method) => ({
      key: cellKey({ method, x, g, slope }),
      work: 1,
      ask: method,
    }));
  },
  // a handful of numbers: done before anybody could cancel
  // eslint-disable-next-line @typescript-eslint/require-await
  async *compute(cells, { x, g, slope }) {
    for (const { key, ask: method } of cells) {
      const passes = throughRectifier(x, g, methodOf(method, slope));
      yield { kind: "work", work: 1 };
      yield { kind: "row", key, row: { method, slope, ...passes } };
    }
  },
  summarize: () => ({}),
});

function methodOf(kind: HandMethod, slope: number): Method {
  return kind === "relu" ? { kind } : { kind, slope };
}

function sizeOf(matrix: readonly (readonly number[])[]): string {
  return `${matrix.length} x ${matrix[0]?.length ?? 0}`;
}
