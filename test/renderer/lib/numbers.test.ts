import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDifference,
  formatNumber,
  formatScore,
  formatScoreDifference,
  formatShare,
  formatSpread,
} from "../../../src/renderer/lib/format";
import {
  logPlace,
  logValue,
  readNumber,
  stepped,
} from "../../../src/renderer/lib/number-entry";

describe("numbers as written", () => {
  it("scores keep their digits and a true minus", () => {
    expect(formatScore(310.84)).toBe("310.8");
    expect(formatScore(9.951)).toBe("9.95");
    expect(formatScore(-1.37)).toBe("−1.37");
    expect(formatScore(12345.6)).toBe("12346");
    expect(formatScore(-0.001)).toBe("0.00");
    expect(formatScore(null)).toBe("–");
    expect(formatScore(NaN)).toBe("–");
  });

  it("scores have their deviation, of as many decimals", () => {
    expect(formatSpread({ value: 29.53, std: 1.849 })).toBe("29.5 ± 1.8");
    expect(formatSpread({ value: -1.371, std: 0.2 })).toBe("−1.37 ± 0.20");
    expect(formatSpread({ value: 29.53, std: null })).toBe("29.5");
    expect(formatSpread(null)).toBe("–");
  });

  it("differences have their uncertainty, in the unit of the difference", () => {
    const of = (score: number, base: number, std: number | null) =>
      formatScoreDifference({
        step: 50,
        score,
        base,
        value: score - base,
        std,
        unclear: false,
      });
    expect(of(30, 20, 2)).toBe("+50 ± 10 %");
    expect(of(20.5, 20, 0.3)).toBe("+2.5 ± 1.5 %");
    expect(of(15, 20, 2)).toBe("−25 ± 10 %");
    expect(of(30, 20, null)).toBe("+50 %");
    expect(of(3, -2, 1.26)).toBe("+5.00 ± 1.26");
    expect(of(-1.999, -2, 0.1)).toBe("0.00 ± 0.10");
    expect(of(20.5, 20, 4)).toBe("+3 ± 20 %");
    expect(of(19.94, 20, 4)).toBe("0 ± 20 %");
    expect(of(5000, 1, 2)).toBe("> 9999 %");
    expect(formatScoreDifference(null)).toBe("–");
  });

  it("those to edit keep six figures, and all of whole ones", () => {
    expect(formatNumber(0.1 + 0.2)).toBe("0.3");
    expect(formatNumber(1 / 3)).toBe("0.333333");
    expect(formatNumber(1_234_567)).toBe("1234567");
    expect(formatNumber(4_294_967_295)).toBe("4294967295");
  });

  it("differences are per cent of a positive base, and plain where there is none", () => {
    expect(formatDifference(310.8, 206)).toBe("+51 %");
    expect(formatDifference(206, 206)).toBe("0 %");
    expect(formatDifference(205.9, 206)).toBe("0 %");
    expect(formatDifference(203, 206)).toBe("−1.5 %");
    expect(formatDifference(6.65, -1.37)).toBe("+8.02");
    expect(formatDifference(3, 0)).toBe("+3.00");
    expect(formatDifference(-3, 0)).toBe("−3.00");
    expect(formatDifference(1e6, 1)).toBe("> 9999 %");
    expect(formatDifference(null, 1)).toBe("–");
  });

  it("shares never round to certainty", () => {
    expect(formatShare(0.97149)).toBe("97.1 %");
    expect(formatShare(0.99999)).toBe("> 99.9 %");
    expect(formatShare(0.00001)).toBe("< 0.1 %");
    expect(formatShare(1)).toBe("100.0 %");
    expect(formatShare(0)).toBe("0.0 %");
  });

  it("times, bytes and counts", () => {
    expect(formatClock(7_400)).toBe("0:07");
    expect(formatClock(3_723_000)).toBe("1:02:03");
    expect(formatBytes(999)).toBe("999 B");
    expect(formatBytes(47_000_000)).toBe("47 MB");
    expect(formatBytes(999_999)).toBe("1.0 MB");
    expect(formatCount(2_830_000)).toBe("2.8 M");
    expect(formatCount(9_999)).toBe("9999");
  });
});

describe("numbers as typed", () => {
  it("reads a comma, a minus sign and thousands", () => {
    expect(readNumber(" 0,5 ")).toBe(0.5);
    expect(readNumber("−3")).toBe(-3);
    expect(readNumber("10 000")).toBe(10_000);
    expect(readNumber("1e3")).toBe(1000);
  });

  it("refuses what is no number", () => {
    for (const text of ["", "abc", "1.2.3", "0x10", "Infinity", "1,2,3", "5px"])
      expect(readNumber(text), text).toBeNull();
  });

  it("steps along the grid without binary dust, inside the range", () => {
    expect(stepped(0.1, 0.05, 0, 1)).toBe(0.15);
    expect(stepped(0.15, -0.05, 0, 1)).toBe(0.1);
    expect(stepped(0.12, 0.05, 0, 1)).toBe(0.15);
    expect(stepped(0.12, -0.05, 0, 1)).toBe(0.1);
    expect(stepped(1, 0.05, 0, 1)).toBe(1);
    expect(stepped(0, -10, 0, 100)).toBe(0);
    expect(stepped(4_294_967_294, 1, 0, 4_294_967_295)).toBe(4_294_967_295);
  });

  it("the slider of step sizes is logarithmic and comes back to its value", () => {
    expect(logPlace(0.5, 0.5, 40)).toBe(0);
    expect(logPlace(40, 0.5, 40)).toBe(1);
    expect(logPlace(1000, 0.5, 40)).toBe(1);
    expect(logValue(logPlace(7, 0.5, 40), 0.5, 40)).toBe(7);
    expect(logPlace(Math.sqrt(0.5 * 40), 0.5, 40)).toBeCloseTo(0.5, 12);
  });
});
