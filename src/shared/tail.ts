import type { Tail } from "./domain";

const fewest = 10;

/**
 * Mean and standard deviation (n - 1) over the last tenth of the steps, at least ten of them.
 * `trace[k]` is the score after k updates; trace[0] is the start image's and no step. Null: fewer than ten steps.
 */
export function tailOf(trace: readonly number[]): Tail | null {
  const steps = trace.length - 1;
  if (steps < fewest) return null;
  const count = Math.max(fewest, Math.ceil(steps / 10));
  const last = trace.slice(-count);
  const mean = last.reduce((a, b) => a + b, 0) / count;
  const squares = last.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (count - 1)), steps: count };
}
