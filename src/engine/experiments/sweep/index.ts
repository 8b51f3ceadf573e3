/** The original network's score after a few steps, over methods and slopes: Linse, Barth, Martinetz 2024, Figure 2. */
import { sweep as spec } from "../../../shared/lab/sweep";
import { sweepCells } from "../../../shared/lab/sweep-cells";
import { defineExperiment } from "../experiment";
import { titleOf } from "../targets";
import { computeSweep } from "./compute";
import { planSweep, resolve } from "./plan";

export const sweep = defineExperiment({
  spec,
  plan: planSweep,
  compute: computeSweep,
  summarize(settings, rows, world) {
    const { targets, ...resolved } = resolve(settings, world);
    return {
      ...resolved,
      targets: targets.map((target) => ({
        index: target.index,
        ...(target.minimise && { minimise: target.minimise }),
        label: world.network ? titleOf(target, world.network, world) : "",
      })),
      ...sweepCells(settings, targets, rows.values()),
    };
  },
});
