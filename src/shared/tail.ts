import type { Tail } from "./domain";

/** Fewer steps than this have no mean. */
export const fewestSteps = 10;

/** How many scores count after `step` updates: the last tenth, at least ten. */
export function tailSteps(step: number): number {
  return Math.max(fewestSteps, Math.ceil(step / 10));
}

/**
 * Mean and standard deviation (n - 1) over the last tenth of the steps up to `step`, at least ten of them.
 * `trace[k]` is the score after k updates; trace[0] is the start image's and no step. Past its end the trace's last
 * score holds, as that of a silent image does. Null: fewer than ten steps, or no score.
 */
export function tailOf(
  trace: readonly number[],
  step = trace.length - 1,
): Tail | null {
  const end = trace.at(-1);
  if (step < fewestSteps || end === undefined) return null;
  const count = tailSteps(step);
  const last = Array.from(
    { length: count },
    (_, i) => trace[step - count + 1 + i] ?? end,
  );
  const mean = last.reduce((a, b) => a + b, 0) / count;
  const squares = last.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (count - 1)), steps: count };
}
