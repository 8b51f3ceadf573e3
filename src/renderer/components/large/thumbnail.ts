import type { Contrast } from "../../../shared/domain";
import type { Picture } from "../../../shared/pictures";
import { drawPicture } from "./drawable";

/** Paints a picture whole and centred into a square of `size` CSS pixels; the picture itself is not kept. */
export function paintThumbnail(
  canvas: HTMLCanvasElement,
  picture: Picture,
  contrast: Contrast,
  size: number,
): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const edge = Math.max(1, Math.round(size * window.devicePixelRatio));
  canvas.width = edge;
  canvas.height = edge;
  const drawable = drawPicture(picture, contrast);
  const scale = Math.min(edge / drawable.width, edge / drawable.height);
  const width = drawable.width * scale;
  const height = drawable.height * scale;
  context.imageSmoothingQuality = "high";
  context.drawImage(
    drawable.canvas,
    (edge - width) / 2,
    (edge - height) / 2,
    width,
    height,
  );
}
