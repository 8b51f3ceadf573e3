/** The images as float32 arrays, x in [-1, 1], [height, width, channel], one file a run. */
import { writeNpy } from "../npy";
import type { ExportFormatWriter, ExportJob } from "./format";
import { fileStems } from "./names";
import { readImage } from "./source";

export const npy: ExportFormatWriter = {
  kind: "folder",
  files: names,
  async write(job, stage, { signal, progress }) {
    const files = names(job);
    for (const [index, tile] of job.source.tiles.entries()) {
      signal.throwIfAborted();
      const { shape, values } = await readImage(tile);
      await stage.write(files[index] ?? "", writeNpy(shape, values));
      progress(index + 1);
    }
  },
};

function names({ source }: ExportJob): string[] {
  return fileStems(source.tiles.map(({ run }) => run)).map(
    (stem) => `${stem}.npy`,
  );
}
