/** The original network's score after a few steps, over methods and slopes: Linse, Barth, Martinetz 2024, Figure 2. */
import { sweep as spec } from "../../../shared/lab/sweep";
import { sweepCells } from "../../../shared/lab/sweep-cells";
import { defineExperiment } from "../experiment";
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
      targets: targets.map((index) => ({
        index,
        label: world.network?.labels[index] ?? `class ${index}`,
      })),
      ...sweepCells(settings, targets, rows.values()),
    };
  },
});
