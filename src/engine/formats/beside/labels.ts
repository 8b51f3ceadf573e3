/** Names of classes as files beside a network have them. */
import { limits } from "../../../shared/domain";
import { isObject } from "../json";

export const mostLabels = 1_000_000;

/** A list of names; null where it is none. */
export function listedLabels(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length > mostLabels) return null;
  const names: unknown[] = value;
  return names.length > 0 && names.every((name) => typeof name === "string")
    ? names.map(cut)
    : null;
}

/** Names by class index, { "0": "tench", ... } in any order; null where they do not count the classes from 0 on. */
export function indexedLabels(value: unknown): string[] | null {
  if (!isObject(value)) return null;
  return placed(
    Object.entries(value).map(([index, name]) => [index, name] as const),
  );
}

/** Class indices by name, { "tench": 0, ... }. */
export function namedIndices(value: unknown): string[] | null {
  if (!isObject(value)) return null;
  return placed(
    Object.entries(value).map(
      ([name, index]) => [String(index), name] as const,
    ),
  );
}

/** "0 tench", one a line in any order; null where the numbers do not count the classes from 0 on. */
export function numberedLines(text: string): string[] | null {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== "");
  if (lines.length > mostLabels) return null;
  return placed(
    lines.map((line) => {
      const [, index = "", name = ""] =
        /^\s*(\d{1,7})\s+(\S.*)$/.exec(line) ?? [];
      return [index, name.trim()] as const;
    }),
  );
}

/** Names in the order of their indices, each of which is there once. */
function placed(
  entries: readonly (readonly [index: string, name: unknown])[],
): string[] | null {
  const count = entries.length;
  if (count === 0 || count > mostLabels) return null;
  const labels = new Map<number, string>();
  for (const [key, name] of entries) {
    const index = /^\d{1,7}$/.test(key) ? Number(key) : -1;
    if (index < 0 || index >= count || typeof name !== "string") return null;
    labels.set(index, cut(name));
  }
  if (labels.size !== count) return null;
  return Array.from({ length: count }, (_, index) => labels.get(index) ?? "");
}

/** Whether the names only count: transformers writes LABEL_0, LABEL_1, ... where nobody gave any. */
export function onlyCount(labels: readonly string[]): boolean {
  return labels.every((label, index) => label === `LABEL_${index}`);
}

function cut(name: string): string {
  return name.trim().slice(0, limits.text);
}
