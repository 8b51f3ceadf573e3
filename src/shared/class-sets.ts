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
const showClasses: readonly (readonly string[])[] = [
  ["dalmatian"],
  ["sunflower"],
  ["watch"],
  ["leopards"],
  ["butterfly"],
  ["motorbikes"],
  ["pizza"],
  ["flamingo"],
];

/** A label as it is compared: case, accents and separators aside. */
function plain(label: string): string {
  return label
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[_\-/.,;]/g, " ")
    .trim();
}

/** The class of each list of names, by its whole label or one of its synonyms; null where there is none. */
function findEach(
  labels: readonly string[],
  wanted: readonly (readonly string[])[],
): (number | null)[] {
  const whole = labels.map(plain);
  // labels may list synonyms: "king of beasts, lion, Panthera leo"
  const synonyms = labels.map((label) => label.split(",").map(plain));
  return wanted.map((names) => {
    for (const name of names) {
      const at = whole.indexOf(name);
      if (at >= 0) return at;
    }
    for (const name of names) {
      const at = synonyms.findIndex((parts) => parts.includes(name));
      if (at >= 0) return at;
    }
    return null;
  });
}

/** Those classes if the labels hold every one of them. */
function findAll(
  labels: readonly string[],
  wanted: readonly (readonly string[])[],
): number[] | null {
  const found = findEach(labels, wanted).filter((i) => i !== null);
  return found.length === wanted.length ? found : null;
}

/** The paper's eight classes in this network; null where one of them is missing. */
export function paperEight(labels: readonly string[]): number[] | null {
  return findAll(labels, paperClasses);
}

/** Eight classes to begin with: known to look good where the labels hold them, the paper's, else spread evenly. */
export function firstPicks(
  labels: readonly string[],
  classes: number,
): number[] {
  return (
    findAll(labels, showClasses) ??
    paperEight(labels) ??
    spreadClasses(Math.min(8, classes), classes)
  );
}

/** The classes an experiment is made on unless others are named: the paper's where the labels hold them. */
export function experimentClasses(
  labels: readonly string[],
  classes: number,
): number[] {
  return paperEight(labels) ?? firstPicks(labels, classes);
}

function spreadClasses(count: number, classes: number): number[] {
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
