import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  encodePng,
  loadImage,
  loadNpyImage,
} from "../../../src/main/host/images";
import { writeNpy } from "../../../src/main/host/npy";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proxima-images-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function save(name: string, bytes: Uint8Array | string) {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}
/** A picture of one colour; bytes per pixel decide its kind. */
function plain(width: number, height: number, pixel: readonly number[]) {
  const channels = pixel.length as 1 | 2 | 3 | 4; // what sharp calls raw channels
  return sharp(
    Uint8Array.from(
      { length: width * height * channels },
      (_, i) => pixel[i % channels] ?? 0,
    ),
    { raw: { width, height, channels } },
  );
}
function channelsOf(values: Float32Array, channels: number) {
  return Array.from({ length: channels }, (_, c) =>
    [...new Set(values.filter((_, i) => i % channels === c))].map((x) =>
      Math.round((x + 1) * 127.5),
    ),
  );
}

describe("loading pictures", () => {
  it("maps 0..255 to [-1, 1], pixel for pixel at the input's size", async () => {
    const pixels = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i * 15);
    const path = await save(
      "exact.png",
      await sharp(pixels, { raw: { width: 3, height: 2, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const image = await loadImage(path, [2, 3, 3]);
    expect(image.shape).toEqual([2, 3, 3]);
    expect(image.values).toEqual(
      Float32Array.from(pixels, (p) => p / 127.5 - 1),
    );
  });

  it("scales the whole picture on both axes, without cropping", async () => {
    // left half black, right half white; 40 x 10 becomes 4 x 4
    const pixels = Uint8Array.from({ length: 40 * 10 * 3 }, (_, i) =>
      Math.floor(i / 3) % 40 < 20 ? 0 : 255,
    );
    const path = await save(
      "wide.png",
      await sharp(pixels, { raw: { width: 40, height: 10, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const { values } = await loadImage(path, [4, 4, 3]);
    for (let y = 0; y < 4; y++) {
      expect(values[(y * 4 + 0) * 3]).toBe(-1);
      expect(values[(y * 4 + 3) * 3]).toBe(1);
    }
  });

  it.each([
    ["grey", [60], [[60], [60], [60]]],
    ["grey with alpha", [60, 255], [[60], [60], [60]]],
    ["RGB", [10, 20, 30], [[10], [20], [30]]],
    ["transparent, on middle grey", [10, 20, 30, 0], [[128], [128], [128]]],
  ])("reads %s", async (name, pixel, expected) => {
    const path = await save(
      `${name}.png`,
      await plain(5, 7, pixel).png().toBuffer(),
    );
    const { values } = await loadImage(path, [8, 8, 3]);
    expect(channelsOf(values, 3)).toEqual(expected);
  });

  it("reads 16-bit, single-pixel and palette pictures", async () => {
    const deep = await sharp(new Uint16Array(16).fill(0x4000), {
      raw: { width: 4, height: 4, channels: 1 },
    })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
    const { values } = await loadImage(await save("deep.png", deep), [4, 4, 3]);
    expect(channelsOf(values, 3)).toEqual([[64], [64], [64]]);
    const one = await loadImage(join(folder, "deep.png"), [3, 5, 1]);
    expect(channelsOf(one.values, 1)).toEqual([[64]]);
    const colour = await sharp(
      new Uint16Array(48).map((_, i) => [0x2000, 0x8000, 0xffff][i % 3] ?? 0),
      { raw: { width: 4, height: 4, channels: 3 } },
    )
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    expect((await sharp(colour).metadata()).depth).toBe("ushort");
    const three = await loadImage(await save("deep3.png", colour), [4, 4, 3]);
    expect(channelsOf(three.values, 3)).toEqual([[32], [128], [255]]);

    const tiny = await plain(1, 1, [200, 100, 50])
      .png({ palette: true })
      .toBuffer();
    const image = await loadImage(await save("tiny.png", tiny), [6, 5, 3]);
    expect(channelsOf(image.values, 3)).toEqual([[200], [100], [50]]);
  });

  it("turns the picture as its EXIF says, and makes one channel of three", async () => {
    const pixels = Uint8Array.from([255, 255, 255, 0, 0, 0]); // white, then black
    const path = await save(
      "turned.jpg",
      await sharp(pixels, { raw: { width: 2, height: 1, channels: 3 } })
        .resize(64, 32, { kernel: "nearest" })
        .jpeg({ quality: 100 })
        .withMetadata({ orientation: 6 })
        .toBuffer(),
    );
    const { values } = await loadImage(path, [2, 2, 1]);
    expect([...values].map((x) => Math.round(x))).toEqual([1, 1, -1, -1]);
  });

  it("uses an array as it is", async () => {
    const x = Float32Array.from({ length: 12 }, (_, i) => i / 11 - 0.5);
    const path = await save("x.npy", writeNpy([2, 2, 3], x));
    expect((await loadImage(path, [2, 2, 3])).values).toEqual(x);
    await expect(loadImage(path, [2, 3, 3])).rejects.toThrow(
      "has the shape [2, 2, 3]; the network's input is [2, 3, 3]",
    );
  });

  it("warns of an array outside [-1, 1] and refuses one that is not finite", async () => {
    const far = await save(
      "far.npy",
      writeNpy([1, 1, 1], new Float32Array([254])),
    );
    expect((await loadNpyImage(far)).warnings[0]).toContain("reaches 254");
    const nan = await save(
      "nan.npy",
      writeNpy([1, 1, 1], new Float32Array([NaN])),
    );
    await expect(loadNpyImage(nan)).rejects.toThrow("not finite");
    const flat = await save("flat.npy", writeNpy([4], new Float32Array(4)));
    await expect(loadNpyImage(flat)).rejects.toThrow(
      "[height, width, channels]",
    );
  });

  it.each([
    ["text.png", "this is no picture"],
    ["empty.jpg", ""],
    [
      "drawing.svg",
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    ],
    ["cut.png", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")],
  ])("refuses %s with a sentence", async (name, bytes) => {
    const path = await save(name, bytes);
    await expect(loadImage(path, [4, 4, 3])).rejects.toMatchObject({
      code: "damaged-file",
      message: expect.stringContaining(`${name} is not a picture`) as unknown,
    });
  });

  it("refuses a picture cut off in the middle, a missing file and a folder", async () => {
    const whole = await sharp({
      create: {
        width: 200,
        height: 200,
        channels: 3,
        background: "red",
        noise: { type: "gaussian", mean: 128, sigma: 60 },
      },
    })
      .jpeg()
      .toBuffer();
    const cut = await save("half.jpg", whole.subarray(0, whole.length / 2));
    await expect(loadImage(cut, [4, 4, 3])).rejects.toThrow("half.jpg");
    await expect(loadImage(join(folder, "no.png"), [4, 4, 3])).rejects.toThrow(
      "There is no file",
    );
    await expect(loadImage(folder, [4, 4, 3])).rejects.toThrow("is not a file");
    await expect(loadImage(cut, [4, 4, 5])).rejects.toThrow("5 channels");
  });
});

describe("encoding PNG", () => {
  it("shows [-1, 1] as 0..255, clipped, grey for one channel, three of more", async () => {
    const grey = await encodePng([1, 3, 1], new Float32Array([-1, 0.5, 3]));
    expect([
      ...(await sharp(grey).toColourspace("b-w").raw().toBuffer()),
    ]).toEqual([0, 191, 255]);
    expect((await sharp(grey).metadata()).channels).toBe(1);
    const many = await encodePng([1, 1, 5], new Float32Array([-1, 0, 1, 9, 9]));
    expect([...(await sharp(many).raw().toBuffer())]).toEqual([0, 128, 255]);
  });
});
