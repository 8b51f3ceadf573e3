import { oppositePick } from "./pick";
import type { LabelIndex } from "./search";

export interface IdList {
  /** Picks (see pick.ts), each once, in the order of the list. */
  readonly found: readonly number[];
  /** What names no class of this network, as written. */
  readonly unknown: readonly string[];
}

/** No list names more than this; a larger range is a slip of the pen. */
const longest = 10_000;

/** 5, 10-20, and with a minus sign in front. */
const idToken = /^[-−]?\d+(-\d+)?$/;

/** Whether a text is meant as a list rather than as words to search for. */
export function looksLikeList(text: string): boolean {
  const trimmed = text.trim();
  if (/\n/.test(trimmed)) return true;
  const tokens = trimmed.split(/[\s,;]+/).filter(Boolean);
  return tokens.length > 1 && tokens.every((t) => idToken.test(t));
}

/**
 * Reads a list of classes: ids divided by commas, semicolons, spaces or lines, ranges such as 10-20,
 * and labels where a line or a comma-divided part is one. A minus sign in front minimises: -5, -10-20, -lion.
 */
export function parseIdList(
  text: string,
  classes: number,
  labels: LabelIndex,
): IdList {
  const found = new Set<number>();
  const unknown: string[] = [];
  for (const part of text.split(/[\n\r,;\t]+/)) {
    const entry = part.trim().replace(/^["'[]+|["'\]]+$/g, "");
    if (entry === "") continue;
    const minus = /^[-−]\s*(\D.*)$/.exec(entry)?.[1];
    const byLabel = /^\d+$/.test(entry) ? null : labels.find(minus ?? entry);
    if (byLabel !== null) {
      found.add(minus === undefined ? byLabel : oppositePick(byLabel));
      continue;
    }
    const words = entry.split(/\s+/);
    // A part of several words that are not all numbers is one unknown label, not many.
    const numbers = words.every((w) => idToken.test(w));
    for (const word of numbers ? words : [entry]) {
      const ids = readIds(word, classes);
      if (ids === null) unknown.push(word);
      else for (const id of ids) found.add(id);
    }
  }
  return { found: [...found], unknown };
}

function readIds(word: string, classes: number): number[] | null {
  const range = /^([-−]?)(\d{1,7})(?:-(\d{1,7}))?$/.exec(word);
  if (!range) return null;
  const first = Number(range[2]);
  const last = range[3] === undefined ? first : Number(range[3]);
  if (last < first || last >= classes || last - first >= longest) return null;
  return Array.from({ length: last - first + 1 }, (_, i) =>
    range[1] === "" ? first + i : oppositePick(first + i),
  );
}
