import { describe, expect, it } from "vitest";
import {
  applyChange,
  drawChange,
  type Change,
} from "../../../../src/main/host/training/augment";
import type { Augmentation } from "../../../../src/shared/training";

const size = 4;
/** p(y, x, channel) = 10 y + x + 50 channel. */
const ramp = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
  const place = Math.floor(i / 3);
  return 10 * Math.floor(place / size) + (place % size) + 50 * (i % 3);
});
const same: Change = {
  ...{ top: 0, left: 0, height: size, width: size, flipped: false },
  ...{ brightness: 1, contrast: 1, saturation: 1 },
};

/** One channel of the changed picture in 0..255, row by row. */
function changed(changes: Partial<Change>, pixels = ramp, channel = 0) {
  const out = new Float32Array(2 + size * size * 3).fill(9);
  applyChange(pixels, size, { ...same, ...changes }, out, 2);
  expect([...out.subarray(0, 2)]).toEqual([9, 9]);
  return Array.from({ length: size }, (_, y) =>
    Array.from(
      { length: size },
      (_, x) => ((out[2 + (y * size + x) * 3 + channel] ?? NaN) + 1) * 127.5,
    ),
  );
}

function close(found: number[][], expected: number[][]) {
  for (const [y, row] of expected.entries())
    for (const [x, value] of row.entries())
      expect(found[y]?.[x], `${y}, ${x}`).toBeCloseTo(value, 3);
}

describe("a changed picture", () => {
  it("is the picture where nothing changes, channel by channel", () => {
    const rows = [0, 10, 20, 30].map((y) => [y, y + 1, y + 2, y + 3]);
    close(changed({}), rows);
    close(
      changed({}, ramp, 2),
      rows.map((row) => row.map((p) => p + 100)),
    );
  });

  it("is turned around left to right", () => {
    close(
      changed({ flipped: true }),
      [0, 10, 20, 30].map((y) => [y + 3, y + 2, y + 1, y]),
    );
  });

  it("is shifted, and its edges are repeated", () => {
    close(
      changed({ top: -1, left: 2 }),
      [0, 0, 10, 20].map((y) => [y + 2, y + 3, y + 3, y + 3]),
    );
    close(
      changed({ left: 1, flipped: true }),
      [0, 10, 20, 30].map((y) => [y + 3, y + 3, y + 2, y + 1]),
    );
  });

  it("scales a part bilinearly with pixel centres at halves, within the part", () => {
    // two pixels of width to four: centres at -0.25, 0.25, 0.75, 1.25, the ends held
    const across = [0, 0.25, 0.75, 1];
    close(
      changed({ top: 1, left: 2, height: 2, width: 2 }),
      [10, 12.5, 17.5, 20].map((y) => across.map((x) => y + 2 + x)),
    );
  });

  it("multiplies brightness and clips what leaves the range", () => {
    close(
      changed({ brightness: 3 }, ramp, 2),
      [0, 10, 20, 30].map((y) =>
        [0, 1, 2, 3].map((x) => Math.min(255, 3 * (100 + y + x))),
      ),
    );
  });

  it("spreads contrast around the mean grey, and colours around each pixel's", () => {
    const grey = (y: number, x: number) =>
      [0, 1, 2].reduce(
        (sum, c) => sum + ([0.299, 0.587, 0.114][c] ?? 0) * (y + x + 50 * c),
        0,
      );
    const rows = [0, 10, 20, 30];
    const mean = grey(15, 1.5);
    close(
      changed({ brightness: 1.2, contrast: 0.5 }),
      rows.map((y) =>
        [0, 1, 2, 3].map((x) => 0.6 * (y + x) + 0.5 * 1.2 * mean),
      ),
    );
    close(
      changed({ saturation: 0 }, ramp, 1),
      rows.map((y) => [0, 1, 2, 3].map((x) => grey(y, x))),
    );
    close(
      changed({ saturation: 1.5 }, ramp, 2),
      rows.map((y) =>
        [0, 1, 2, 3].map((x) => {
          const g = grey(y, x);
          return g + 1.5 * (y + x + 100 - g);
        }),
      ),
    );
  });
});

describe("what a picture becomes", () => {
  const augmentation: Augmentation = {
    crop: { kind: "area", least: 0.4 },
    flip: true,
    colour: 0.3,
  };
  const draw = (
    changes: Partial<Augmentation>,
    [seed = 1, epoch = 0, picture = 0]: number[] = [],
    pixels = 100,
  ) =>
    drawChange({ ...augmentation, ...changes }, pixels, seed, epoch, picture);

  it("depends on seed, epoch and picture, and on nothing else", () => {
    const first = draw({}, [1, 2, 3]);
    draw({}, [1, 2, 4]);
    expect(draw({}, [1, 2, 3])).toEqual(first);
    for (const other of [
      [2, 2, 3],
      [1, 3, 3],
      [1, 2, 4],
    ])
      expect(draw({}, other)).not.toEqual(first);
  });

  it("takes parts of the wanted area and aspect, all over the picture", () => {
    const parts = Array.from({ length: 2000 }, (_, i) => draw({}, [1, 0, i]));
    const areas = parts.map(({ height, width }) => (height * width) / 1e4);
    expect(Math.min(...areas)).toBeGreaterThan(0.39);
    expect(Math.max(...areas)).toBeLessThanOrEqual(1);
    // uniform in [0.4, 1], less those that do not fit
    const mean = areas.reduce((a, b) => a + b) / areas.length;
    expect(mean).toBeGreaterThan(0.6);
    expect(mean).toBeLessThan(0.7);
    for (const { top, left, height, width } of parts) {
      expect(width / height).toBeGreaterThan(0.73);
      expect(width / height).toBeLessThan(1.37);
      expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      expect(top + height).toBeLessThanOrEqual(100);
      expect(left + width).toBeLessThanOrEqual(100);
    }
    const flips = parts.filter(({ flipped }) => flipped).length;
    expect(Math.abs(flips - 1000)).toBeLessThan(90);
    const factors = parts.flatMap((p) => [
      p.brightness,
      p.contrast,
      p.saturation,
    ]);
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.7);
    expect(Math.max(...factors)).toBeLessThanOrEqual(1.3);
  });

  it("shifts by every whole number of pixels alike", () => {
    const counts = new Map<number, number>();
    for (let i = 0; i < 2500; i++) {
      const crop = { kind: "padding", pixels: 2 } as const;
      const { top, height, width } = draw({ crop }, [1, 0, i]);
      expect([height, width]).toEqual([100, 100]);
      counts.set(top, (counts.get(top) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    for (const count of counts.values())
      expect(Math.abs(count - 500)).toBeLessThan(80);
  });

  it("is the whole picture as it is where all is off", () => {
    const off = { crop: { kind: "none" }, flip: false, colour: 0 } as const;
    expect(draw(off, [1, 5, 7], size)).toEqual(same);
  });
});
