/** The gallery as one HTML file that needs nothing else: pictures, script and style are inside it. */
import { Fault } from "../../../shared/fault";
import { onlyFile, type ExportFormatWriter } from "./format";
import { makeGrid } from "./grid";
import { pageHead, pageRow, pageTail, type TilePictures } from "./html-page";
import { encodePng } from "./encode";
import { readPicture, type ExportTile } from "./source";
import type { Contrast } from "../../../shared/domain";

/** Browsers hold a page as one text, and no text longer than this. */
const longestPage = 500_000_000;

export const html: ExportFormatWriter = {
  kind: "file",
  files: (job) => [onlyFile(job)],
  async write(job, stage, { signal, progress }) {
    const { source, contrast } = job;
    const grid = makeGrid(source);
    let length = 0;
    const add = async (text: string) => {
      length += text.length;
      if (length > longestPage)
        throw new Fault(
          "export-failed",
          `A page of ${source.tiles.length} pictures would be larger than browsers open.`,
          "Choose fewer rows, or export PNG tiles.",
        );
      await stage.append(onlyFile(job), text);
    };

    await add(pageHead(job, grid));
    let done = 0;
    for (const row of grid.rows) {
      const pictures = new Map<ExportTile, TilePictures>();
      for (const cell of row.cells) {
        signal.throwIfAborted();
        if (typeof cell === "string") continue;
        pictures.set(cell, await embed(cell, contrast));
        progress((done += cell.runs));
      }
      await add(pageRow(row, grid, pictures));
    }
    await add(pageTail(job, grid));
  },
};

/** Both pictures as data URIs; under the raw rule they are one. */
async function embed(
  tile: ExportTile,
  contrast: Contrast,
): Promise<TilePictures> {
  const picture = await readPicture(tile);
  const uri = async (rule: Contrast) =>
    `data:image/png;base64,${(await encodePng(picture, rule)).toString("base64")}`;
  const raw = await uri("raw");
  return { raw, ruled: contrast === "raw" ? null : await uri(contrast) };
}
