/** Assumptions about a network as words and as plain values. */
import type { Assumption, AssumptionValues } from "./domain";

/** A warning for each assumption that neither a file nor the user confirms: "stem-stride=2: a stride of 2 is assumed." */
export function assumptionWarnings(
  assumptions: readonly Assumption[],
): string[] {
  return assumptions
    .filter(({ from }) => from === "assumed" || from === "evidence")
    .map(({ key, value, because }) =>
      `${key}=${value}: ${because || "assumed."}`.slice(0, 1000),
    );
}

/** Every key with the value in use, the keys in alphabetical order. */
export function valuesInUse(
  assumptions: readonly Assumption[],
): AssumptionValues {
  return Object.fromEntries(
    assumptions
      .map(({ key, value }) => [key, value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
