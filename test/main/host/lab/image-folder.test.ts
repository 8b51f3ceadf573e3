import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { encodePng } from "../../../../src/main/host/images";
import { imageFolder } from "../../../../src/main/host/lab/image-folder";
import { temporaryFolders } from "../../../support/temporary-folder";

const temporary = temporaryFolders();
const shape = [1, 1, 1] as const;

/** Writes pictures of one gray pixel, by path and value x. */
async function write(
  folder: string,
  pictures: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [path, x] of Object.entries(pictures)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    const file = await encodePng(shape, Float32Array.of(x));
    await writeFile(join(folder, path), file);
  }
}

it("takes class folders in the order of their names, and passes through an archive's folder", async () => {
  const folder = await temporary();
  await write(folder, {
    "data/b/1.png": 1,
    "data/a/2.png": -1,
    "data/a/1.PNG": 0,
    "data/.hidden/1.png": 0,
    "data/beside.png": 0,
  });
  await mkdir(join(folder, "data/empty"));
  await writeFile(join(folder, "data/a/notes.txt"), "no picture");
  const found = await imageFolder(folder);
  expect(found.classes).toEqual(["a", "b"]);
  expect(found.count).toBe(3);
  const { images, labels } = await found.load([2, 1, 0], shape);
  expect([...labels]).toEqual([1, 0, 0]);
  // 0 is the level 128 of 0..255
  expect([...images]).toEqual([1, -1, Math.fround(128 / 127.5 - 1)]);
});

it("takes a single folder of pictures for one class", async () => {
  const folder = await temporary();
  await write(folder, { "only/1.png": 1, "only/2.png": 1 });
  const { classes, count } = await imageFolder(folder);
  expect([classes, count]).toEqual([["only"], 2]);
});

it("takes pictures side by side, without classes", async () => {
  const folder = await temporary();
  await write(folder, { "2.png": -1, "1.png": 1 });
  const found = await imageFolder(folder);
  expect(found.classes).toEqual([]);
  expect([...(await found.load([0, 1], shape)).images]).toEqual([1, -1]);
});

it("has another id when a picture has changed or has come", async () => {
  const folder = await temporary();
  await write(folder, { "1.png": -1 });
  const ids = [(await imageFolder(folder)).id];
  expect((await imageFolder(folder)).id).toBe(ids[0]);
  await utimes(join(folder, "1.png"), 1, 1);
  ids.push((await imageFolder(folder)).id);
  await write(folder, { "2.png": -1 });
  ids.push((await imageFolder(folder)).id);
  expect(new Set(ids).size).toBe(3);
});

it("refuses a folder without pictures, and none at all", async () => {
  const folder = await temporary();
  await mkdir(join(folder, "a/b/c/d"), { recursive: true });
  await expect(imageFolder(folder)).rejects.toThrow(/holds no pictures/);
  await expect(imageFolder(join(folder, "nowhere"))).rejects.toThrow(
    /cannot be read/,
  );
});
