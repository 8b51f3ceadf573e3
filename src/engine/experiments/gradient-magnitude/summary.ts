import type { LabRow, LabSettings, LabSummary } from "../../../shared/lab";
import { deviation, mean } from "../../../shared/statistics";
import { rectifiedMoments } from "../moments/moments";

type Row = LabRow<"gradient-magnitude">;
type Summary = LabSummary<"gradient-magnitude">;

/** Means over repetitions, each method beside ReLU in the same ones. */
export function summarizeMagnitudes(
  {
    subjects,
    methods,
    slopes,
  }: Pick<LabSettings<"gradient-magnitude">, "subjects" | "methods" | "slopes">,
  rows: readonly Row[],
): Summary {
  const cells = subjects.flatMap((subject) => {
    const own = rows.filter((row) => row.subject === subject);
    const relu = new Map(
      own
        .filter(({ method }) => method === "relu")
        .map((row) => [row.repetition, row.meanAbs]),
    );
    return methods.flatMap((method) =>
      slopes.flatMap((slope) => {
        const pairs = own.flatMap((row) => {
          const reference = relu.get(row.repetition);
          return row.method === method &&
            row.slope === slope &&
            reference !== undefined
            ? [{ row, reference }]
            : [];
        });
        const [first] = pairs;
        if (!first) return [];
        const { network, batchNorm, node, images, labels } = first.row;
        const meanAbs = mean(pairs.map(({ row }) => row.meanAbs));
        const reference = mean(pairs.map(({ reference }) => reference));
        return {
          subject,
          network,
          batchNorm,
          method,
          slope,
          repetitions: pairs.length,
          meanAbs,
          relu: reference,
          ratio: reference > 0 ? meanAbs / reference : null,
          spread:
            pairs.length > 1 && pairs.every(({ reference }) => reference > 0)
              ? deviation(
                  pairs.map(({ row, reference }) => row.meanAbs / reference),
                )
              : null,
          factor: varianceFactor(method, slope, batchNorm),
          node,
          images,
          labels,
        };
      }),
    );
  });
  const chains = subjects.flatMap((subject) =>
    methods.flatMap((method) => {
      const own = cells.filter(
        (cell) => cell.subject === subject && cell.method === method,
      );
      const depth = chainDepth(own);
      return depth === null ? [] : { subject, method, depth };
    }),
  );
  return { cells, chains };
}

/**
 * What one rectifier makes of the gradient's variance, divided by what ReLU makes of it, for Gaussian activations.
 * Half of them are positive, so the gradient is multiplied by (1 + slope^2) / 2. A Leaky network's batch norm then
 * divides by the variance of what the rectifier before gave, which rises with the slope; ProxyGrad's forward pass is
 * ReLU's. Linse, Barth, Martinetz 2024, appendix 11.3.
 */
export function varianceFactor(
  method: "leaky" | "proxygrad",
  slope: number,
  batchNorm: boolean,
): number {
  const rectifier = 1 + slope ** 2;
  if (!batchNorm || method === "proxygrad") return rectifier;
  return (
    (rectifier * rectifiedMoments(0, 1).variance) /
    rectifiedMoments(slope, 1).variance
  );
}

/** The k that fits ratio = factor^(k / 2) best, by least squares of logarithms; null where nothing is to be fitted. */
export function chainDepth(
  cells: readonly { readonly factor: number; readonly ratio: number | null }[],
): number | null {
  let product = 0;
  let squares = 0;
  for (const { factor, ratio } of cells) {
    if (ratio === null || ratio <= 0) continue;
    const half = Math.log(factor) / 2;
    product += half * Math.log(ratio);
    squares += half ** 2;
  }
  return squares > 0 ? product / squares : null;
}
