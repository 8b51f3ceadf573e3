import type { Contrast } from "../../../shared/domain";
import { applyContrast } from "../../../shared/contrast";
import type { Picture } from "../../../shared/pictures";
import { isSharp, type Rect, type Size, visiblePart } from "./viewport";
import { stripOf } from "./wipe";

/** A picture ready to be drawn at any zoom: one canvas pixel a picture pixel. */
export interface Drawable extends Size {
  readonly canvas: OffscreenCanvas;
}

export function drawableOf(
  rgba: Uint8ClampedArray<ArrayBuffer>,
  width: number,
  height: number,
): Drawable {
  const canvas = new OffscreenCanvas(width, height);
  canvas
    .getContext("2d")
    ?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return { canvas, width, height };
}

export function drawPicture(picture: Picture, contrast: Contrast): Drawable {
  const [height, width] = picture.shape;
  const rgba = new Uint8ClampedArray(height * width * 4);
  applyContrast(picture, contrast, rgba);
  return drawableOf(rgba, width, height);
}

export interface Scene {
  /** Drawn over each other in `rect`, each in its strip between the dividers; null leaves a strip empty. */
  readonly layers: readonly (Drawable | null)[];
  readonly dividers: readonly number[];
  /** Where the pictures lie, in CSS pixels of the pane. */
  readonly rect: Rect;
  readonly pane: Size;
  /** Device pixels for one CSS pixel. */
  readonly ratio: number;
}

/** Paints a pane afresh. The canvas holds `pane` times `ratio` device pixels. */
export function paintScene(canvas: HTMLCanvasElement, scene: Scene): void {
  const { layers, dividers, rect, pane, ratio } = scene;
  const width = Math.max(1, Math.round(pane.width * ratio));
  const height = Math.max(1, Math.round(pane.height * ratio));
  // Setting a size clears the canvas even where it stays the same.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, pane.width, pane.height);
  const seen = visiblePart(rect, pane);
  layers.forEach((layer, index) => {
    if (!layer) return;
    const { from, to } = stripOf(dividers, index);
    if (to <= from) return;
    context.save();
    context.beginPath();
    context.rect(
      seen.x + from * seen.width,
      seen.y,
      (to - from) * seen.width,
      seen.height,
    );
    context.clip();
    context.imageSmoothingEnabled = !isSharp(rect.width / layer.width);
    context.imageSmoothingQuality = "high";
    const box = containIn(rect, layer);
    context.drawImage(layer.canvas, box.x, box.y, box.width, box.height);
    context.restore();
  });
}

/** Pictures of another shape than the first keep their own inside its place. */
function containIn(rect: Rect, picture: Size): Rect {
  const scale = Math.min(
    rect.width / picture.width,
    rect.height / picture.height,
  );
  const width = picture.width * scale;
  const height = picture.height * scale;
  return {
    x: rect.x + (rect.width - width) / 2,
    y: rect.y + (rect.height - height) / 2,
    width,
    height,
  };
}
