import { describe, expect, it } from "vitest";
import { looksLikeList, parseIdList } from "../../../src/renderer/lib/id-list";
import { LabelIndex } from "../../../src/renderer/lib/search";

const labels = new LabelIndex(["ant", "bee", "old dog", "cat"]);
const parse = (text: string) => parseIdList(text, 4, labels);

describe("a list of ids", () => {
  it("takes commas, semicolons, spaces, tabs, lines and ranges", () => {
    expect(parse("0, 2;1 3")).toEqual({ found: [0, 2, 1, 3], unknown: [] });
    expect(parse("0-2\n3\r\n")).toEqual({ found: [0, 1, 2, 3], unknown: [] });
    expect(parse("[0,\t1]")).toEqual({ found: [0, 1], unknown: [] });
  });

  it("names each class once, in the order of the list", () => {
    expect(parse("3,0,3,0").found).toEqual([3, 0]);
  });

  it("takes labels, also of several words", () => {
    expect(parse("old dog, Bee\ncat")).toEqual({
      found: [2, 1, 3],
      unknown: [],
    });
  });

  it("reports what is not in the network", () => {
    expect(parse("1, 4, -4, yak, -yak, two words, 2-9, 3-1")).toEqual({
      found: [1],
      unknown: ["4", "-4", "yak", "-yak", "two words", "2-9", "3-1"],
    });
    expect(parse("")).toEqual({ found: [], unknown: [] });
  });

  it("minimises what has a minus sign in front", () => {
    expect(parse("1, -1, −2 -old dog\n-2-3")).toEqual({
      found: [1, -2, -3, -4],
      unknown: ["−2 -old dog"],
    });
    expect(parse("-bee; −old dog; - cat")).toEqual({
      found: [-2, -3, -4],
      unknown: [],
    });
    expect(looksLikeList("-1, 2")).toBe(true);
  });

  it("refuses a range longer than any list", () => {
    expect(parseIdList("0-999999", 1_000_000, labels)).toEqual({
      found: [],
      unknown: ["0-999999"],
    });
  });

  it("tells lists from searches", () => {
    expect(looksLikeList("1, 2")).toBe(true);
    expect(looksLikeList("1-5 9")).toBe(true);
    expect(looksLikeList("ant\nbee")).toBe(true);
    expect(looksLikeList("144")).toBe(false);
    expect(looksLikeList("old dog")).toBe(false);
  });
});
