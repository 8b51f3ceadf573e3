/** A contact sheet: two rows of pictures a network, as a JPEG. */
import sharp from "sharp";
import { applyContrast } from "../../src/shared/contrast";
import { toPicture } from "../../src/shared/pictures";

export interface SheetRow {
  readonly title: string;
  readonly above: string;
  readonly below: string;
  /** [height, width, channel] */
  readonly shape: readonly [number, number, number];
  /** x in [-1, 1] */
  readonly plain: readonly Float32Array[];
  readonly measured: readonly Float32Array[];
}

const gap = 6;
const line = 18;

/** Two networks side by side, each picture `px` wide, contrast ±3 sigma within [-1, 1]. */
export async function writeSheet(
  file: string,
  rows: readonly SheetRow[],
  px: number,
): Promise<void> {
  const most = Math.max(1, ...rows.map(({ plain }) => plain.length));
  const width = most * (px + gap) + 2 * gap;
  const height = 2 * (px + gap) + 3 * line + gap;
  const texts = [];
  const drawn = [];
  for (const [i, row] of rows.entries()) {
    const left = (i % 2) * width + gap;
    const top = Math.floor(i / 2) * height + gap;
    const second = top + 2 * line + px + gap;
    texts.push(text(left, top, width, [row.title, row.above]));
    texts.push(text(left, second, width, [row.below]));
    drawn.push(...pictures(row, row.plain, left, top + 2 * line, px));
    drawn.push(...pictures(row, row.measured, left, second + line, px));
  }
  const pieces = [...texts, ...(await Promise.all(drawn))];
  await sharp({
    create: {
      width: Math.min(2, rows.length) * width,
      height: Math.ceil(rows.length / 2) * height + gap,
      channels: 3,
      background: "#ffffff",
    },
  })
    .composite(pieces)
    .jpeg({ quality: 55, mozjpeg: true })
    .toFile(file);
}

function pictures(
  { shape }: SheetRow,
  images: readonly Float32Array[],
  left: number,
  top: number,
  px: number,
) {
  const [height, width] = shape;
  return images.map(async (image, i) => {
    const rgba = new Uint8ClampedArray(height * width * 4);
    applyContrast(toPicture(shape, image), "sigma", rgba);
    const input = await sharp(rgba, { raw: { width, height, channels: 4 } })
      .resize(px, px, { kernel: height < px ? "nearest" : "lanczos3" })
      .png()
      .toBuffer();
    return { input, left: left + i * (px + gap), top };
  });
}

function text(
  left: number,
  top: number,
  width: number,
  lines: readonly string[],
) {
  const spans = lines
    .map(
      (words, i) =>
        `<text x="0" y="${13 + i * line}"${i === 0 && lines.length > 1 ? ' font-weight="bold"' : ""}>${words.replace(/[&<]/g, "")}</text>`,
    )
    .join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${lines.length * line}" font-family="sans-serif" font-size="12">${spans}</svg>`;
  return { input: Buffer.from(svg), left, top };
}
