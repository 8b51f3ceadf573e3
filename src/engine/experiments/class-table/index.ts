import {
  classTable as spec,
  summarizeClassTable,
} from "../../../shared/lab/class-table";
import { hasProbability, hasTop1 } from "../../../shared/head";
import { signOf } from "../../../shared/target";
import { sigmoid } from "../../classes";
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
  // rows of version 1 took every head for softmax
  renew: (row, { ask: { label, target } }, { head }) => ({
    ...row,
    label,
    top1: hasTop1(head) && !target.minimise ? row.top1 : null,
    probability:
      head === "sigmoid"
        ? sigmoid(signOf(target) * row.score)
        : hasProbability(head)
          ? row.probability
          : null,
  }),
  summarize: ({ leaky, proxygrad }, rows) =>
    summarizeClassTable({ relu: 0, leaky, proxygrad }, rows.values()),
});
