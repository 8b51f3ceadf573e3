/** A folder of pictures, or of class folders with pictures, as experiments read it. */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ImageSource } from "../../../engine";
import { Fault } from "../../../shared/fault";
import { loadImage } from "../images";

const pictureName = /\.(png|jpe?g|webp|tiff?|gif|avif)$/i;
/** Enough for every experiment; a larger folder is cut. */
const most = 100_000;

/** Throws a Fault `invalid-request` where there are no pictures. */
export async function imageFolder(path: string): Promise<ImageSource> {
  const classes: string[] = [];
  const files: { path: string; label: number }[] = [];
  const hash = createHash("sha256");
  const add = async (file: string, label: number) => {
    if (files.length >= most) return;
    const { size, mtimeMs } = await stat(file);
    hash.update(`${relative(path, file)} ${size} ${mtimeMs}\n`);
    files.push({ path: file, label });
  };
  try {
    for (const entry of await sorted(path)) {
      if (entry.isFile() && pictureName.test(entry.name))
        await add(join(path, entry.name), 0);
      if (!entry.isDirectory()) continue;
      const inside = (await sorted(join(path, entry.name))).filter(
        (file) => file.isFile() && pictureName.test(file.name),
      );
      if (inside.length === 0) continue;
      classes.push(entry.name);
      for (const file of inside)
        await add(join(path, entry.name, file.name), classes.length - 1);
    }
  } catch (error) {
    throw new Fault(
      "invalid-request",
      `The folder of pictures cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      "Choose another folder.",
      { cause: error },
    );
  }
  if (files.length === 0)
    throw new Fault(
      "invalid-request",
      "The folder holds no pictures.",
      "Choose a folder with PNG, JPEG or WebP pictures, or with a folder of them for each class.",
    );
  return {
    id: hash.digest("hex").slice(0, 32),
    count: files.length,
    classes,
    async load(indices, shape) {
      const size = shape[0] * shape[1] * shape[2];
      const images = new Float32Array(indices.length * size);
      const labels = new Int32Array(indices.length);
      for (const [i, index] of indices.entries()) {
        const file = files[index];
        if (!file) throw new RangeError(`no picture ${index}`);
        images.set((await loadImage(file.path, shape)).values, i * size);
        labels[i] = file.label;
      }
      return { images, labels };
    },
  };
}

async function sorted(path: string) {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
