import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { throttled } from "../../../src/main/host/throttled";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("makes ten calls a second at most, and the last one always", () => {
  const seen: [number, number][] = [];
  const began = performance.now();
  const report = throttled((value: number) => {
    seen.push([value, performance.now() - began]);
  });
  for (let i = 0; i < 100; i++) {
    report(i);
    vi.advanceTimersByTime(9);
  }
  vi.advanceTimersByTime(1000);
  expect(seen[0]).toEqual([0, 0]);
  expect(seen.at(-1)?.[0]).toBe(99);
  expect(seen.length).toBeGreaterThan(8);
  for (const [i, [, time]] of seen.entries())
    if (i > 0)
      expect(time - (seen[i - 1]?.[1] ?? 0)).toBeGreaterThanOrEqual(100);
  // one that comes in time is made at once, and not again
  report(200);
  expect(seen.at(-1)?.[0]).toBe(200);
  const { length } = seen;
  vi.advanceTimersByTime(1000);
  expect(seen).toHaveLength(length);
});
