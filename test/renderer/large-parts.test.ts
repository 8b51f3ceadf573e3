import { describe, expect, it } from "vitest";
import {
  comparable,
  differenceScale,
  drawDifference,
} from "../../src/renderer/components/large/difference";
import {
  readPixel,
  spellValue,
} from "../../src/renderer/components/large/inspect";
import {
  moveTiles,
  pickColumn,
  rowOf,
  toggleTile,
} from "../../src/renderer/components/large/navigation";
import {
  evenDividers,
  moveDivider,
  stripOf,
} from "../../src/renderer/components/large/wipe";
import { keyCommand } from "../../src/renderer/components/large/keys";
import type { LargeTile } from "../../src/renderer/lib/large";
import { toPicture, type Picture } from "../../src/shared/pictures";

function constant(value: number, channels = 3): Picture {
  return toPicture(
    [10, 10, channels],
    new Float32Array(100 * channels).fill(value),
  );
}

function tile(row: number, column: number): LargeTile {
  return {
    key: `${row}.${column}`,
    row,
    column,
    label: "pelican",
    method: { kind: "relu" },
    score: { step: 10, value: 1, std: null, steps: 1 },
    seeds: null,
    step: 10,
    picture: null,
    record: null,
  };
}
function keys(tiles: readonly LargeTile[]) {
  return tiles.map((one) => one.key);
}

describe("difference", () => {
  it("is grey where the pictures are equal", () => {
    const { rgba } = drawDifference(constant(0.3), constant(0.3));
    expect(new Set(rgba)).toEqual(new Set([128, 255]));
  });

  it("is signed, channel by channel, and names its scale", () => {
    const a = toPicture([1, 2, 3], [0, 0, 0, 0, 0, 0]);
    const b = toPicture([1, 2, 3], [0.2, -0.2, 0.1, 0, 0.05, -0.1]);
    const { rgba, scale } = drawDifference(a, b);
    expect(scale).toBeCloseTo(0.2, 4);
    expect([...rgba]).toEqual([255, 1, 192, 255, 128, 160, 64, 255]);
  });

  it("is not ruled by a few outliers", () => {
    const a = constant(0);
    const values = new Float32Array(300).fill(0.1);
    values[0] = -1;
    values[1] = 1;
    const b = toPicture([10, 10, 3], values);
    expect(differenceScale(a, b)).toBeCloseTo(0.1, 4);
    const { rgba } = drawDifference(a, b);
    expect(rgba[0]).toBe(0);
    expect(rgba[4]).toBe(255);
  });

  it("reaches the whole range: from black to white", () => {
    const d = drawDifference(constant(-1), constant(1));
    expect(d.scale).toBeCloseTo(2, 4);
    expect(d.rgba[0]).toBe(255);
  });

  it("draws one channel grey", () => {
    const d = drawDifference(constant(0, 1), constant(0.5, 1));
    expect([...d.rgba.subarray(0, 4)]).toEqual([255, 255, 255, 255]);
  });

  it("needs pictures of one size", () => {
    expect(comparable(constant(0), constant(1))).toBe(true);
    expect(comparable(constant(0), constant(0, 1))).toBe(false);
  });
});

describe("inspector", () => {
  it("reads a pixel's values in [-1, 1] at a fraction of the picture", () => {
    const picture = toPicture(
      [2, 2, 3],
      [0, 0, 0, 0.5, -0.25, 1, -1, 0, 0, 0.125, 0, 0],
    );
    const reading = readPixel(picture, { x: 0.75, y: 0.25 });
    expect([reading.x, reading.y]).toEqual([1, 0]);
    expect(reading.values[0]).toBeCloseTo(0.5, 4);
    expect(reading.values[1]).toBeCloseTo(-0.25, 4);
    expect(reading.values[2]).toBe(1);
    expect(readPixel(picture, { x: 0, y: 0.9 }).values[0]).toBe(-1);
  });

  it("spells values with their sign, and zero as plus", () => {
    expect([0.1254, -0.5, -0.0001, 0].map(spellValue)).toEqual([
      "+0.125",
      "−0.500",
      "+0.000",
      "+0.000",
    ]);
  });
});

