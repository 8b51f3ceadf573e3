/** Appendix 11.3: mean and variance of a leaky rectifier on Gaussian input. */
import { describe, expect, it } from "vitest";
import { moments } from "../../../src/engine/experiments/moments";
import { rectifiedMoments } from "../../../src/engine/experiments/moments/moments";
import { randomStream } from "../../../src/engine/random";
import { runExperiment } from "../../support/run-experiment";

const table = [
  [0, 0.39894, 0.34085],
  [0.01, 0.39495, 0.34406],
  [0.1, 0.35905, 0.37608],
  [0.2, 0.31915, 0.41814],
  [0.3, 0.27926, 0.46701],
  [0.5, 0.19947, 0.58521],
  [0.8, 0.07979, 0.81363],
  [1, 0, 1],
] as const;

describe("the closed form", () => {
  it.each(table)("at slope %d is %d and %d", (slope, mean, variance) => {
    const found = rectifiedMoments(slope, 1);
    expect(found.mean).toBeCloseTo(mean, 5);
    expect(found.variance).toBeCloseTo(variance, 5);
    const wide = rectifiedMoments(slope, 2.5);
    expect(wide.mean).toBeCloseTo(2.5 * found.mean, 12);
    expect(wide.variance).toBeCloseTo(6.25 * found.variance, 12);
  });

  it("is the integral over the Gaussian", () => {
    const [slope, sigma] = [0.35, 1.7];
    const width = 1e-3;
    let [mean, square] = [0, 0];
    for (let z = -9 + width / 2; z < 9; z += width) {
      const weight = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * width;
      const y = sigma * (z > 0 ? z : slope * z);
      mean += weight * y;
      square += weight * y * y;
    }
    const found = rectifiedMoments(slope, sigma);
    expect(found.mean).toBeCloseTo(mean, 6);
    expect(found.variance).toBeCloseTo(square - mean ** 2, 6);
  });
});

describe("sampling", () => {
  const samples = 40_000;

  it.each([1, 2, 3, 4, 5])(
    "is within four standard errors of it, from seed %d",
    async (seed) => {
      const { rows, work } = await runExperiment(moments, { seed, samples });
      expect(rows).toHaveLength(table.length);
      expect(work).toBe(samples * table.length);
      for (const {
        slope,
        mean,
        variance,
        sampledMean,
        sampledVariance,
      } of rows) {
        const error = Math.sqrt(variance / samples);
        expect(Math.abs(sampledMean - mean)).toBeLessThan(4 * error);
        // Var(s^2) = (m4 - m2^2) / n, with the fourth central moment by its definition
        const spread = Math.sqrt(
          (fourth(slope, mean) - variance ** 2) / samples,
        );
        expect(Math.abs(sampledVariance - variance)).toBeLessThan(4 * spread);
      }
    },
  );

  /** E(Y - m)^4 from the raw moments of Y: E Y^k = E|Z|^k (1 + (-s)^k) / 2. */
  function fourth(slope: number, mean: number): number {
    const half = [1, Math.sqrt(2 / Math.PI), 1, 2 * Math.sqrt(2 / Math.PI), 3];
    const raw = half.map((of, k) => (of * (1 + (-slope) ** k)) / 2);
    const [, m1 = 0, m2 = 0, m3 = 0, m4 = 0] = raw;
    expect(m1).toBeCloseTo(mean, 12);
    return m4 - 4 * mean * m3 + 6 * mean ** 2 * m2 - 3 * mean ** 4;
  }

  it("stops when it is told to, without a row", async () => {
    const abort = new AbortController();
    const { rows } = await runExperiment(
      moments,
      { samples: 2_000_000 },
      {
        signal: abort.signal,
        seen: ({ kind }) => {
          if (kind === "work") abort.abort();
        },
      },
    );
    expect(rows).toEqual([]);
  });
});

it("draws seeds whose means and variances scatter as they should", () => {
  const [seeds, draws] = [1000, 1000];
  let [means, variances] = [0, 0];
  for (let seed = 0; seed < seeds; seed++) {
    const random = randomStream(seed);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < draws; i++) {
      const z = random.normal();
      sum += z;
      squares += z * z;
    }
    means += sum ** 2 / draws;
    variances += (squares / draws - 1) ** 2 * (draws / 2);
  }
  // chi-square with 1000 degrees of freedom: 1000 and a deviation of 45
  expect(Math.abs(means - seeds)).toBeLessThan(4 * Math.sqrt(2 * seeds));
  expect(Math.abs(variances - seeds)).toBeLessThan(4 * Math.sqrt(2 * seeds));
});
