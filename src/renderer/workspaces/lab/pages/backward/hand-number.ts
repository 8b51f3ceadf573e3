import { formatNumber } from "../../../../lib/format";

/** As one would write it by hand: float32 has seven digits, and the last one is its rounding. */
export function handNumber(value: number): string {
  return formatNumber(value).replace("-", "−");
}
