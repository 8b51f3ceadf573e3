import { describe, expect, it } from "vitest";
import {
  add,
  countPlaywright,
  countVitest,
  lastLine,
  one,
} from "../../scripts/test/counts.mjs";

const vitest = {
  numPassedTests: 10,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
};

describe("the last line", () => {
  it("sums what ran", () => {
    const counts = add(countVitest(vitest, 0), add(one.passed, one.failed));
    expect(lastLine(counts)).toBe("11 passed, 1 failed, 3 skipped");
  });
});

describe("vitest's report", () => {
  it("counts a file that could not be loaded", () => {
    const report = {
      ...vitest,
      testResults: [{ status: "failed", assertionResults: [] }],
    };
    expect(countVitest(report, 1).failed).toBe(1);
  });
  it("does not count a failed test twice", () => {
    const report = {
      ...vitest,
      numFailedTests: 1,
      testResults: [
        { status: "failed", assertionResults: [{ status: "failed" }] },
      ],
    };
    expect(countVitest(report, 1).failed).toBe(1);
  });
  it("is a failure when the run failed for something else, or left none", () => {
    expect(countVitest(vitest, 1).failed).toBe(1);
    expect(countVitest(null, 0)).toEqual(one.failed);
  });
});

describe("Playwright's report", () => {
  const stats = { expected: 5, unexpected: 1, flaky: 1, skipped: 2 };
  it("counts what passed only on a second try as failed", () => {
    expect(countPlaywright({ stats }, 1)).toEqual({
      passed: 5,
      failed: 2,
      skipped: 2,
    });
  });
  it("is a failure when the run failed for something else, or left none", () => {
    const fine = { stats: { ...stats, unexpected: 0, flaky: 0 } };
    expect(countPlaywright(fine, 0).failed).toBe(0);
    expect(countPlaywright(fine, 1).failed).toBe(1);
    expect(countPlaywright(null, 0)).toEqual(one.failed);
  });
});
