import { moments as spec } from "../../../shared/lab/moments";
import { cellKey, defineExperiment } from "../experiment";
import { rectifiedMoments, sampledMoments } from "./moments";

export const moments = defineExperiment({
  spec,
  plan: ({ slopes, sigma, samples, seed }) =>
    slopes.map((slope) => ({
      key: cellKey({ slope, sigma, samples, seed }),
      work: samples,
      ask: slope,
    })),
  async *compute(cells, { sigma, samples, seed }, _world, { signal }) {
    for (const { key, ask: slope } of cells) {
      const sampled = yield* sampledMoments(
        { slope, sigma, samples, seed },
        { signal },
      );
      if (!sampled) return;
      yield {
        kind: "row",
        key,
        row: {
          slope,
          ...rectifiedMoments(slope, sigma),
          sampledMean: sampled.mean,
          sampledVariance: sampled.variance,
        },
      };
    }
  },
  summarize: () => ({}),
});
