import { describe, expect, it } from "vitest";
import {
  crispSize,
  gridLayout,
  gridMetrics,
  visibleRange,
} from "../../../src/renderer/lib/layout";
import { rectifierCurve } from "../../../src/renderer/lib/rectifier-curve";
import {
  sharedAxis,
  tracePoints,
  traceX,
} from "../../../src/renderer/lib/trace";

describe("traces", () => {
  it("share one axis that holds 0 and every score", () => {
    expect(
      sharedAxis(
        [
          { low: 2, high: 10 },
          { low: 1, high: 20 },
        ],
        300,
      ),
    ).toEqual({ steps: 300, low: 0, high: 20 });
    expect(sharedAxis([{ low: -5, high: -1 }], 10)).toEqual({
      steps: 10,
      low: -5,
      high: -1,
    });
    expect(sharedAxis([{ low: Infinity, high: -Infinity }], 10)).toEqual({
      steps: 10,
      low: 0,
      high: 1,
    });
    expect(sharedAxis([{ low: 0, high: 0 }], 0)).toEqual({
      steps: 1,
      low: 0,
      high: 1,
    });
  });

  it("run from the lower left to the upper right of their box", () => {
    const axis = { steps: 4, low: 0, high: 8 };
    expect(tracePoints([0, 4, 8], 3, axis, 100, 40)).toBe("0,40 25,20 50,0");
    expect(traceX(99, axis, 100)).toBe(100);
  });

  it("use only as much of a growing trace as was told, and are thinned", () => {
    const axis = { steps: 10_000, low: 0, high: 1 };
    const trace = Array.from({ length: 10_001 }, (_, k) => k / 10_000);
    const points = tracePoints(trace, 10_001, axis, 100, 40).split(" ");
    expect(points.length).toBeLessThanOrEqual(162);
    expect(points[0]).toBe("0,40");
    expect(points.at(-1)).toBe("100,0");
    expect(tracePoints(trace, 1, axis, 100, 40)).toBe("0,40");
    expect(tracePoints(trace, 0, axis, 100, 40)).toBe("");
  });
});

describe("the rectifier's drawing", () => {
  it("has a flat left arm for ReLU, and steps from 0 to 1", () => {
    expect(rectifierCurve({ forward: 0, backward: 0 })).toMatchObject({
      forward: "M2 18L22 18L40 2",
      backward: "M2 33H22M22 8H42",
    });
  });

  it("shows a small slope, and meets 1 at slope 1", () => {
    expect(rectifierCurve({ forward: 0.01, backward: 0.01 })).toMatchObject({
      forward: "M2 20.1L22 18L40 2",
      backward: "M2 29.8H22M22 8H42",
    });
    expect(rectifierCurve({ forward: 1, backward: 1 }).backward).toBe(
      "M2 8H22M22 8H42",
    );
  });
});

describe("the grid", () => {
  const space = {
    width: 848,
    height: 700,
    columns: 3,
    shape: [128, 128] as const,
    size: "fit" as const,
    ratio: 1,
  };

  it("fits three columns with figures beside them", () => {
    const layout = gridLayout(space);
    expect(layout.arrangement).toBe("beside");
    expect(layout.width).toBeLessThanOrEqual(848);
    expect(layout.picture).toBeGreaterThan(128);
    expect(layout.rowHeight).toBe(layout.pictureHeight + gridMetrics.rowGap);
  });

  it("puts the figures below where columns are narrow, and scrolls beyond that", () => {
    const five = gridLayout({ ...space, columns: 5 });
    expect(five.arrangement).toBe("below");
    expect(five.width).toBeLessThanOrEqual(848);
    const sixteen = gridLayout({ ...space, columns: 16 });
    expect(sixteen.picture).toBe(gridMetrics.narrowest);
    expect(sixteen.width).toBeGreaterThan(848);
  });

  it("keeps two rows in sight and the picture's shape", () => {
    const wide = gridLayout({ ...space, width: 4000, shape: [100, 200] });
    expect(wide.pictureHeight * 2).toBe(wide.picture);
    const low = gridLayout({ ...space, width: 4000, height: 460 });
    expect(low.rowHeight * 2).toBeLessThanOrEqual(460);
  });

  it("shows one value a pixel at 1x, and whole device pixels from 2x on", () => {
    expect(gridLayout({ ...space, size: "natural" }).picture).toBe(128);
    expect(gridLayout({ ...space, size: 300 }).picture).toBe(256);
    expect(crispSize(255, 128, 1)).toBe(255);
    expect(crispSize(257, 128, 1)).toBe(256);
    expect(crispSize(140, 128, 2)).toBe(128);
  });

  it("draws only the rows in sight and a few more", () => {
    expect(visibleRange(0, 500, 100, 1000, 1)).toEqual([0, 6]);
    expect(visibleRange(5000, 500, 100, 1000, 1)).toEqual([49, 56]);
    expect(visibleRange(99_900, 500, 100, 1000, 1)).toEqual([998, 1000]);
    expect(visibleRange(0, 500, 100, 0, 1)).toEqual([0, 0]);
  });
});
