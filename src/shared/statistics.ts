/** NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Sample standard deviation, n - 1 in the denominator; NaN of fewer than two. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, v) => sum + (v - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** {@link mean}, null of nothing. */
export function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values);
}

/** {@link deviation}, null of fewer than two. */
export function deviationOf(values: readonly number[]): number | null {
  return values.length < 2 ? null : deviation(values);
}
