/** Small folders of class folders: coloured patterns that a network can tell apart. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { randomStream } from "../../../../src/engine";

export interface PictureOptions {
  readonly size?: number;
  readonly each?: number;
  readonly labels?: readonly string[];
  /** Standard deviation of the noise, in 0..255. */
  readonly noise?: number;
}

/** A class is a colour; every picture has noise of its own. */
export async function writePictures(
  folder: string,
  {
    size = 16,
    each = 10,
    labels = ["blue", "green", "red"],
    noise = 40,
  }: PictureOptions = {},
): Promise<string> {
  for (const [label, name] of labels.entries()) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < each; i++)
      await writeFile(
        join(folder, name, `picture_${String(i).padStart(2, "0")}.png`),
        await encode(colouredPixels(size, label, i, noise), size),
      );
  }
  return folder;
}

export function colouredPixels(
  size: number,
  label: number,
  index: number,
  noise: number,
): Uint8Array {
  const stream = randomStream(7, label, index);
  const pixels = new Uint8ClampedArray(size * size * 3);
  for (let i = 0; i < pixels.length; i++) {
    const bright = i % 3 === 2 - (label % 3) ? 170 : 90;
    pixels[i] = bright + noise * stream.normal();
  }
  return Uint8Array.from(pixels);
}

export function encode(pixels: Uint8Array, size: number): Promise<Buffer> {
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toBuffer();
}