describe("moving between tiles", () => {
  const all = [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map((column) => tile(row, column)),
  );
  const [a, b, c] = all;
  if (!a || !b || !c) throw new Error("three tiles");

  it("one tile goes along the row and into the next", () => {
    expect(keys(moveTiles([a], all, "right"))).toEqual(["0.1"]);
    expect(keys(moveTiles([c], all, "right"))).toEqual(["1.0"]);
    expect(keys(moveTiles([a], all, "left"))).toEqual(["0.0"]);
    expect(keys(moveTiles([tile(2, 2)], all, "right"))).toEqual(["2.2"]);
  });

  it("a comparison goes down with all its columns", () => {
    expect(keys(moveTiles([a, c], all, "down"))).toEqual(["1.0", "1.2"]);
    expect(keys(moveTiles([a, c], all, "up"))).toEqual(["0.0", "0.2"]);
  });

  it("a comparison shifts sideways only as a whole", () => {
    expect(keys(moveTiles([a, b], all, "right"))).toEqual(["0.1", "0.2"]);
    expect(keys(moveTiles([b, c], all, "right"))).toEqual(["0.1", "0.2"]);
  });

  it("skips rows that are not there", () => {
    const gaps = [tile(0, 0), tile(4, 0)];
    expect(keys(moveTiles([tile(0, 0)], gaps, "down"))).toEqual(["4.0"]);
  });

  it("picks a column of the row by number", () => {
    expect(keys(pickColumn([tile(1, 0)], all, 3))).toEqual(["1.2"]);
    expect(keys(pickColumn([a, b], all, 2))).toEqual(["0.1"]);
    expect(keys(pickColumn([a], all, 4))).toEqual(["0.0"]);
    expect(keys(rowOf(all, 1))).toEqual(["1.0", "1.1", "1.2"]);
  });

  it("adds and takes away, in the order of the columns, one to three", () => {
    expect(keys(toggleTile([c], a))).toEqual(["0.0", "0.2"]);
    expect(keys(toggleTile([a, c], a))).toEqual(["0.2"]);
    expect(keys(toggleTile([a], a))).toEqual(["0.0"]);
    expect(keys(toggleTile([a, b, c], tile(1, 1)))).toHaveLength(3);
  });
});

describe("wipe", () => {
  it("divides evenly at first", () => {
    expect(evenDividers(2)).toEqual([0.5]);
    expect(evenDividers(3)).toEqual([1 / 3, 2 / 3]);
    expect(evenDividers(1)).toEqual([]);
  });

  it("pushes the other divider along and stays inside", () => {
    expect(moveDivider([0.3, 0.6], 0, 0.8)).toEqual([0.8, 0.8]);
    expect(moveDivider([0.3, 0.6], 1, 0.1)).toEqual([0.1, 0.1]);
    expect(moveDivider([0.5], 0, -2)).toEqual([0]);
    expect(moveDivider([0.5], 0, 7)).toEqual([1]);
  });

  it("gives each tile its strip", () => {
    expect([0, 1, 2].map((i) => stripOf([0.25, 0.75], i))).toEqual([
      { from: 0, to: 0.25 },
      { from: 0.25, to: 0.75 },
      { from: 0.75, to: 1 },
    ]);
  });
});

describe("keys", () => {
  function press(
    key: string,
    more: Partial<Parameters<typeof keyCommand>[0]> = {},
  ) {
    return keyCommand({
      key,
      code: "",
      shiftKey: false,
      ctrlKey: false,
      altKey: false,
      metaKey: false,
      ...more,
    });
  }

  it("digits are known by their place, with Shift and on other keyboards", () => {
    expect(press("2", { code: "Digit2" })).toEqual({
      kind: "column",
      ordinal: 2,
    });
    expect(press("é", { code: "Digit2" })).toEqual({
      kind: "column",
      ordinal: 2,
    });
    expect(press('"', { code: "Digit2", shiftKey: true })).toEqual({
      kind: "compare",
      ordinal: 2,
    });
    expect(press("0", { code: "Digit0" })).toEqual({ kind: "fit" });
  });

  it("brackets work where they need AltGr", () => {
    expect(press("[", { ctrlKey: true, altKey: true })).toEqual({
      kind: "step",
      by: -1,
    });
  });

  it("arrows move, with Shift they pan", () => {
    expect(press("ArrowDown")).toEqual({ kind: "move", direction: "down" });
    expect(press("ArrowDown", { shiftKey: true })).toEqual({
      kind: "pan",
      direction: "down",
    });
  });

  it("leaves the app's shortcuts alone", () => {
    expect(press("e", { ctrlKey: true })).toBeNull();
    expect(press("b", { metaKey: true })).toBeNull();
    expect(press("q")).toBeNull();
  });
});
