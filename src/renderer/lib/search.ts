/** A class that fits what was typed, with the parts of its label to highlight. */
export interface Match {
  readonly index: number;
  /** [start, end) in the label, ascending, not overlapping. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** Lower case, no accents, separators as spaces; the same length as `text`, so that ranges carry over. */
export function fold(text: string): string {
  let out = "";
  for (const character of text) {
    const plain = character
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .toLowerCase();
    const one = plain.length === character.length ? plain : character;
    out += /[_\-/.,;]/.test(one) ? " " : one;
  }
  return out;
}

/** Folds the labels once, so that a key press costs one pass over short strings. */
export class LabelIndex {
  readonly #folded: readonly string[];

  constructor(labels: readonly string[]) {
    this.#folded = labels.map(fold);
  }

  /**
   * Classes that hold every word of `query`, best first; ids count when the query is a number.
   * Order: the id itself, the whole label, its beginning, a word's beginning, anywhere; then shorter labels, then ids.
   * An empty query gives every class in the order of the ids.
   */
  search(query: string): Match[] {
    const words = fold(query).trim().split(/\s+/).filter(Boolean);
    if (words.length === 0)
      return this.#folded.map((_, index) => ({ index, ranges: [] }));
    const id = words.length === 1 ? (words[0] ?? "") : "";
    const isId = /^\d+$/.test(id);
    const found: { match: Match; rank: number; length: number }[] = [];
    this.#folded.forEach((label, index) => {
      const byLabel = rankLabel(label, words);
      const byId = isId ? rankId(String(index), id) : null;
      if (byLabel === null && byId === null) return;
      found.push({
        match: { index, ranges: byLabel?.ranges ?? [] },
        rank: Math.min(byLabel?.rank ?? Infinity, byId ?? Infinity),
        length: label.length,
      });
    });
    found.sort(
      (a, b) =>
        a.rank - b.rank || a.length - b.length || a.match.index - b.match.index,
    );
    return found.map((f) => f.match);
  }

  /** The class with exactly this label, separators and case aside. */
  find(label: string): number | null {
    const wanted = fold(label).trim();
    const index = this.#folded.findIndex((l) => l.trim() === wanted);
    return index < 0 ? null : index;
  }
}

function rankId(id: string, query: string): number | null {
  if (id === query) return 0;
  return id.startsWith(query) ? 2.5 : null;
}

function rankLabel(
  label: string,
  words: readonly string[],
): { rank: number; ranges: [number, number][] } | null {
  const ranges: [number, number][] = [];
  let rank = 0;
  for (const word of words) {
    const place = placeOf(label, word);
    if (place === null) return null;
    rank = Math.max(rank, place.rank);
    ranges.push([place.at, place.at + word.length]);
  }
  if (label.trim() === words.join(" ")) rank = 1;
  return { rank, ranges: merge(ranges) };
}

/** Where a word sits best: at the label's beginning (2), at a word's (3), anywhere (4). */
function placeOf(
  label: string,
  word: string,
): { at: number; rank: number } | null {
  if (label.startsWith(word)) return { at: 0, rank: 2 };
  const inner = label.indexOf(` ${word}`);
  if (inner >= 0) return { at: inner + 1, rank: 3 };
  const at = label.indexOf(word);
  return at < 0 ? null : { at, rank: 4 };
}

function merge(ranges: [number, number][]): [number, number][] {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
  const out: [number, number][] = [];
  for (const range of sorted) {
    const last = out.at(-1);
    if (last && range[0] <= last[1]) last[1] = Math.max(last[1], range[1]);
    else out.push(range);
  }
  return out;
}

/** Cuts a label into plain and highlighted pieces. */
export function pieces(
  label: string,
  ranges: Match["ranges"],
): { text: string; hit: boolean }[] {
  const out: { text: string; hit: boolean }[] = [];
  let at = 0;
  for (const [start, end] of ranges) {
    if (start > at) out.push({ text: label.slice(at, start), hit: false });
    out.push({ text: label.slice(start, end), hit: true });
    at = end;
  }
  if (at < label.length) out.push({ text: label.slice(at), hit: false });
  return out;
}
