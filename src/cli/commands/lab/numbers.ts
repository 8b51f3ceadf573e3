import { readNumber, splitList, type NumberRange } from "../../arguments";

/** Numbers separated by commas, each within the range. */
export function readNumbers(
  flag: string,
  text: string | undefined,
  range: NumberRange,
): number[] {
  return splitList(flag, text ?? "").map((one) =>
    readNumber(flag, one, range, NaN),
  );
}
