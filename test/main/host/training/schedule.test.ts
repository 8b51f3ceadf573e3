import { expect, it } from "vitest";
import { learningRateAt } from "../../../../src/main/host/training/schedule";

const plan = {
  epochs: 6,
  learningRate: 0.8,
  warmUpEpochs: 2,
  schedule: "cosine",
} as const;

it("rises linearly, then falls as half a cosine towards 0", () => {
  const rates = Array.from({ length: 12 }, (_, i) =>
    learningRateAt(i, 2, plan),
  );
  // 4 steps of warm-up, then cos(pi k / 8) for k = 0 ... 7
  const expected = [
    0.2, 0.4, 0.6, 0.8, 0.8, 0.769552, 0.682843, 0.553073, 0.4, 0.246927,
    0.117157, 0.030448,
  ];
  for (const [i, rate] of expected.entries())
    expect(rates[i]).toBeCloseTo(rate, 6);
});

it("stays where it is with a constant schedule, and warms up over parts of epochs", () => {
  const constant = { ...plan, schedule: "constant" } as const;
  expect(learningRateAt(4, 2, constant)).toBe(0.8);
  expect(learningRateAt(11, 2, constant)).toBe(0.8);
  const short = { ...plan, warmUpEpochs: 0.3 };
  expect([0, 1, 2, 3].map((i) => learningRateAt(i, 10, short))).toEqual([
    0.8 / 3,
    1.6 / 3,
    (0.8 * 3) / 3,
    0.8,
  ]);
  expect(learningRateAt(0, 10, { ...plan, warmUpEpochs: 0 })).toBe(0.8);
});
