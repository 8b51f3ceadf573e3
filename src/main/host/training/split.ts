/** Which pictures are learned from, which choose the best epoch, and which are tested on. */
import { randomStream } from "../../../engine";
import { Fault } from "../../../shared/fault";
import { purposes } from "./purposes";

export type Part = "train" | "validation" | "test";

export interface SplitOptions {
  /** Share of all pictures. */
  readonly test: number;
  /** Share of what is not tested on. */
  readonly validation: number;
  readonly seed: number;
}

/**
 * Part by picture. Every class is divided by itself, at random by the seed, so that each part has its share of every
 * class to the nearest whole picture, what was rounded being made up for by the next class. At least one picture of a
 * class is trained on. `labels` is the class by picture; `tested` names the test part instead of the seed.
 */
export function split(
  labels: readonly number[],
  { test, validation, seed }: SplitOptions,
  tested: ReadonlySet<number> | null = null,
): Part[] {
  const parts = new Array<Part>(labels.length).fill("train");
  const byClass = new Map<number, number[]>();
  for (const [picture, label] of labels.entries()) {
    const members = byClass.get(label);
    if (members) members.push(picture);
    else byClass.set(label, [picture]);
  }
  const testShare = shares(test);
  const validationShare = shares(validation);
  for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
    const all = byClass.get(label) ?? [];
    const order = permuted(all, seed, purposes.split, label);
    const rest = tested
      ? order.filter((picture) => !tested.has(picture))
      : order.slice(testShare(order.length, order.length - 1));
    const kept = new Set(rest);
    for (const picture of all) if (!kept.has(picture)) parts[picture] = "test";
    const validated = validationShare(rest.length, rest.length - 1);
    for (const picture of rest.slice(0, validated))
      parts[picture] = "validation";
  }
  return parts;
}

/** Whole shares of numbers that follow each other; what was rounded is carried on. */
function shares(share: number): (of: number, most: number) => number {
  let exact = 0;
  let given = 0;
  return (of, most) => {
    exact += of * share;
    const whole = Math.round(exact) - given;
    const taken = Math.max(0, Math.min(whole, most));
    given += taken;
    return taken;
  };
}

/** Fisher and Yates; the stream is the seed's and the words' own. */
export function permuted<T>(
  values: readonly T[],
  seed: number,
  ...words: readonly number[]
): T[] {
  const stream = randomStream(seed, ...words);
  const order = [...values];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform() * (i + 1));
    // both lie within the array
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}

/**
 * Pictures a list names, each by its path within the folder or with the folder's name in front.
 * Throws a Fault `invalid-request` for a name that is not there; one that was left out as unreadable is passed over.
 */
export function namedPictures(
  names: readonly string[],
  pictures: readonly string[],
  {
    folder,
    around,
    leftOut,
  }: {
    readonly folder: string;
    readonly around: string;
    readonly leftOut: readonly string[];
  },
): Set<number> {
  const spellings = (path: string) => [
    path,
    `${folder}/${path}`,
    path.slice(around.length),
  ];
  const index = new Map<string, number>();
  for (const [i, path] of pictures.entries())
    for (const spelling of spellings(path)) index.set(spelling, i);
  const unread = new Set(leftOut.flatMap(spellings));
  const found = new Set<number>();
  for (const name of names) {
    const clean = name.replaceAll("\\", "/").replace(/^\.\//, "");
    const at = index.get(clean);
    if (at !== undefined) found.add(at);
    else if (!unread.has(clean))
      throw new Fault(
        "invalid-request",
        `The list of the test part names "${name}", which is not among the pictures.`,
        "Names are relative to the folder of the classes: Faces/image_0001.jpg.",
      );
  }
  return found;
}
