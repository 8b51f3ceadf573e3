import type { LabRow, LabSettings, LabSummary } from "../../../shared/lab";
import { deviation, mean } from "../../../shared/statistics";

/** Means over repetitions, slope by slope; slopes without a row are left out. */
export function summarizeDeviations(
  { slopes }: Pick<LabSettings<"batch-norm-inputs">, "slopes">,
  rows: readonly LabRow<"batch-norm-inputs">[],
): LabSummary<"batch-norm-inputs"> {
  return {
    slopes: slopes.flatMap((slope) => {
      const own = rows.filter((row) => row.slope === slope);
      const [first] = own;
      if (!first) return [];
      const each = own.map((row) => row.deviation);
      return {
        slope,
        network: first.network,
        images: first.images,
        repetitions: own.length,
        deviation: mean(each),
        within: mean(own.map((row) => row.within)),
        spread: own.length > 1 ? deviation(each) : null,
        layers: first.layers.map(({ node }, i) => ({
          node,
          deviation: mean(own.map(({ layers }) => layers[i]?.deviation ?? 0)),
          within: mean(own.map(({ layers }) => layers[i]?.within ?? 0)),
        })),
      };
    }),
  };
}
