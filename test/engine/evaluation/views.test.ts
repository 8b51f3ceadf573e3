import { describe, expect, it } from "vitest";
import { heldOutViews, viewed, viewsOf, type View } from "../../../src/engine";

const still: View = { rotation: 0, scale: 1, right: 0, down: 0 };
/** 3 x 4, two channels; the second is the negative of the first. */
const shape = [3, 4, 2] as const;
const image = Float32Array.from({ length: 24 }, (_, i) =>
  i % 2 === 0 ? i / 24 : -(i - 1) / 24,
);
const channel = (values: Float32Array, c: number) =>
  [...values].filter((_, i) => i % 2 === c);

describe("the views of a held-out score", () => {
  it("are 32, of rotations to 15 degrees, scales 0.8 to 1.2, shifts to 8 %, and use the ranges", () => {
    const views = [1, 2, 3, 4].flatMap((seed) => viewsOf(seed));
    expect(views).toHaveLength(4 * heldOutViews);
    expect(heldOutViews).toBe(32);
    const of = (value: (view: View) => number) => {
      const values = views.map(value);
      return [Math.min(...values), Math.max(...values)] as const;
    };
    for (const [value, least, most] of [
      [(v: View) => v.rotation, -15, 15],
      [(v: View) => v.scale, 0.8, 1.2],
      [(v: View) => v.right, -0.08, 0.08],
      [(v: View) => v.down, -0.08, 0.08],
    ] as const) {
      const [low, high] = of(value);
      expect(low).toBeGreaterThanOrEqual(least);
      expect(high).toBeLessThanOrEqual(most);
      // 128 draws leave less than a tenth of the range at each end
      expect(high - low).toBeGreaterThan(0.8 * (most - least));
    }
  });

  it("depend on the seed and their place alone", () => {
    expect(viewsOf(7, 3)).toEqual(viewsOf(7).slice(0, 3));
    expect(viewsOf(7)).not.toEqual(viewsOf(8));
  });
});

describe("a view of a picture", () => {
  it("is the picture where nothing moves", () => {
    expect(viewed(image, shape, still)).toEqual(image);
  });

  it("moves by whole pixels and repeats the edge", () => {
    const moved = viewed(image, shape, { ...still, right: 1 / 4 });
    const row = (r: number) =>
      channel(image, 0).slice(4 * r, 4 * r + 4) as [
        number,
        number,
        number,
        number,
      ];
    expect(channel(moved, 0)).toEqual(
      [0, 1, 2].flatMap((r) => {
        const [a, b, c] = row(r);
        return [a, a, b, c];
      }),
    );
    const down = viewed(image, shape, { ...still, down: 1 / 3 });
    expect(channel(down, 0)).toEqual([...row(0), ...row(0), ...row(1)]);
  });

  it("treats every channel alike", () => {
    const view = { rotation: 11, scale: 0.9, right: 0.05, down: -0.03 };
    const seen = viewed(image, shape, view);
    channel(seen, 0).forEach((value, i) => {
      expect(channel(seen, 1)[i]).toBeCloseTo(-value, 6);
    });
  });

  it("turns counter-clockwise and enlarges about the centre", () => {
    // a bright pixel right of the centre of 5 x 5
    const dot = new Float32Array(25);
    dot[2 * 5 + 3] = 1;
    const turned = viewed(dot, [5, 5, 1], { ...still, rotation: 90 });
    expect(turned[1 * 5 + 2]).toBeCloseTo(1, 6);
    const twice = viewed(dot, [5, 5, 1], { ...still, scale: 2 });
    expect(twice[2 * 5 + 4]).toBeCloseTo(1, 6);
    expect(twice[2 * 5 + 3]).toBeCloseTo(0.5, 6);
  });

  it("keeps a constant picture", () => {
    const flat = new Float32Array(48).fill(0.3);
    for (const view of viewsOf(3))
      for (const value of viewed(flat, [4, 4, 3], view))
        expect(value).toBeCloseTo(0.3, 6);
  });
});
