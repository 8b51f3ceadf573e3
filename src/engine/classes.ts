import type { ClassScore } from "../shared/domain";

/** Softmax in float64, safe for large logits. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The `count` best classes, best first; of equal logits the lower index first. */
export function topClasses(
  logits: ArrayLike<number>,
  labels: readonly string[],
  count: number,
): ClassScore[] {
  const probabilities = softmax(logits);
  return Array.from(logits, (logit, index) => ({ logit, index }))
    .sort((a, b) => b.logit - a.logit || a.index - b.index)
    .slice(0, count)
    .map(({ logit, index }) => ({
      index,
      label: labels[index] ?? `class ${index}`,
      logit,
      probability: probabilities[index] ?? 0,
    }));
}

/** Whether a class is the best one; of equal logits the lower index is. */
export function isTop(logits: Float32Array, index: number): boolean {
  const value = logits[index] ?? -Infinity;
  return logits.every(
    (other, i) => other < value || (other === value && i >= index),
  );
}
