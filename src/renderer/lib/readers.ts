/** Reads a remembered value back; null where it is not what this version writes. */
export type Reader<T> = (value: unknown) => T | null;

/** A schema of the contract as a reader. */
export function bySchema<T>(schema: {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}): Reader<T> {
  return (value) => {
    const parsed = schema.safeParse(value);
    return parsed.success ? parsed.data : null;
  };
}

export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function flag(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

export function numberIn(low: number, high: number): Reader<number> {
  return (value) =>
    typeof value === "number" && value >= low && value <= high ? value : null;
}

export function oneOf<T extends string>(...words: readonly T[]): Reader<T> {
  return (value) => words.find((word) => word === value) ?? null;
}

/** Keeps the entries that read, drops the others. */
export function listOf<T>(entry: Reader<T>): Reader<T[]> {
  return (value) => {
    if (!Array.isArray(value)) return null;
    const out: T[] = [];
    for (const item of value) {
      const read = entry(item);
      if (read !== null) out.push(read);
    }
    return out;
  };
}

export function either<A, B>(a: Reader<A>, b: Reader<B>): Reader<A | B> {
  return (value) => a(value) ?? b(value);
}

/** An object read field by field; null where one of them does not read. */
export function fields<T extends object>(readers: {
  readonly [K in keyof T]: Reader<T[K]>;
}): Reader<T> {
  return (value) => {
    if (typeof value !== "object" || value === null) return null;
    const entries = new Map<string, unknown>(Object.entries(value));
    const out: Partial<T> = {};
    for (const key in readers) {
      const read = readers[key](entries.get(key));
      if (read === null) return null;
      out[key] = read;
    }
    // Every key of T has been read above, or the function has returned.
    return out as T;
  };
}
