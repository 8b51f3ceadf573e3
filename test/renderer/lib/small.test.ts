import { describe, expect, it } from "vitest";
import { ByteCache } from "../../../src/renderer/lib/byte-cache";
import { windowKey, type KeyPress } from "../../../src/renderer/lib/keys";
import { moved } from "../../../src/renderer/lib/moved";
import {
  fields,
  flag,
  listOf,
  numberIn,
  oneOf,
} from "../../../src/renderer/lib/readers";

describe("the cache of pictures", () => {
  it("puts away what was used longest ago", () => {
    const cache = new ByteCache<string>(10);
    cache.set("a", "A", 4);
    cache.set("b", "B", 4);
    expect(cache.get("a")).toBe("A");
    cache.set("c", "C", 4);
    expect(cache.get("b")).toBeUndefined();
    expect(cache.get("a")).toBe("A");
    expect(cache.bytes).toBe(8);
  });

  it("holds one that is larger than the budget, alone", () => {
    const cache = new ByteCache<string>(10);
    cache.set("a", "A", 4);
    cache.set("b", "B", 40);
    expect(cache.get("a")).toBeUndefined();
    expect(cache.get("b")).toBe("B");
    cache.set("b", "B", 1);
    expect(cache.bytes).toBe(1);
  });
});

describe("keys of the window", () => {
  const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    ...held,
  });

  it("run, export and open from anywhere, also while typing", () => {
    for (const typing of [true, false]) {
      expect(windowKey(press("Enter", { ctrlKey: true }), typing)).toEqual({
        kind: "command",
        command: "run",
      });
      expect(windowKey(press("E", { metaKey: true }), typing)).toEqual({
        kind: "command",
        command: "export",
      });
    }
  });

  it("leave a text field its letters and its undo", () => {
    for (const key of ["1", "[", " ", "?"])
      expect(windowKey(press(key), true), key).toBeNull();
    expect(windowKey(press("z", { ctrlKey: true }), true)).toBeNull();
    expect(windowKey(press("z", { ctrlKey: true }), false)).toEqual({
      kind: "command",
      command: "undo",
    });
    for (const redo of [
      press("Z", { ctrlKey: true, shiftKey: true }),
      press("y", { ctrlKey: true }),
    ]) {
      expect(windowKey(redo, true)).toBeNull();
      expect(windowKey(redo, false)).toEqual({
        kind: "command",
        command: "redo",
      });
      // A field in which nothing is being typed has nothing to take back itself.
      expect(windowKey(redo, true, false)).toEqual({
        kind: "command",
        command: "redo",
      });
    }
    expect(windowKey(press("z", { ctrlKey: true }), true, false)).toEqual({
      kind: "command",
      command: "undo",
    });
  });

  it("step with brackets, also where they need AltGr", () => {
    expect(
      windowKey(press("[", { ctrlKey: true, altKey: true }), false),
    ).toEqual({ kind: "scrub", by: -1 });
    expect(windowKey(press("3"), false)).toEqual({ kind: "column", place: 2 });
  });

  it("go to a workspace by its place, also while typing", () => {
    for (const [key, command] of [
      ["1", "show-compare"],
      ["2", "show-network"],
      ["3", "show-lab"],
      ["4", "show-library"],
    ] as const)
      expect(windowKey(press(key, { ctrlKey: true }), true)).toEqual({
        kind: "command",
        command,
      });
    expect(windowKey(press("5", { ctrlKey: true }), false)).toBeNull();
  });
});

describe("readers of remembered values", () => {
  const reader = fields({
    size: numberIn(1, 5),
    on: flag,
    tab: oneOf("a", "b"),
    list: listOf(numberIn(0, 9)),
  });

  it("read what this version writes, and drop bad entries of lists", () => {
    expect(reader({ size: 2, on: true, tab: "b", list: [1, "x", 99] })).toEqual(
      { size: 2, on: true, tab: "b", list: [1] },
    );
  });

  it("refuse the rest", () => {
    const good = { size: 2, on: true, tab: "b", list: [] };
    for (const bad of [
      null,
      7,
      { ...good, size: 9 },
      { ...good, on: 1 },
      { ...good, tab: "c" },
      { ...good, list: {} },
    ])
      expect(reader(bad)).toBeNull();
  });
});

describe("moving an entry", () => {
  it("clamps the place and leaves the list alone", () => {
    const list = ["a", "b", "c"];
    expect(moved(list, 0, 2)).toEqual(["b", "c", "a"]);
    expect(moved(list, 2, -5)).toEqual(["c", "a", "b"]);
    expect(moved(list, 9, 0)).toEqual(["a", "b", "c"]);
    expect(list).toEqual(["a", "b", "c"]);
  });
});
