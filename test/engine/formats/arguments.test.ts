import { describe, expect, it } from "vitest";
import {
  spellArgument,
  unreadArguments,
  type Arguments,
} from "../../../src/engine/formats/arguments";

const known: Arguments = {
  strides: "read",
  name: "ignored",
  mode: { only: [null, "linear", [1, 1]] },
};
const unread = (given: Readonly<Record<string, unknown>>) =>
  unreadArguments(Object.entries(given), known);

describe("an operation's arguments", () => {
  it("may be read or ignored at any value, or have a value that changes nothing", () => {
    expect(unread({ strides: "odd", name: { a: 1 }, mode: "linear" })).toEqual(
      [],
    );
    expect(unread({ mode: [1, 1] })).toEqual([]);
    expect(unread({ mode: null })).toEqual([]);
  });

  it("are refused where they are unknown, or their value is", () => {
    expect(unread({ beta: 2, strides: 1, mode: "cubic" })).toEqual([
      { name: "beta", value: 2, known: false },
      { name: "mode", value: "cubic", known: true },
    ]);
    // what every object has is no argument
    expect(unread({ constructor: 1 })).toHaveLength(1);
  });

  it("are named with their value, cut where it is long", () => {
    expect(spellArgument({ name: "beta", value: 2, known: false })).toBe(
      "beta = 2",
    );
    const value = new Array<number>(100).fill(1);
    const text = spellArgument({ name: "list", value, known: true });
    expect(text).toMatch(/^list = \[1,1,1,.*\.\.\.$/);
    expect(text.length).toBeLessThan(80);
  });
});
