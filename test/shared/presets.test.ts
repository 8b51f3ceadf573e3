import { describe, expect, it } from "vitest";
import { preprocessOf } from "../../src/engine/network/preprocess";
import {
  isSame,
  presetFor,
  presetOf,
  presetsFor,
} from "../../src/shared/presets";
import type { Preset } from "../../src/shared/domain";

/** What a pixel p in 0..255 becomes in a channel of the network's order. */
function valueOf(preset: Preset, channels: number, p: number) {
  const preprocessing = presetFor(preset, channels);
  if (!preprocessing) throw new Error("no such preset");
  const made = preprocessOf({ input: [1, 1, channels], preprocessing });
  const x = p / 127.5 - 1;
  return {
    reversed: made?.reversed,
    values: made?.scale.map((scale, i) => x * scale + (made.offset[i] ?? NaN)),
  };
}

describe("presets", () => {
  it("map pixels as their names say", () => {
    // the grey level 100 by hand
    const at100: [Preset, number[], boolean][] = [
      ["unit", [100 / 255, 100 / 255, 100 / 255], false],
      ["signed", [-27.5 / 127.5, -27.5 / 127.5, -27.5 / 127.5], false],
      [
        "imagenet",
        [
          (100 / 255 - 0.485) / 0.229,
          (100 / 255 - 0.456) / 0.224,
          (100 / 255 - 0.406) / 0.225,
        ],
        false,
      ],
      ["caffe", [100 - 103.939, 100 - 116.779, 100 - 123.68], true],
    ];
    for (const [preset, expected, reversed] of at100) {
      const found = valueOf(preset, 3, 100);
      expect(found.reversed).toBe(reversed);
      for (const [i, value] of expected.entries())
        expect(found.values?.[i]).toBeCloseTo(value, 6);
    }
  });

  it("take the mean of the colours for one channel, and none for other numbers of channels", () => {
    expect(valueOf("imagenet", 1, 100).values?.[0]).toBeCloseTo(
      (100 / 255 - 0.449) / 0.226,
      6,
    );
    expect(valueOf("caffe", 1, 100).values?.[0]).toBeCloseTo(
      100 - (103.939 + 116.779 + 123.68) / 3,
      6,
    );
    expect(valueOf("unit", 4, 255).values).toEqual([1, 1, 1, 1]);
    expect(presetFor("imagenet", 4)).toBeNull();
    expect(presetFor("caffe", 2)).toBeNull();
    expect(presetsFor(4)).toEqual(["unit", "signed"]);
    expect(presetsFor(1)).toEqual(["unit", "signed", "imagenet", "caffe"]);
    // more channels than a preprocessing has places
    expect(presetFor("signed", 200)).toEqual({
      order: "RGB",
      mean: [127.5],
      std: [127.5],
    });
  });

  it("are known again by their numbers", () => {
    for (const channels of [1, 3, 5])
      for (const preset of presetsFor(channels))
        expect(presetOf(presetFor(preset, channels), channels)).toBe(preset);
    expect(presetOf(null, 3)).toBe("signed");
    const printed = {
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
    };
    expect(presetOf({ order: "RGB", ...printed }, 3)).toBe("imagenet");
    expect(presetOf({ order: "BGR", ...printed }, 3)).toBeNull();
    expect(presetOf({ order: "RGB", mean: [0], std: [255] }, 3)).toBe("unit");
    expect(presetOf({ order: "BGR", mean: [0], std: [255] }, 1)).toBe("unit");
    expect(presetOf({ order: "BGR", mean: [0], std: [255] }, 3)).toBeNull();
    expect(presetOf({ order: "RGB", mean: [0], std: [256] }, 3)).toBeNull();
    expect(
      presetOf({ order: "BGR", mean: [104, 117, 124], std: [1] }, 3),
    ).toBeNull();
  });

  it("are the same where every channel is", () => {
    const one = { order: "RGB", mean: [5], std: [2] } as const;
    expect(
      isSame(
        { ...one, mean: [5], std: [2] },
        { ...one, mean: [5, 5, 5], std: [2, 2, 2] },
        3,
      ),
    ).toBe(true);
    expect(
      isSame(
        { ...one, mean: [5], std: [2] },
        { ...one, mean: [5, 5, 6], std: [2, 2, 2] },
        3,
      ),
    ).toBe(false);
  });
});
