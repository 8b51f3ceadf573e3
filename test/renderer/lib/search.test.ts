import { describe, expect, it } from "vitest";
import { LabelIndex, pieces } from "../../../src/renderer/lib/search";

const labels = [
  "clog",
  "wall clock",
  "analog clock",
  "cloak",
  "Old English sheepdog",
  "ceiling_fan",
  "Bögen",
  "cat 7",
];
const index = new LabelIndex(labels);
const found = (query: string) =>
  index.search(query).map((match) => labels[match.index]);

describe("class search", () => {
  it("gives every class in order for an empty query", () => {
    expect(index.search("  ").map((m) => m.index)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
  });

  it("ranks beginnings of labels before beginnings of words before the rest", () => {
    expect(found("clo")).toEqual([
      "clog",
      "cloak",
      "wall clock",
      "analog clock",
    ]);
    expect(found("log")).toEqual(["clog", "analog clock"]);
  });

  it("puts the exact id first, then the whole label, then ids that begin so", () => {
    expect(index.search("7")[0]?.index).toBe(7);
    const many = new LabelIndex(
      Array.from({ length: 30 }, (_, i) => (i === 20 ? "2" : `class-${i}x`)),
    );
    const ids = many.search("2").map((m) => m.index);
    expect(ids[0]).toBe(2);
    expect(ids[1]).toBe(20);
    expect(ids.slice(2, 12)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 12]);
  });

  it("wants every word, and knows no accents, case or separators", () => {
    expect(found("dog old")).toEqual(["Old English sheepdog"]);
    expect(found("ceiling fan")).toEqual(["ceiling_fan"]);
    expect(found("BOGEN")).toEqual(["Bögen"]);
    expect(found("zebra")).toEqual([]);
  });

  it("marks what was found", () => {
    const [match] = index.search("english old");
    expect(pieces("Old English sheepdog", match?.ranges ?? [])).toEqual([
      { text: "Old", hit: true },
      { text: " ", hit: false },
      { text: "English", hit: true },
      { text: " sheepdog", hit: false },
    ]);
  });

  it("joins overlapping marks", () => {
    const [match] = new LabelIndex(["anana"]).search("ana anan");
    expect(match?.ranges).toEqual([[0, 4]]);
  });

  it("finds a label whatever its separators", () => {
    expect(index.find("Ceiling Fan")).toBe(5);
    expect(index.find("ceiling")).toBeNull();
  });
});
