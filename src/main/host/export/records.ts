/** A copy of the gallery folder, with the chosen runs: it opens again as a gallery. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Fault } from "../../../shared/fault";
import type { ExportFormatWriter } from "./format";

const runFiles = ["run.json", "image.png", "image.npy", "steps.i16"] as const;

export const records: ExportFormatWriter = {
  kind: "folder",
  files: ({ source }) => [
    "gallery.json",
    ...source.tiles.flatMap(({ folder }) =>
      runFiles.map((file) => `${basename(folder)}/${file}`),
    ),
  ],
  /** Two galleries in one folder would open as neither. */
  async check({ source, out }) {
    const id = await galleryIdIn(out);
    if (id !== null && id !== source.gallery.id)
      throw new Fault(
        "export-failed",
        `${out} already holds another gallery.`,
        "Choose an empty folder.",
      );
  },
  async write({ source }, stage, { signal, progress }) {
    for (const [index, { folder }] of source.tiles.entries()) {
      signal.throwIfAborted();
      for (const file of runFiles)
        await stage.copy(`${basename(folder)}/${file}`, join(folder, file));
      progress(index + 1);
    }
    await stage.copy("gallery.json", join(source.folder, "gallery.json"));
  },
};

/** What the folder's gallery.json calls itself; null where there is none that can be read. */
async function galleryIdIn(folder: string): Promise<string | null> {
  try {
    const data: unknown = JSON.parse(
      await readFile(join(folder, "gallery.json"), "utf8"),
    );
    return typeof data === "object" &&
      data !== null &&
      "id" in data &&
      typeof data.id === "string"
      ? data.id
      : null;
  } catch {
    return null;
  }
}
