import {
  classTable as spec,
  summarizeClassTable,
} from "../../../shared/lab/class-table";
import { makeStep } from "../../step/make-step";
import type { Step } from "../../step/step";
import { defineExperiment } from "../experiment";
import { ascentOf, cellsOf } from "./cells";
import { climb } from "./climb";
import { groupsOf } from "./groups";

export const classTable = defineExperiment({
  spec,
  plan: cellsOf,
  async *compute(cells, settings, world, { signal }) {
    const { network, runtime, checkpoints } = world;
    if (!network) return;
    const ascent = ascentOf(settings, world);
    const { batch, precision, regularization } = ascent;
    const reached = new Map<string, number>();
    for (const { key } of cells)
      reached.set(key, (await checkpoints.load(key))?.step ?? 0);
    const groups = groupsOf(cells, ({ key }) => reached.get(key) ?? 0, batch);
    /** Made once for groups of the same methods. */
    let made: { readonly methods: string; readonly step: Step } | null = null;
    try {
      for (const group of groups) {
        if (signal.aborted) return;
        const asked = group.cells[0]?.map(({ ask }) => ask.method) ?? [];
        const methods = JSON.stringify(asked);
        if (made?.methods !== methods) {
          made?.step.dispose();
          made = null;
          const step = makeStep(
            { network, methods: asked, batch, precision, regularization },
            runtime,
          );
          made = { methods, step };
        }
        yield* climb(
          group,
          ascent,
          { ...world, network },
          {
            step: made.step,
            signal,
          },
        );
      }
    } finally {
      made?.step.dispose();
    }
  },
  summarize: ({ leaky, proxygrad }, rows) =>
    summarizeClassTable({ relu: 0, leaky, proxygrad }, rows.values()),
});
