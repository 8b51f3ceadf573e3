/** A folder of pictures, or of class folders with pictures, as experiments read it. */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ImageSource } from "../../../engine";
import { Fault } from "../../../shared/fault";
import { isImageName } from "../../../shared/network-files";
import { loadImage } from "../images";

/** Enough for every experiment; of a larger folder the first ones count. */
const most = 100_000;
/** An archive's own folder, and one more. */
const deepest = 3;

interface Picture {
  readonly path: string;
  readonly label: number;
}

/**
 * The pictures of a folder. Where folders in it hold pictures, these are the classes, in the order of their names, and
 * pictures beside them do not count; a folder that holds nothing but one folder, as archives make it, is passed through.
 * Nothing is decoded before it is asked for. Throws a Fault `invalid-request` where there are no pictures.
 */
export async function imageFolder(path: string): Promise<ImageSource> {
  let found: { classes: string[]; pictures: Picture[] };
  let id: string;
  try {
    found = await search(path, deepest);
    id = await identify(path, found.pictures);
  } catch (error) {
    throw new Fault(
      "invalid-request",
      `The folder of pictures cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      "Choose another folder.",
      { cause: error },
    );
  }
  const { classes, pictures } = found;
  if (pictures.length === 0)
    throw new Fault(
      "invalid-request",
      "The folder holds no pictures.",
      "Choose a folder with PNG, JPEG or WebP pictures, or with a folder of them for each class.",
    );
  return {
    id,
    count: pictures.length,
    classes,
    async load(indices, shape) {
      const size = shape[0] * shape[1] * shape[2];
      const images = new Float32Array(indices.length * size);
      const labels = new Int32Array(indices.length);
      for (const [i, index] of indices.entries()) {
        const picture = pictures[index];
        if (!picture) throw new RangeError(`no picture ${index}`);
        images.set((await loadImage(picture.path, shape)).values, i * size);
        labels[i] = picture.label;
      }
      return { images, labels };
    },
  };
}

async function search(
  path: string,
  depth: number,
): Promise<{ classes: string[]; pictures: Picture[] }> {
  const { files, folders } = await list(path);
  const [only] = folders;
  if (files.length === 0 && only && folders.length === 1 && depth > 1) {
    const inside = await search(join(path, only), depth - 1);
    if (inside.classes.length > 0) return inside;
  }
  const classes: string[] = [];
  const pictures: Picture[] = [];
  for (const name of folders) {
    const inside = await list(join(path, name));
    if (inside.files.length === 0) continue;
    classes.push(name);
    for (const file of inside.files)
      pictures.push({
        path: join(path, name, file),
        label: classes.length - 1,
      });
  }
  if (classes.length > 0) return { classes, pictures: pictures.slice(0, most) };
  return {
    classes,
    pictures: files
      .slice(0, most)
      .map((file) => ({ path: join(path, file), label: 0 })),
  };
}

/** Names of pictures and folders, in order; hidden ones do not count. */
async function list(
  path: string,
): Promise<{ files: string[]; folders: string[] }> {
  const entries = (await readdir(path, { withFileTypes: true }))
    .filter(({ name }) => !name.startsWith("."))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    files: entries
      .filter((entry) => entry.isFile() && isImageName(entry.name))
      .map(({ name }) => name),
    folders: entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name),
  };
}

/** Names, sizes and times of change of all pictures as one short text; not what they show. */
async function identify(
  path: string,
  pictures: readonly Picture[],
): Promise<string> {
  const hash = createHash("sha256");
  const together = 64;
  for (let first = 0; first < pictures.length; first += together) {
    const some = pictures.slice(first, first + together);
    const found = await Promise.all(some.map((one) => stat(one.path)));
    found.forEach(({ size, mtimeMs }, i) => {
      const name = some[i]?.path.slice(path.length) ?? "";
      hash.update(`${name} ${size} ${mtimeMs}\n`);
    });
  }
  return hash.digest("hex").slice(0, 32);
}
