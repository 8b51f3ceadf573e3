import { summarizeClassTable } from "../../../shared/lab/class-scores";
import { classTable as spec } from "../../../shared/lab/class-table";
import { defineExperiment } from "../experiment";
import { ascentOf, cellsOf } from "./cells";
import { climb } from "./climb";
import { groupsOf } from "./groups";

export const classTable = defineExperiment({
  spec,
  plan: cellsOf,
  async *compute(cells, settings, world, { signal }) {
    const { network, checkpoints } = world;
    if (!network) return;
    const ascent = ascentOf(settings, world);
    const reached = new Map<string, number>();
    for (const { key } of cells)
      reached.set(key, (await checkpoints.load(key))?.step ?? 0);
    const stepOf = ({ key }: { key: string }) => reached.get(key) ?? 0;
    for (const group of groupsOf(cells, stepOf, ascent.batch)) {
      if (signal.aborted) return;
      yield* climb(group, ascent, { ...world, network }, { signal });
    }
  },
  renew: (row, { ask: { label } }) => ({ ...row, label }),
  summarize: ({ leaky, proxygrad }, rows) =>
    summarizeClassTable({ relu: 0, leaky, proxygrad }, rows.values()),
});
