import { readNumber } from "./number-entry";

/** "0 .05, 0.1; 1e-3" as numbers; null where something is none. A comma between two digits is a decimal point only in "0,1 0,2". */
export function readNumbers(text: string): number[] | null {
  // With semicolons or spaces between numbers, a comma inside a word is a decimal point; else it separates.
  const separated = /[;\s]/.test(text.trim())
    ? text.split(/[;\s]+|,(?=\s|$)/)
    : text.split(",");
  const numbers: number[] = [];
  for (const word of separated) {
    const bare = word.trim().replace(/^,|,$/g, "");
    if (bare === "") continue;
    const value = readNumber(bare);
    if (value === null) return null;
    numbers.push(value);
  }
  return numbers;
}

/** As they are edited: "0 0.05 0.1"; read again they are the same, but for binary dust. */
export function writeNumbers(values: readonly number[]): string {
  return values.map((value) => Number(value.toPrecision(12))).join(" ");
}
