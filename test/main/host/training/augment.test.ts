import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  applyChange,
  drawChange,
  type Change,
} from "../../../../src/main/host/training/augment";
import { epochBatches } from "../../../../src/main/host/training/batches";
import { addNoise } from "../../../../src/main/host/training/noise";
import { Pixels } from "../../../../src/main/host/training/pixels";
import { turnPixels } from "../../../../src/main/host/training/turn";
import {
  augmentationSchema,
  type Augmentation,
} from "../../../../src/shared/training";
import { colouredPixels, encode } from "./pictures";

const size = 4;
/** p(y, x, channel) = 10 y + x + 50 channel. */
const ramp = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
  const place = Math.floor(i / 3);
  return 10 * Math.floor(place / size) + (place % size) + 50 * (i % 3);
});
const same: Change = {
  ...{ top: 0, left: 0, height: size, width: size, flipped: false },
  ...{ brightness: 1, contrast: 1, saturation: 1, angle: 0, noise: null },
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

describe("a turned picture", () => {
  const places = [0, 1, 2, 3];
  const square = (value: (y: number, x: number) => number) =>
    places.map((y) => places.map((x) => value(y, x)));

  it("is transposed and turned around by quarters, counter-clockwise", () => {
    const quarter = square((y, x) => 10 * x + (3 - y));
    close(changed({ angle: 90 }), quarter);
    close(
      changed({ angle: 90 }, ramp, 2),
      quarter.map((row) => row.map((p) => p + 100)),
    );
    close(
      changed({ angle: -90 }),
      square((y, x) => 10 * (3 - x) + y),
    );
    close(
      changed({ angle: 180 }),
      square((y, x) => 10 * (3 - y) + (3 - x)),
    );
    // left and right are exchanged after it
    close(
      changed({ angle: 90, flipped: true }),
      square((y, x) => 10 * (3 - x) + (3 - y)),
    );
  });

  it.each([
    [30, same],
    [-170, same],
    [45, { top: 1, left: 2, height: 2, width: 2 }],
    [-20, { top: 0, left: 1, height: 4, width: 2 }],
    [10, { top: -1, left: 2, height: 4, width: 4 }],
  ])(
    "by %d degrees is a plane where the picture is one, part %j",
    (angle, part) => {
      // bilinear interpolation gives a plane back, and held coordinates are edges repeated
      const held = (at: number) => Math.min(3, Math.max(0, at));
      const { top, left, height, width } = part;
      const radians = (angle * Math.PI) / 180;
      const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
      const expected = square((y, x) => {
        const dy = ((y + 0.5) / 4 - 0.5) * height;
        const dx = ((x + 0.5) / 4 - 0.5) * width;
        const atY = top + height / 2 + sine * dx + cosine * dy - 0.5;
        const atX = left + width / 2 + cosine * dx - sine * dy - 0.5;
        return 10 * held(atY) + held(atX);
      });
      close(changed({ ...same, ...part, angle }), expected);
      close(
        changed({ ...same, ...part, angle, flipped: true }),
        expected.map((row) => row.toReversed()),
      );
    },
  );

  it("by no angle is the picture that is not turned, to the bit", () => {
    const side = 24;
    const pixels = colouredPixels(side, 0, 0, 60);
    for (const [top, left, flipped] of [
      [0, 0, false],
      [-2, 3, false],
      [2, -1, true],
    ] as const) {
      const part = { top, left, height: side, width: side, flipped, angle: 0 };
      const plain = new Float32Array(side * side * 3);
      applyChange(pixels, side, { ...same, ...part }, plain, 0);
      const turned = new Float32Array(side * side * 3);
      turnPixels(pixels, side, part, turned, 0);
      expect(turned.map((p) => p / 127.5 - 1)).toEqual(plain);
    }
  });
});

describe("noise", () => {
  const noise = { deviation: 0.1, seed: 1, epoch: 2, picture: 3 };

  it("is normal with the deviation that is asked for", () => {
    const n = 400_000;
    const values = new Float32Array(n);
    addNoise(values, 0, n, { ...noise, deviation: 1 });
    const moment = (power: number) =>
      values.reduce((sum, v) => sum + v ** power, 0) / n;
    // four standard errors of each moment of n normal numbers
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    // P(|z| > bound), the last two within the tail of its own
    for (const [bound, share] of [
      [0.5, 0.617075077],
      [1, 0.317310508],
      [2, 0.045500264],
      [3, 0.002699796],
      [3.5, 0.000465258],
      [4, 0.0000633425],
    ] as const) {
      const found = values.filter((v) => Math.abs(v) > bound).length;
      const error = Math.sqrt(n * share * (1 - share));
      expect(Math.abs(found - n * share), `${bound}`).toBeLessThan(4 * error);
    }
    const neighbours = values
      .subarray(1)
      .reduce((sum, v, i) => sum + v * (values[i] ?? 0), 0);
    expect(Math.abs(neighbours / n)).toBeLessThan(4 / Math.sqrt(n));
  });

  it("is added after the colours, and leaves the range", () => {
    const side = 64;
    const n = side * side * 3;
    const white = new Uint8Array(n).fill(255);
    const out = new Float32Array(n);
    const change = { ...same, height: side, width: side, contrast: 1.1, noise };
    applyChange(white, side, change, out, 0);
    const added = out.map((x) => x - 1);
    const square = added.reduce((sum, v) => sum + v * v, 0) / n;
    expect(Math.abs(Math.sqrt(square) - 0.1)).toBeLessThan(
      (4 * 0.1) / Math.sqrt(2 * n),
    );
    expect(Math.max(...out)).toBeGreaterThan(1.2);
  });

  it("depends on seed, epoch and picture alone", () => {
    const drawn = (changes: Partial<typeof noise>) => {
      const out = new Float32Array(12);
      addNoise(out, 2, 12, { ...noise, ...changes });
      expect([...out.subarray(0, 2)]).toEqual([0, 0]);
      return out;
    };
    const first = drawn({});
    for (const other of [{ seed: 2 }, { epoch: 3 }, { picture: 4 }])
      expect(drawn(other)).not.toEqual(first);
    expect(drawn({})).toEqual(first);
  });
});

describe("what a picture becomes", () => {
  const augmentation: Augmentation = {
    crop: { kind: "area", least: 0.4 },
    flip: true,
    colour: 0.3,
    rotation: 0,
    noise: 0,
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

  it("turns evenly either way, and changes nothing else by it", () => {
    const n = 2000;
    const angles = Array.from({ length: n }, (_, i) => {
      const turned = draw({ rotation: 30, noise: 0.2 }, [1, 4, i]);
      expect(turned).toEqual({
        ...draw({}, [1, 4, i]),
        angle: turned.angle,
        noise: { deviation: 0.2, seed: 1, epoch: 4, picture: i },
      });
      return turned.angle;
    });
    expect(Math.max(...angles.map(Math.abs))).toBeLessThanOrEqual(30);
    // uniform in [-30, 30]: the deviation is 60 / sqrt(12), in each third a third
    const mean = angles.reduce((a, b) => a + b) / n;
    expect(Math.abs(mean)).toBeLessThan((4 * 60) / Math.sqrt(12 * n));
    for (const from of [-30, -10, 10]) {
      const found = angles.filter((a) => a >= from && a < from + 20).length;
      expect(Math.abs(found - n / 3)).toBeLessThan(4 * Math.sqrt((n * 2) / 9));
    }
  });

  /** Of float32 pictures of plans that knew neither turns nor noise. */
  it.each([
    [
      { kind: "area", least: 0.4 },
      "7056b2d8e1c3fd6135c133dbfedefbd30a5aa90d171bca26a7af90384a345773",
    ],
    [
      { kind: "padding", pixels: 3 },
      "6246004f0c83cebfa6474140837d47118b8132abbd3a7bd8ca07640fdc74bb18",
    ],
  ])("is what it was before there were turns and noise, %j", (crop, digest) => {
    const side = 24;
    const each = side * side * 3;
    const pixels = Uint8Array.from(
      { length: each },
      (_, i) => (i * 7919 + (i >> 3) * 31) % 256,
    );
    const plan = augmentationSchema.parse({ crop, flip: true, colour: 0.3 });
    expect(plan).toEqual({ crop, flip: true, colour: 0.3, rotation: 0, noise: 0 }); // prettier-ignore
    const out = new Float32Array(8 * each);
    for (let i = 0; i < 8; i++)
      applyChange(pixels, side, drawChange(plan, side, 5, 2, i), out, i * each);
    const bytes = new Uint8Array(out.buffer);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(digest);
  });
});

describe("a batch of turned pictures with noise", () => {
  it("has the labels and the order of one without", async () => {
    const pictures = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const content = await encode(colouredPixels(16, i, i, 20), 16);
        const path = String(i);
        return { content, path, bytes: content.length, label: i, part: "train" } as const; // prettier-ignore
      }),
    );
    const source = {
      name: "pictures",
      files: pictures,
      read: ({ path }: { path: string }) =>
        Promise.resolve(pictures[Number(path)]?.content ?? Buffer.of()),
      close: () => Promise.resolve(),
    };
    const batchOf = (rotation: number, noise: number) =>
      epochBatches(
        {
          pixels: new Pixels(source, pictures, { size: 16, budget: 1e6 }),
          pictures,
          trained: pictures.map((_, i) => i),
          ...{ batch: 12, size: 16 },
          augmentation: {
            ...{ crop: { kind: "none" }, flip: false, colour: 0 },
            ...{ rotation, noise },
          },
        },
        1,
        1,
        0,
      ).next();
    const plain = await batchOf(0, 0);
    const turned = await batchOf(20, 0.05);
    expect([...turned.labels].sort((a, b) => a - b)).toEqual(
      pictures.map((_, i) => i),
    );
    expect(turned.labels).toEqual(plain.labels);
    expect(turned.images).not.toEqual(plain.images);
    expect(await batchOf(20, 0.05)).toEqual(turned);
    // each picture is still its own: the mean colour stays, whatever the turn
    const each = 16 * 16 * 3;
    for (const [i, label] of turned.labels.entries()) {
      const means = [0, 1, 2].map((channel) => {
        let sum = 0;
        for (let j = channel; j < each; j += 3)
          sum += turned.images[i * each + j] ?? NaN;
        return sum / 256;
      });
      expect(means.indexOf(Math.max(...means))).toBe(2 - (label % 3));
    }
  });
});
