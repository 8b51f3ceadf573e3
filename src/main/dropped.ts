import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { DroppedFile } from "../shared/bridge";

/** The file that makes a folder a gallery. */
const galleryFile = "gallery.json";

/** What something that was dropped is to be opened as: a folder of records is a gallery, all else a network. */
export async function kindOfDropped(
  path: string,
): Promise<DroppedFile["kind"]> {
  if (basename(path) === galleryFile) return "gallery";
  const found = await stat(join(path, galleryFile)).catch(() => null);
  return found?.isFile() ? "gallery" : "network";
}
