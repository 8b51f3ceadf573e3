import { readNumber } from "../../arguments";
import { readNumbers } from "./numbers";
import { labCommand } from "./front";

export const moments = labCommand({
  name: "moments",
  experiment: "moments",
  synopsis: "[--slope 0.3] [--sigma 1] [--samples 1000000] [--seed 1]",
  summary:
    "Mean and variance of a leaky rectifier on Gaussian input: closed form beside sampling.",
  positionals: { min: 0, max: 0 },
  flags: {
    slope: { value: "S,...", help: "slopes, separated by commas" },
    sigma: { value: "1", help: "standard deviation of the input" },
    samples: { value: "1000000", help: "how many draws" },
    seed: { value: "1", help: "seed of the draws" },
  },
  settings: (values) => ({
    ...(values.has("slope") && {
      slopes: readNumbers("--slope", values.one("slope"), { min: 0, max: 1 }),
    }),
    sigma: readNumber(
      "--sigma",
      values.one("sigma"),
      { min: 0, above: true, max: 1e6 },
      1,
    ),
    samples: readNumber(
      "--samples",
      values.one("samples"),
      { min: 2, max: 100_000_000, whole: true },
      1_000_000,
    ),
    seed: readNumber(
      "--seed",
      values.one("seed"),
      { min: 0, max: 0xffffffff, whole: true },
      1,
    ),
  }),
  lines: (rows) => rows,
  table: (rows) => [
    "slope   mean      sampled   variance  sampled",
    ...rows.map(({ slope, mean, sampledMean, variance, sampledVariance }) =>
      [
        String(slope).padEnd(6),
        ...[mean, sampledMean, variance, sampledVariance].map((value) =>
          value.toFixed(5).padStart(8),
        ),
      ].join("  "),
    ),
  ],
});
