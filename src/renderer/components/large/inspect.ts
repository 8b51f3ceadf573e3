import { pictureScale, type Picture } from "../../../shared/pictures";
import { pixelAt, type Point } from "./viewport";

export interface Reading {
  /** Counted from 0 at the top left. */
  readonly x: number;
  readonly y: number;
  /** One value a channel, x in [-1, 1], before any contrast rule. */
  readonly values: readonly number[];
}

/** What a picture holds at a fraction of its width and height. */
export function readPixel(picture: Picture, fraction: Point): Reading {
  const [height, width, channels] = picture.shape;
  const { x, y } = pixelAt(fraction, { width, height });
  const start = (y * width + x) * channels;
  return {
    x,
    y,
    values: Array.from(
      picture.values.subarray(start, start + channels),
      (value) => value / pictureScale,
    ),
  };
}

/** "+0.125", "−0.031": always signed and of one width, so that columns of figures stand still. */
export function spellValue(value: number): string {
  const size = Math.abs(value).toFixed(3);
  return `${value < 0 && Number(size) !== 0 ? "−" : "+"}${size}`;
}
