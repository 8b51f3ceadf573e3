import { describe, expect, it } from "vitest";
import {
  namedPictures,
  permuted,
  split,
} from "../../../../src/main/host/training/split";

/** So many pictures of each class, the classes mixed. */
function mixed(counts: readonly number[]): number[] {
  const labels = counts.flatMap((n, label) =>
    Array.from({ length: n }, () => label),
  );
  return permuted(labels, 99, 1);
}

function count(
  labels: readonly number[],
  parts: readonly string[],
  part: string,
) {
  const counts: number[] = [];
  for (const [i, label] of labels.entries())
    counts[label] = (counts[label] ?? 0) + (parts[i] === part ? 1 : 0);
  return counts;
}

const options = { test: 0.2, validation: 0.1, seed: 1 };

describe("the parts", () => {
  it("hold their share of every class and of the whole", () => {
    const labels = mixed([40, 31, 800, 5, 57]);
    const parts = split(labels, options);
    const tested = count(labels, parts, "test");
    for (const [label, n] of [40, 31, 800, 5, 57].entries())
      expect(Math.abs((tested[label] ?? 0) - 0.2 * n)).toBeLessThanOrEqual(1);
    expect(tested.reduce((a, b) => a + b)).toBe(Math.round(0.2 * 933));
    const rest = 933 - Math.round(0.2 * 933);
    expect(parts.filter((part) => part === "validation")).toHaveLength(
      Math.round(0.1 * rest),
    );
  });

  it("are the seed's, and other seeds' are others", () => {
    const labels = mixed([30, 30]);
    expect(split(labels, options)).toEqual(split(labels, options));
    expect(split(labels, { ...options, seed: 2 })).not.toEqual(
      split(labels, options),
    );
  });

  it("leave every class a picture to learn from", () => {
    const labels = mixed([2, 2, 2, 50]);
    const greedy = { test: 0.9, validation: 0.9, seed: 1 };
    const parts = split(labels, greedy);
    expect(Math.min(...count(labels, parts, "train"))).toBeGreaterThan(0);
  });

  it("are all for learning where no shares are asked for", () => {
    const labels = mixed([3, 4]);
    const parts = split(labels, { test: 0, validation: 0, seed: 1 });
    expect(new Set(parts)).toEqual(new Set(["train"]));
  });

  it("take the test part from a list, and validation from what is left", () => {
    const labels = mixed([20, 20]);
    const tested = new Set([0, 5, 7]);
    const parts = split(labels, { ...options, validation: 0.5 }, tested);
    const indices = [...parts.keys()].filter((i) => parts[i] === "test");
    expect(indices).toEqual([0, 5, 7]);
    expect(parts.filter((part) => part === "validation")).toHaveLength(19);
  });
});

it("a permutation holds everything once and is even", () => {
  const first = new Map<number, number>();
  for (let seed = 0; seed < 3000; seed++) {
    const order = permuted([0, 1, 2], seed, 4);
    expect([...order].sort()).toEqual([0, 1, 2]);
    const spelled = (order[0] ?? 0) * 10 + (order[1] ?? 0);
    first.set(spelled, (first.get(spelled) ?? 0) + 1);
  }
  expect(first.size).toBe(6);
  for (const n of first.values()) expect(Math.abs(n - 500)).toBeLessThan(90);
});

describe("a list of the test part", () => {
  const paths = ["archive/a/1.jpg", "archive/a/2.jpg", "archive/b/1.jpg"];
  const where = { folder: "data", around: "archive/", leftOut: [] };
  it("names pictures within the folder, with its name, or within the class folders", () => {
    const named = (names: string[]) => [...namedPictures(names, paths, where)];
    expect(named(["archive/a/2.jpg"])).toEqual([1]);
    expect(named(["data/archive/b/1.jpg", "./a/1.jpg"])).toEqual([2, 0]);
    expect(named(["a\\2.jpg"])).toEqual([1]);
  });
  it("is refused for a picture that is not there, unless it could not be read", () => {
    expect(() => namedPictures(["a/3.jpg"], paths, where)).toThrow(
      'names "a/3.jpg"',
    );
    const unread = { ...where, leftOut: ["archive/a/3.jpg"] };
    expect(namedPictures(["a/3.jpg", "a/1.jpg"], paths, unread)).toEqual(
      new Set([0]),
    );
  });
});
