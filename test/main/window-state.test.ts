import { describe, expect, it } from "vitest";
import { placeWindow, windowStateSchema } from "../../src/main/window-state";

const laptop = { x: 0, y: 0, width: 1920, height: 1040 };
const monitor = { x: 1920, y: -200, width: 2560, height: 1400 };

describe("the place of the window", () => {
  it.each([
    ["first start", null, { width: 1440, height: 900 }],
    [
      "where it was",
      { x: 100, y: 50, width: 1200, height: 800 },
      { x: 100, y: 50, width: 1200, height: 800 },
    ],
    [
      "where it was, on another screen",
      { x: 2500, y: -100, width: 1200, height: 800 },
      { x: 2500, y: -100, width: 1200, height: 800 },
    ],
    [
      "on a screen that is gone",
      { x: 9000, y: 0, width: 1200, height: 800 },
      { width: 1200, height: 800 },
    ],
    [
      "only a corner still on a screen",
      { x: -1150, y: 0, width: 1200, height: 800 },
      { width: 1200, height: 800 },
    ],
    [
      "too small",
      { x: 0, y: 0, width: 10, height: 700 },
      // Ten pixels are nothing to get hold of either.
      { width: 960, height: 700 },
    ],
  ])("is: %s", (_, saved, place) => {
    expect(placeWindow(saved, [laptop, monitor])).toEqual(place);
  });

  it("is never larger than a small first screen", () => {
    expect(
      placeWindow(null, [{ x: 0, y: 0, width: 1280, height: 720 }]),
    ).toEqual({ width: 1280, height: 720 });
  });

  it("refuses absurd numbers from a file", () => {
    const state = (x: unknown) => ({
      version: 1,
      maximized: false,
      bounds: { x, y: 0, width: 1000, height: 700 },
    });
    expect(windowStateSchema.safeParse(state(5)).success).toBe(true);
    for (const x of [1e12, 0.5, "5", null])
      expect(windowStateSchema.safeParse(state(x)).success).toBe(false);
  });
});
