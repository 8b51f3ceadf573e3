import { describe, expect, it } from "vitest";
import {
  clampView,
  fitted,
  fitZoom,
  fractionAt,
  isSharp,
  largestZoom,
  panBy,
  pixelAt,
  placeOf,
  smallestZoom,
  spellZoom,
  toggleFit,
  visiblePart,
  wheelFactor,
  zoomAt,
  zoomOf,
  zoomStop,
  type View,
} from "../../src/renderer/components/large/viewport";

const picture = { width: 227, height: 227 };
const pane = { width: 800, height: 600 };

/** The point of the picture under a point of the pane, in picture pixels. */
function under(view: View, point: { x: number; y: number }) {
  const rect = placeOf(view, picture, pane);
  return {
    x: ((point.x - rect.x) / rect.width) * picture.width,
    y: ((point.y - rect.y) / rect.height) * picture.height,
  };
}

describe("fit", () => {
  it("shows the whole picture, centred, as large as it goes", () => {
    const rect = placeOf(fitted, picture, pane);
    expect(rect).toEqual({ x: 100, y: 0, width: 600, height: 600 });
    expect(fitZoom({ width: 512, height: 128 }, pane)).toBeCloseTo(800 / 512);
  });

  it("never passes the largest zoom", () => {
    expect(fitZoom({ width: 4, height: 4 }, pane)).toBe(largestZoom);
  });

  it("is kept when the pane changes its size", () => {
    const rect = placeOf(fitted, picture, { width: 300, height: 300 });
    expect(rect.width).toBe(300);
  });
});

describe("zoomAt", () => {
  it("keeps the point under the cursor", () => {
    const start: View = { zoom: 6, center: { x: 0.4, y: 0.55 } };
    const cursor = { x: 310, y: 222 };
    const before = under(start, cursor);
    const after = under(zoomAt(start, 1.7, cursor, picture, pane), cursor);
    expect(after.x).toBeCloseTo(before.x, 9);
    expect(after.y).toBeCloseTo(before.y, 9);
  });

  it("keeps it over many small steps in", () => {
    const cursor = { x: 333, y: 280 };
    const before = under(fitted, cursor);
    let view = fitted;
    for (let i = 0; i < 40; i++)
      view = zoomAt(view, 1.06, cursor, picture, pane);
    expect(view.zoom).toBeCloseTo((600 / 227) * 1.06 ** 40, 6);
    expect(under(view, cursor).x).toBeCloseTo(before.x, 6);
    expect(under(view, cursor).y).toBeCloseTo(before.y, 6);
  });

  it("ends at 64x and at 1:1, where the fit is larger", () => {
    const cursor = { x: 400, y: 300 };
    expect(zoomAt(fitted, 1e6, cursor, picture, pane).zoom).toBe(64);
    expect(zoomAt(fitted, 1e-6, cursor, picture, pane).zoom).toBe(1);
  });

  it("ends at the fit where the picture is larger than the pane", () => {
    const large = { width: 2400, height: 2400 };
    expect(smallestZoom(large, pane)).toBe(0.25);
    expect(zoomAt(fitted, 0.1, { x: 0, y: 0 }, large, pane)).toBe(fitted);
  });
});

describe("pan", () => {
  it("moves the picture with the hand", () => {
    const view: View = { zoom: 8, center: { x: 0.5, y: 0.5 } };
    const before = placeOf(view, picture, pane);
    const after = placeOf(
      panBy(view, { x: 30, y: -12 }, picture, pane),
      picture,
      pane,
    );
    expect(after.x - before.x).toBeCloseTo(30, 9);
    expect(after.y - before.y).toBeCloseTo(-12, 9);
  });

  it("stops with the picture's edge where the fit has it", () => {
    const view: View = { zoom: 8, center: { x: 0.5, y: 0.5 } };
    const rect = placeOf(
      panBy(view, { x: 1e5, y: -1e5 }, picture, pane),
      picture,
      pane,
    );
    expect(rect.x).toBeCloseTo(100, 9);
    expect(rect.y + rect.height).toBeCloseTo(pane.height, 9);
  });

  it("centres what is not larger than the fit", () => {
    const small = clampView({ zoom: 1, center: { x: 0, y: 1 } }, picture, pane);
    expect(small.center).toEqual({ x: 0.5, y: 0.5 });
    const moved = panBy(fitted, { x: 50, y: 50 }, picture, pane);
    expect(moved.center).toEqual({ x: 0.5, y: 0.5 });
  });

  it("comes back to the middle without a jump when zooming out", () => {
    let view = zoomAt(fitted, 4, { x: 690, y: 10 }, picture, pane);
    let last = view.center.x;
    for (let i = 0; i < 60; i++) {
      view = zoomAt(view, 0.97, { x: 110, y: 590 }, picture, pane);
      expect(Math.abs(view.center.x - last)).toBeLessThan(0.05);
      last = view.center.x;
    }
    expect(view.center).toEqual({ x: 0.5, y: 0.5 });
  });
});

