import { describe, expect, it } from "vitest";
import bundled from "../../resources/networks/caltech101-resnet18/labels.json";
import {
  experimentClasses,
  firstPicks,
  paperEight,
  randomClasses,
} from "../../src/shared/class-sets";

describe("classes to begin with", () => {
  it("are eight that read well in the bundled network", () => {
    const picks = firstPicks(bundled, bundled.length);
    expect(picks.map((i) => bundled[i])).toEqual([
      "dalmatian",
      "sunflower",
      "watch",
      "Leopards",
      "butterfly",
      "Motorbikes",
      "pizza",
      "flamingo",
    ]);
  });

  it("are spread evenly elsewhere, and never more than there are", () => {
    const plain = Array.from({ length: 80 }, (_, i) => `class ${i}`);
    expect(firstPicks(plain, 80)).toEqual([5, 15, 25, 35, 45, 55, 65, 75]);
    expect(firstPicks(["a", "b"], 2)).toEqual([0, 1]);
  });
});

describe("the paper's eight", () => {
  const names = [
    "Pelican",
    "lion, king of beasts",
    "analog_clock",
    "bakery",
    "bucket",
    "poncho",
    "pool table, billiard table, snooker table",
    "cucumber",
  ];

  it("are found by any of their spellings", () => {
    expect(paperEight(names)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("are offered whole or not at all", () => {
    const seven = names.slice(1);
    expect(paperEight(seven)).toBeNull();
    expect(paperEight(bundled)).toBeNull();
  });
});

describe("random classes", () => {
  it("are different, inside the network and in order", () => {
    let state = 1;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    for (let i = 0; i < 200; i++) {
      const drawn = randomClasses(8, 20, random);
      expect(new Set(drawn).size).toBe(8);
      expect(drawn).toEqual(drawn.toSorted((a, b) => a - b));
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...drawn)).toBeLessThan(20);
    }
  });

  it("are all there are where more are wanted", () => {
    expect(randomClasses(8, 3, () => 0.999)).toEqual([0, 1, 2]);
  });

  it("are each as likely", () => {
    let state = 7;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 5000; i++)
      for (const c of randomClasses(3, 10, random))
        counts[c] = (counts[c] ?? 0) + 1;
    // 1500 expected; a standard deviation is 32.
    for (const count of counts)
      expect(Math.abs(count - 1500)).toBeLessThan(160);
  });
});

describe("classes of an experiment", () => {
  it("are the paper's where the labels hold them, else those to begin with", () => {
    const nine = [
      "dalmatian, coach dog",
      "pelican",
      "lion",
      "analog clock",
      "bakery",
      "bucket, pail",
      "poncho",
      "billiard table",
      "cucumber",
    ];
    expect(experimentClasses(nine, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(experimentClasses(bundled, bundled.length)).toEqual(
      firstPicks(bundled, bundled.length),
    );
  });
});
