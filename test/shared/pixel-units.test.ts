import { describe, expect, it } from "vitest";
import {
  fromUnit,
  inUnit,
  preprocessingLine,
  suspectedUnit,
} from "../../src/shared/pixel-units";
import { presetFor } from "../../src/shared/presets";

const torch = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

describe("numbers for pixels in 0..1", () => {
  it("become numbers for 0..255 and come back with the same digits", () => {
    const full = fromUnit(torch, "0..1");
    expect(full.mean).toEqual([123.675, 116.28, 103.53]);
    expect(full.std).toEqual([58.395, 57.12, 57.375]);
    expect(inUnit(full, "0..1")).toEqual(torch);
    expect(inUnit(full, "0..255")).toEqual(full);
  });
});

describe("the unit that numbers seem to be in", () => {
  it.each([
    [torch, "0..255", "0..1"],
    [torch, "0..1", null],
    // MNIST's
    [{ mean: [0.1307], std: [0.3081] }, "0..255", "0..1"],
    [{ mean: [33.3], std: [78.6] }, "0..1", "0..255"],
    [{ mean: [33.3], std: [78.6] }, "0..255", null],
    // Caffe's means and raw pixels
    [{ mean: [103.939, 116.779, 123.68], std: [1, 1, 1] }, "0..255", null],
    [{ mean: [103.939, 116.779, 123.68], std: [1, 1, 1] }, "0..1", "0..255"],
    [{ mean: [0], std: [1] }, "0..255", null],
    [{ mean: [0], std: [1] }, "0..1", null],
    [{ mean: [0], std: [255] }, "0..1", "0..255"],
    [{ mean: [0.5], std: [0.5] }, "0..255", "0..1"],
  ] as const)("%j in %s: %s", (numbers, unit, suspected) => {
    const { mean, std } = numbers;
    expect(suspectedUnit({ mean: [...mean], std: [...std] }, unit)).toBe(
      suspected,
    );
  });
});

it("spells a preprocessing in the unit its framework uses", () => {
  expect(preprocessingLine(presetFor("imagenet", 3), 3)).toBe(
    "RGB, mean 0.485 / 0.456 / 0.406, std 0.229 / 0.224 / 0.225 (pixels in 0..1)",
  );
  expect(preprocessingLine(presetFor("caffe", 3), 3)).toMatch(
    /^BGR, mean 103\.9 .* std 1 \/ 1 \/ 1 \(pixels in 0\.\.255\)$/,
  );
  expect(preprocessingLine(null, 1)).toBe("mean 0.5, std 0.5 (pixels in 0..1)");
});
