/** Pictures as PNG bytes. */
import sharp, { type Sharp } from "sharp";
import { applyContrast } from "../../../shared/contrast";
import type { Contrast } from "../../../shared/domain";
import type { Picture } from "../../../shared/pictures";

/** A picture under a rule, ready to encode: grey for one and two channels, RGB for three and more. */
export function rendered(picture: Picture, rule: Contrast): Sharp {
  const [height, width, channels] = picture.shape;
  const rgba = new Uint8ClampedArray(height * width * 4);
  applyContrast(picture, rule, rgba);
  const image = sharp(rgba, { raw: { width, height, channels: 4 } });
  return channels < 3 ? image.extractChannel(0) : image.removeAlpha();
}

export function encodePng(picture: Picture, rule: Contrast): Promise<Buffer> {
  return rendered(picture, rule).png().toBuffer();
}

/** Text for XML: markup escaped, and characters XML 1.0 cannot hold removed. */
export function escapeXml(text: string): string {
  return text
    .replace(
      /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu,
      "",
    )
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
