import { nextFrame } from "@tensorflow/tfjs-core";
import type { Method } from "../../../shared/domain";
import type { LabRow } from "../../../shared/lab";
import {
  gradientMagnitude as spec,
  type Subject,
} from "../../../shared/lab/gradient-magnitude";
import { cellKey, defineExperiment } from "../experiment";
import { groupedBy } from "../grouped";
import { batchOf } from "../training-pass/batch";
import { firstConvolution } from "./first-convolution";
import { compileMagnitudes, type Magnitudes } from "./magnitudes";
import { measuredOf } from "../training-pass/subjects";
import { summarizeMagnitudes } from "./summary";
import { checkMemory, nativeOf } from "../training-pass/training-pass";

interface Ask {
  readonly subject: Subject;
  readonly repetition: number;
  readonly method: LabRow<"gradient-magnitude">["method"];
  /** 0 for ReLU. */
  readonly slope: number;
}

export const gradientMagnitude = defineExperiment<typeof spec, Ask>({
  spec,
  plan({ subjects, methods, slopes, repetitions, size, batch, seed }, world) {
    const asked = [
      { method: "relu" as const, slope: 0 },
      ...methods.flatMap((method) =>
        slopes.map((slope) => ({ method, slope })),
      ),
    ];
    return subjects.flatMap((subject) => {
      const { labelOf } = measuredOf(subject, { size, seed }, world);
      return Array.from({ length: repetitions }, (_, repetition) =>
        asked.map((one) => ({
          key: cellKey({
            subject,
            repetition,
            ...one,
            batch,
            seed,
            images: world.images?.id ?? null,
            // the open network has a size and names of its own
            ...(subject === "open" ? { labelOf } : { size }),
          }),
          work: 1,
          ask: { subject, repetition, ...one },
        })),
      ).flat();
    });
  },
  async *compute(cells, { size, batch, seed }, world, { signal }) {
    const runtime = nativeOf(world.runtime);
    for (const own of groupedBy(cells, ({ ask }) => ask.subject)) {
      const [first] = own;
      if (!first) continue;
      const measured = measuredOf(first.ask.subject, { size, seed }, world);
      let magnitudes: Magnitudes | null = null;
      try {
        for (const repeated of groupedBy(own, ({ ask }) => ask.repetition)) {
          await nextFrame();
          if (signal.aborted) return;
          const { repetition } = repeated[0]?.ask ?? first.ask;
          const network = measured.build(repetition);
          const node = firstConvolution(network);
          if (!magnitudes) {
            checkMemory(network, batch);
            const methods = distinct(own.map(({ ask }) => methodOf(ask)));
            magnitudes = compileMagnitudes(
              { network, node, methods, batch },
              runtime,
            );
          }
          const fed = await batchOf(
            network,
            { batch, seed, repetition },
            world,
            measured.labelOf,
          );
          magnitudes.feed(network, fed);
          for (const { key, ask } of repeated) {
            await nextFrame();
            if (signal.aborted) return;
            const row = {
              ...ask,
              network: measured.name,
              batchNorm: measured.batchNorm,
              ...magnitudes.measure(methodOf(ask)),
              node,
              images: world.images ? ("folder" as const) : ("noise" as const),
              labels: fed.labelsFrom,
            };
            yield { kind: "work", work: 1 };
            yield { kind: "row", key, row };
          }
        }
      } finally {
        magnitudes?.dispose();
      }
    }
  },
  summarize: (settings, rows) =>
    summarizeMagnitudes(settings, [...rows.values()]),
});

function methodOf({ method, slope }: Ask): Method {
  return method === "relu" ? { kind: "relu" } : { kind: method, slope };
}

function distinct(methods: readonly Method[]): Method[] {
  return [
    ...new Map(
      methods.map((method) => [JSON.stringify(method), method]),
    ).values(),
  ];
}
