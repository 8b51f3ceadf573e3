import type { ClassScore, Head, Target } from "../shared/domain";
import { hasProbability, hasTop1, unitWords } from "../shared/head";

/** Softmax in float64, safe for large logits. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** 1 / (1 + exp(-logit)) in float64, without overflow. */
export function sigmoid(logit: number): number {
  const power = Math.exp(-Math.abs(logit));
  return (logit >= 0 ? 1 : power) / (1 + power);
}

/** The probability of each output value; null where the head has none. */
export function probabilitiesOf(
  logits: ArrayLike<number>,
  head: Head,
): Float64Array | null {
  if (!hasProbability(head)) return null;
  return head === "softmax"
    ? softmax(logits)
    : Float64Array.from(logits, sigmoid);
}

/** The `count` largest output values, the largest first; of equal ones the lower index first. */
export function topClasses(
  logits: ArrayLike<number>,
  labels: readonly string[],
  count: number,
  head: Head,
): ClassScore[] {
  const probabilities = probabilitiesOf(logits, head);
  return Array.from(logits, (logit, index) => ({ logit, index }))
    .sort((a, b) => b.logit - a.logit || a.index - b.index)
    .slice(0, count)
    .map(({ logit, index }) => ({
      index,
      label: labels[index] ?? `${unitWords(head)[0]} ${index}`,
      logit,
      probability: probabilities?.[index] ?? null,
    }));
}

/** Whether a class is the best one; of equal logits the lower index is. */
function isTop(logits: Float32Array, index: number): boolean {
  const value = logits[index] ?? -Infinity;
  return logits.every(
    (other, i) => other < value || (other === value && i >= index),
  );
}

/** Whether a target is the network's first choice; null where there is none, and for a target that is minimised. */
export function top1Of(
  logits: Float32Array,
  target: Target,
  head: Head,
): boolean | null {
  if (!hasTop1(head) || target.minimise) return null;
  return isTop(logits, target.index);
}
