import { nextFrame } from "@tensorflow/tfjs-core";
import { Fault } from "../../../shared/fault";
import { batchNormInputs as spec } from "../../../shared/lab/batch-norm-inputs";
import { mean } from "../../../shared/statistics";
import { cellKey, defineExperiment } from "../experiment";
import { groupedBy } from "../grouped";
import { batchOf } from "../training-pass/batch";
import { measuredOf } from "../training-pass/subjects";
import { checkMemory, nativeOf } from "../training-pass/training-pass";
import { batchNormsOf, compileDeviations, type Deviations } from "./deviations";
import { summarizeDeviations } from "./summary";

export const batchNormInputs = defineExperiment<
  typeof spec,
  { readonly slope: number; readonly repetition: number }
>({
  spec,
  plan({ subject, slopes, repetitions, size, batch, seed }, world) {
    const { batchNorm, name } = measuredOf(subject, { size, seed }, world);
    if (!batchNorm)
      throw new Fault(
        "unsupported-network",
        `"${name}" has no batch norm; many files keep networks whose batch norms were folded into the convolutions.`,
        "Measure the random ResNet-18, or open a network that has batch norms.",
      );
    return Array.from({ length: repetitions }, (_, repetition) =>
      slopes.map((slope) => ({
        key: cellKey({
          subject,
          slope,
          repetition,
          batch,
          seed,
          images: world.images?.id ?? null,
          ...(subject === "open" ? {} : { size }),
        }),
        work: 1,
        ask: { slope, repetition },
      })),
    ).flat();
  },
  async *compute(cells, { subject, size, batch, seed }, world, { signal }) {
    const runtime = nativeOf(world.runtime);
    const measured = measuredOf(subject, { size, seed }, world);
    let deviations: Deviations | null = null;
    try {
      for (const repeated of groupedBy(cells, ({ ask }) => ask.repetition)) {
        await nextFrame();
        if (signal.aborted) return;
        const { repetition } = repeated[0]?.ask ?? { repetition: 0 };
        const network = measured.build(repetition);
        if (!deviations) {
          checkMemory(network, batch);
          const slopes = [...new Set(cells.map(({ ask }) => ask.slope))];
          deviations = compileDeviations({ network, slopes, batch }, runtime);
        }
        deviations.feed(
          network,
          await batchOf(network, { batch, seed, repetition }, world, null),
        );
        const nodes = batchNormsOf(network);
        for (const { key, ask } of repeated) {
          await nextFrame();
          if (signal.aborted) return;
          const found = deviations.measure(ask.slope);
          yield { kind: "work", work: 1 };
          yield {
            kind: "row",
            key,
            row: {
              ...ask,
              subject,
              network: measured.name,
              images: world.images ? "folder" : "noise",
              deviation: mean(found.map(({ deviation }) => deviation)),
              within: mean(found.map(({ within }) => within)),
              layers: found.map((layer, i) => ({
                node: nodes[i]?.name ?? "",
                ...layer,
              })),
            },
          };
        }
      }
    } finally {
      deviations?.dispose();
    }
  },
  summarize: (settings, rows) =>
    summarizeDeviations(settings, [...rows.values()]),
});
