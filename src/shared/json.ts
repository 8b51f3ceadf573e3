/** Undefined, which no schema takes for a message, for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    // JSON.parse gives any; unknown is what it is.
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** JSON has no undefined: it becomes null. */
export function toJson(value: unknown): string {
  // The library's types leave out that undefined gives undefined.
  const text: string | undefined = JSON.stringify(value);
  return text ?? "null";
}
