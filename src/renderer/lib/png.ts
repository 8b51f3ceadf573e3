import { applyContrast } from "../../shared/contrast";
import type { Contrast } from "../../shared/domain";
import type { Picture } from "../../shared/pictures";

/** A picture under the contrast rule as PNG bytes, one picture value a pixel. */
export async function pngOf(
  picture: Picture,
  contrast: Contrast,
): Promise<Uint8Array> {
  const [height, width] = picture.shape;
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  applyContrast(picture, contrast, image.data);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("There is no canvas to draw on.");
  context.putImageData(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return new Uint8Array(await blob.arrayBuffer());
}
