/** Numbers as people type them: a comma for the point, a true minus, spaces between thousands. Null: not a number. */
export function readNumber(text: string): number | null {
  const plain = text
    .trim()
    .replace(/[\s\u00a0\u202f]/g, "")
    .replace("−", "-")
    .replace(",", ".");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  return Number.isFinite(value) ? value : null;
}

/** The next number of a stepped field: on the grid of `by`, inside the range, free of binary dust. */
export function stepped(
  from: number,
  by: number,
  min: number,
  max: number,
): number {
  const grid = Math.abs(by);
  const place = from / grid;
  const next =
    by > 0 ? Math.floor(place + 1e-9) + 1 : Math.ceil(place - 1e-9) - 1;
  return Math.min(max, Math.max(min, Number((next * grid).toPrecision(12))));
}

/** Place of a value on a logarithmic slider, 0..1. */
export function logPlace(value: number, min: number, max: number): number {
  const place = Math.log(value / min) / Math.log(max / min);
  return Math.min(1, Math.max(0, place));
}

/** The value at a place of a logarithmic slider, two significant figures. */
export function logValue(place: number, min: number, max: number): number {
  return Number((min * (max / min) ** place).toPrecision(2));
}