describe("stops", () => {
  it("go in through whole zooms and out to the smallest", () => {
    let view = zoomStop(fitted, "in", picture, pane);
    expect(view.zoom).toBe(3);
    view = zoomStop(view, "in", picture, pane);
    expect(view.zoom).toBe(4);
    view = zoomStop(zoomStop(view, "out", picture, pane), "out", picture, pane);
    expect(view.zoom).toBe(2);
    for (let i = 0; i < 5; i++) view = zoomStop(view, "out", picture, pane);
    expect(view.zoom).toBe(1);
  });

  it("reach the largest zoom and stay there", () => {
    let view = fitted;
    for (let i = 0; i < 30; i++) view = zoomStop(view, "in", picture, pane);
    expect(view.zoom).toBe(64);
  });
});

describe("toggleFit", () => {
  it("goes to 1:1 around the point and back", () => {
    const tall = { width: 2400, height: 2400 };
    const one = toggleFit(fitted, { x: 200, y: 100 }, tall, pane);
    expect(zoomOf(one, tall, pane)).toBeCloseTo(1, 12);
    expect(toggleFit(one, { x: 5, y: 5 }, tall, pane)).toBe(fitted);
  });
});

describe("linked panes", () => {
  it("show the same part of pictures of different sizes", () => {
    const view: View = { zoom: 5, center: { x: 0.3, y: 0.6 } };
    const rect = placeOf(view, picture, pane);
    const point = { x: 410, y: 199 };
    const fraction = fractionAt(rect, point);
    expect(fraction).not.toBeNull();
    if (!fraction) return;
    const small = pixelAt(fraction, { width: 64, height: 64 });
    const large = pixelAt(fraction, picture);
    expect(small.x).toBe(Math.floor((large.x + 0.5) * (64 / 227)));
  });

  it("name the first and the last pixel, and nothing outside", () => {
    const rect = { x: 10, y: 20, width: 454, height: 454 };
    const first = fractionAt(rect, { x: 10, y: 20 });
    const last = fractionAt(rect, { x: 463.9, y: 473.9 });
    expect(first && pixelAt(first, picture)).toEqual({ x: 0, y: 0 });
    expect(last && pixelAt(last, picture)).toEqual({ x: 226, y: 226 });
    expect(fractionAt(rect, { x: 464, y: 100 })).toBeNull();
    expect(fractionAt(rect, { x: 9.9, y: 100 })).toBeNull();
  });

  it("cut the picture at the pane", () => {
    expect(
      visiblePart({ x: -100, y: 50, width: 1000, height: 200 }, pane),
    ).toEqual({ x: 0, y: 50, width: 800, height: 200 });
    expect(
      visiblePart({ x: 900, y: 0, width: 10, height: 10 }, pane).width,
    ).toBe(0);
  });
});

describe("small rules", () => {
  it("pixels are sharp from 2x on", () => {
    expect([1, 1.99, 2, 454 / 227, 3].map(isSharp)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  it("a wheel notch zooms by a quarter, in and out undo each other", () => {
    expect(wheelFactor(-100, 0)).toBeCloseTo(2 ** (1 / 3));
    expect(wheelFactor(100, 0) * wheelFactor(-100, 0)).toBeCloseTo(1);
    expect(wheelFactor(-3, 1)).toBeCloseTo(2 ** 0.33);
    expect(wheelFactor(-1e6, 0)).toBe(2);
  });

  it("zoom is spelled in per cent", () => {
    expect(spellZoom(1)).toBe("1:1");
    expect(spellZoom(600 / 227)).toBe("264 %");
  });
});
