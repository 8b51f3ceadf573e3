import type { LabelIndex } from "./search";

/**
 * The eight classes of Linse, Barth, Martinetz (IJCNN 2024), each with the spellings label lists use.
 * ImageNet's ids: 144, 291, 409, 415, 463, 735, 736, 943.
 */
const paperClasses: readonly (readonly string[])[] = [
  ["pelican"],
  ["lion"],
  ["analog clock"],
  ["bakery"],
  ["bucket"],
  ["poncho"],
  ["pool table", "billiard table"],
  ["cucumber"],
];

/** Chosen for the first start because their pictures are easy to read. */
const showClasses = [
  "dalmatian",
  "sunflower",
  "watch",
  "leopards",
  "butterfly",
  "motorbikes",
  "pizza",
  "flamingo",
];

/** Labels may list synonyms: "king of beasts, lion, Panthera leo". */
function findAny(
  labels: readonly string[],
  index: LabelIndex,
  names: readonly string[],
): number | null {
  for (const name of names) {
    const whole = index.find(name);
    if (whole !== null) return whole;
  }
  for (const name of names) {
    const at = labels.findIndex((label) =>
      label
        .toLowerCase()
        .split(/,\s*/)
        .some((part) => part.replaceAll("_", " ") === name),
    );
    if (at >= 0) return at;
  }
  return null;
}

/** The paper's eight classes in this network; null where one of them is missing. */
export function paperEight(
  labels: readonly string[],
  index: LabelIndex,
): number[] | null {
  const found = paperClasses.map((names) => findAny(labels, index, names));
  const present = found.filter((i): i is number => i !== null);
  return present.length === found.length ? present : null;
}

/** Eight classes to begin with: known to look good where the labels hold them, else spread evenly. */
export function firstPicks(
  labels: readonly string[],
  index: LabelIndex,
  classes: number,
): number[] {
  const shown = showClasses
    .map((name) => index.find(name))
    .filter((i): i is number => i !== null);
  if (shown.length === showClasses.length) return shown;
  const paper = paperEight(labels, index);
  if (paper) return paper;
  const count = Math.min(8, classes);
  return Array.from({ length: count }, (_, i) =>
    Math.floor(((i + 0.5) * classes) / count),
  );
}

/** `count` different classes out of `classes`, each equally likely; `random` gives numbers in [0, 1). */
export function randomClasses(
  count: number,
  classes: number,
  random: () => number,
): number[] {
  // Floyd's sampling: no array as long as the list of classes.
  const chosen = new Set<number>();
  const wanted = Math.min(count, classes);
  for (let top = classes - wanted; top < classes; top++) {
    const draw = Math.min(top, Math.floor(random() * (top + 1)));
    chosen.add(chosen.has(draw) ? top : draw);
  }
  return [...chosen].toSorted((a, b) => a - b);
}
