/** Picture files to images and back; an image is float32 [height, width, channel], x in [-1, 1]. */
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import sharp from "sharp";
import { Fault } from "../../shared/fault";
import { codeOf } from "./folder";
import { readNpy } from "./npy";

export type ImageShape = readonly [number, number, number];

/** How the picture formats that are decoded begin; documents such as SVG and PDF never reach a decoder. */
const signatures: readonly RegExp[] = [
  /^\x89PNG\r\n/,
  /^\xff\xd8\xff/,
  /^GIF8/,
  /^RIFF....WEBP/s,
  /^(II\*\0|MM\0\*|II\+\0|MM\0\+)/,
  /^....ftyp(avif|avis|heic|heix|mif1|msf1)/s,
];
const mostPixels = 100_000_000;
const largestFile = 512 * 1024 * 1024;

export interface LoadedImage {
  readonly shape: ImageShape;
  readonly values: Float32Array;
  /** What a user should know: values outside [-1, 1]. */
  readonly warnings: readonly string[];
}

export function isNpy(path: string): boolean {
  return path.toLowerCase().endsWith(".npy");
}

/** An image from a `.npy` file, used as it is. Throws a Fault `damaged-file`. */
export async function loadNpyImage(path: string): Promise<LoadedImage> {
  const title = basename(path);
  const { shape, values } = readNpy(await readSmall(path), title);
  const [height, width, channels, ...rest] = shape;
  if (!height || !width || !channels || rest.length > 0)
    throw new Fault(
      "damaged-file",
      `${title} has the shape (${shape.join(", ")}); an image is [height, width, channels].`,
    );
  let largest = 0;
  for (const x of values) {
    if (!Number.isFinite(x))
      throw new Fault(
        "damaged-file",
        `${title} holds values that are not finite numbers.`,
      );
    largest = Math.max(largest, Math.abs(x));
  }
  const warnings =
    largest > 1.001
      ? [
          `${title} reaches ${largest}; images are meant to lie in [-1, 1]. It is used as it is.`,
        ]
      : [];
  return { shape: [height, width, channels], values, warnings };
}

/**
 * An image for a network from a picture or a `.npy` file. A picture is scaled to the input, the whole of
 * it, on both axes; grey becomes RGB, transparency lies on middle grey. A `.npy` must have the input's shape.
 */
export async function loadImage(
  path: string,
  input: ImageShape,
): Promise<LoadedImage> {
  if (!isNpy(path)) return loadPicture(path, input);
  const image = await loadNpyImage(path);
  if (image.shape.some((d, i) => d !== input[i]))
    throw new Fault(
      "damaged-file",
      `${basename(path)} has the shape [${image.shape.join(", ")}]; the network's input is [${input.join(", ")}].`,
      "Give a picture, which is resized, or an array of the input's shape.",
    );
  return image;
}

async function loadPicture(
  path: string,
  shape: ImageShape,
): Promise<LoadedImage> {
  const title = basename(path);
  const channels = shape[2];
  if (channels !== 1 && channels !== 3)
    throw new Fault(
      "damaged-file",
      `${title} is a picture, but the network's input has ${channels} channels.`,
      "Give the image as a .npy file.",
    );
  const bytes = await decodePicture(await readSmall(path), title, shape);
  const values = Float32Array.from(bytes, (p) => p / 127.5 - 1);
  return { shape, values, warnings: [] };
}

/**
 * A picture file as bytes [height, width, channel], channel 1 or 3, the whole of it scaled to that size on both axes;
 * grey becomes RGB, transparency lies on middle grey. Throws a Fault `damaged-file` for what is no picture.
 */
export async function decodePicture(
  file: Uint8Array,
  title: string,
  [height, width, channels]: ImageShape,
): Promise<Uint8Array> {
  const refused = (error?: unknown) =>
    new Fault(
      "damaged-file",
      `${title} is not a picture that can be read${
        error instanceof Error ? ` (${error.message.split("\n")[0]})` : ""
      }.`,
      "Give a PNG, JPEG, WebP, TIFF, GIF or AVIF picture, or a .npy array.",
      { cause: error },
    );
  const start = Buffer.from(file.subarray(0, 16)).toString("latin1");
  if (!signatures.some((signature) => signature.test(start))) throw refused();
  try {
    const options = { limitInputPixels: mostPixels, failOn: "error" } as const;
    const bytes = await sharp(file, options)
      .autoOrient()
      .flatten({ background: "#808080" })
      // the triangle filter, widened when it shrinks: what networks are usually trained with
      .resize(width, height, {
        fit: "fill",
        kernel: "linear",
        fastShrinkOnLoad: false,
      })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw()
      .toBuffer();
    if (bytes.length !== height * width * channels) throw refused();
    return bytes;
  } catch (error) {
    throw error instanceof Fault ? error : refused(error);
  }
}

/** A PNG of an image: x in [-1, 1] as 0..255; one or two channels are grey, of more the first three are RGB. */
export async function encodePng(
  [height, width, channels]: ImageShape,
  image: Float32Array,
): Promise<Uint8Array> {
  const shown = channels >= 3 ? 3 : 1;
  const bytes = new Uint8ClampedArray(height * width * shown);
  for (let p = 0; p < height * width; p++)
    for (let c = 0; c < shown; c++)
      // a clamped array rounds
      bytes[p * shown + c] = ((image[p * channels + c] ?? 0) + 1) * 127.5;
  return sharp(bytes, { raw: { width, height, channels: shown } })
    .toColourspace(shown === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();
}

async function readSmall(path: string): Promise<Buffer> {
  try {
    const found = await stat(path);
    if (!found.isFile())
      throw new Fault("damaged-file", `${path} is not a file.`);
    if (found.size > largestFile)
      throw new Fault("damaged-file", `${path} is larger than 512 MiB.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      "damaged-file",
      codeOf(error) === "ENOENT"
        ? `There is no file ${path}.`
        : `${path} cannot be read (${codeOf(error)}).`,
      "",
      { cause: error },
    );
  }
}
