/** What the toys' page says of numbers. */
import { describe, expect, it } from "vitest";
import { toy, toyStep } from "../../src/shared/lab/toy";
import {
  againstThreshold,
  optimumText,
  thresholdText,
  titleSlopes,
  verdict,
} from "../../src/renderer/workspaces/lab/pages/toys/toy-words";

const row = toy.row.parse({
  ...{ toy: "T4", forward: 0, backward: 0.1, film: true, threshold: 0.25 },
  ...{ white: 0.6374, black: 0.3, stuck: 0.34, mean: 0, value: 1, optimum: 2 },
  ...{ step: 0.01, guaranteed: null, proven: true },
  trace: { step: [0], white: [0], black: [0], stuck: [0], value: [0] },
});

it("names a pair of slopes after its method", () => {
  const names = [
    [0, 0],
    [0.1, 0.1],
    [0, 0.2],
    [0.1, 0.2],
  ].map(([forward = 0, backward = 0]) => titleSlopes({ forward, backward }));
  expect(names).toEqual([
    "ReLU",
    "Leaky ReLU 0.1",
    "ProxyGrad 0.2",
    "Slopes 0.1 / 0.2",
  ]);
});

it("says how a run has ended, and on which side of p*", () => {
  expect(verdict(row)).toBe("stuck at 63.7 % white");
  expect(verdict({ ...row, stuck: 0 })).toBe("63.7 % white, rising");
  expect(verdict({ ...row, white: 0.9999 })).toBe("stuck at > 99.9 % white");
  expect(verdict({ ...row, white: 1, stuck: 0 })).toBe("all white");
  const sides = [0, 0.25, 0.2500001].map((backward) =>
    againstThreshold({ ...row, backward }),
  );
  expect(sides).toEqual(["below p*", "at p*", "above p*"]);
});

describe("what is proven", () => {
  const settings = toy.settings.parse({});
  const facts = { threshold: 1 / 6, positive: 24, negative: 4, peak: 28 };

  it("is p* = N / P", () => {
    expect(thresholdText(facts)).toBe("p* = N / P = 4 / 24 = 0.1667.");
    expect(thresholdText({ ...facts, negative: 0, threshold: 0 })).toContain(
      "p* = 0",
    );
  });

  it("is that white is best, where the kernel's response allows it", () => {
    expect(optimumText(settings, facts)).toMatch(/784 is no more than .* = 800 at forward slope 0, .*proven\.$/); // prettier-ignore
    expect(optimumText(settings, { ...facts, peak: 29 })).toMatch(/841 is more than .* = 800 .*may not be the best/); // prettier-ignore
    // the smallest forward slope that is climbed counts
    const leaky = {
      ...settings,
      runs: [{ forward: 0.2, backward: 0.2 }],
      sweepForward: 0.1,
    };
    expect(optimumText(leaky, facts)).toContain("888.889 at forward slope 0.1");
    expect(optimumText({ ...leaky, sweep: [] }, facts)).toContain("= 1000 at");
    const linear = { ...leaky, runs: [{ forward: 1, backward: 1 }], sweep: [] };
    expect(optimumText(linear, facts)).toContain("f is linear");
  });

  it("is for two weights decided by lambda", () => {
    const two = { ...settings, toy: "T3" as const };
    const nothing = { ...facts, peak: null };
    expect(optimumText(two, nothing)).toContain("proven");
    expect(optimumText({ ...two, lambda: 1.5 }, nothing)).toContain("black");
    expect(optimumText({ ...two, toy: "T1" }, nothing)).toContain("proven");
  });
});

it("has each toy's own step unless another is said", () => {
  const at = (said: object) => toyStep(toy.settings.parse(said));
  expect(at({})).toBe(0.01 / 20);
  expect(at({ toy: "T1" })).toBe(0.01);
  expect(at({ toy: "T2" })).toBe(0.01);
  expect(at({ toy: "T3" })).toBe(0.02);
  expect(at({ toy: "T3", step: 0.5 })).toBe(0.5);
  expect(at({ kernel: [-1] })).toBe(0.01);
});
