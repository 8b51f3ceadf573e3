/** Class folders, archives, and pictures of every kind. */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { lookAt } from "../../../../src/main/host/training/create";
import { classFolders } from "../../../../src/main/host/training/class-folders";
import { decodeTrainingPicture } from "../../../../src/main/host/training/pixels";
import { openSource } from "../../../../src/main/host/training/source";
import { encodeFault } from "../../../../src/shared/fault";
import { temporaryFolders } from "../../../support/temporary-folder";
import { writePictures } from "./pictures";

const temporary = temporaryFolders();
const bytes = Buffer.from("not looked into");

async function folderWith(...names: string[]): Promise<string> {
  const root = join(await temporary(), "data");
  await mkdir(root);
  for (const name of names) {
    await mkdir(join(root, name, ".."), { recursive: true });
    await writeFile(join(root, name), bytes);
  }
  return root;
}

describe("class folders", () => {
  it("are found in order, hidden files and what is no picture left alone", async () => {
    const root = await folderWith(
      ...["b/2.JPG", "b/1.png", "a/x.webp", "a/y.jpeg", "B/1.png", "B/2.tif"],
      ...["a/notes.txt", "a/.hidden.png", ".cache/1.png", "labels.csv"],
    );
    expect(await lookAt(root)).toEqual({
      name: "data",
      classes: [
        { label: "B", pictures: 2 },
        { label: "a", pictures: 2 },
        { label: "b", pictures: 2 },
      ],
    });
  });

  it("may lie in folders around them, and links are followed", async () => {
    const root = await folderWith("x/set/a/1.png", "x/set/b/1.png", "x/r.txt");
    await symlink(join(root, "x/set/a/1.png"), join(root, "x/set/a/2.png"));
    const found = classFolders(await openSource(root));
    expect(found.around).toBe("x/set/");
    expect(found.labels).toEqual(["a", "b"]);
    expect(found.pictures.map(({ label }) => label)).toEqual([0, 0, 1]);
  });

  it("leave out a picture beside them, by name", async () => {
    const root = await folderWith("cover.png", "a/1.png", "b/1.png");
    expect(classFolders(await openSource(root)).stray).toEqual(["cover.png"]);
  });

  it.each([
    [[], "data holds no pictures."],
    [["a/readme.txt"], "data holds no pictures."],
    [["1.png", "2.png"], "data holds pictures, but no folders of classes."],
    [["a/1.png", "a/2.png"], 'data holds one class, "a".'],
    [["a/1.png", "a/2.png", "b/1.png"], 'The class "b" has a single picture.'],
    [
      ["train/a/1.png", "train/b/1.png", "val/a/2.png"],
      "data is not a folder of class folders: train/a/1.png lies deeper.",
    ],
  ])("%j is refused", async (names, sentence) => {
    const root = await folderWith(...names);
    await expect(lookAt(root)).rejects.toThrow(sentence);
  });

  it("says what to choose where the data is divided already", async () => {
    const root = await folderWith("train/a/1.png", "test/a/2.png");
    const refused: unknown = await lookAt(root).catch((e: unknown) => e);
    expect(refused).toMatchObject({ code: "damaged-file" });
    expect(encodeFault(refused).remedy).toContain(
      "divided into test, train already",
    );
  });

  it("refuses what is neither there nor a folder", async () => {
    const root = await folderWith("data.zip");
    await expect(lookAt(join(root, "nowhere"))).rejects.toThrow("is not there");
    const packed: unknown = await lookAt(join(root, "data.zip")).catch(
      (e: unknown) => e,
    );
    expect(encodeFault(packed).remedy).toContain("Unpack it");
  });
});

describe("an archive", () => {
  // beyond the 100 bytes of a header's name
  const set = "a-set-of-pictures-with-a-name-that-is-long";
  const long = `${"long-name-".repeat(8)}.png`;

  async function archive(format: string) {
    const root = await temporary();
    await writePictures(join(root, set), { each: 2, labels: ["a", "b"] });
    const png = await readFile(join(root, set, "a/picture_00.png"));
    await writeFile(join(root, set, "b", long), png);
    const path = join(root, "set.tar");
    execFileSync("tar", [`--format=${format}`, "-cf", path, "-C", root, set]);
    return { root, path, png };
  }

  it.each(["ustar", "gnu", "pax"])(
    "in the format %s holds what the folder holds",
    async (format) => {
      const { root, path, png } = await archive(format);
      const [packed, open] = [await openSource(path), await openSource(root)];
      const inFolder = open.files.filter(({ path }) => path.endsWith(".png"));
      expect(packed.files).toEqual(inFolder);
      expect(packed.files.map((file) => file.path)).toContain(
        `${set}/b/${long}`,
      );
      for (const file of packed.files)
        expect(
          Buffer.from(await packed.read(file)).equals(
            Buffer.from(await open.read(file)),
          ),
        ).toBe(true);
      const named = packed.files.find((file) => file.path.endsWith(long));
      expect(named?.bytes).toBe(png.length);
      await packed.close();
    },
  );

  it("is refused where it ends early or is none", async () => {
    const { path, png } = await archive("ustar");
    const whole = await readFile(path);
    const cut = join(path, "../cut.tar");
    await writeFile(cut, whole.subarray(0, whole.indexOf(png) + 20));
    await expect(openSource(cut)).rejects.toThrow("it ends too early");
    await writeFile(cut, Buffer.alloc(2048, 7));
    await expect(openSource(cut)).rejects.toThrow("a header's sum is wrong");
    await writeFile(cut, Buffer.alloc(2048));
    await expect(openSource(cut)).rejects.toThrow("it holds no files");
  });
});

describe("a decoded picture", () => {
  async function decoded(
    make: (raw: Sharp) => Sharp,
    name = "p.png",
    colour: readonly number[] = [200, 100, 50],
  ) {
    const root = await temporary();
    const raw = { width: 6, height: 4, channels: colour.length as 1 | 3 | 4 };
    const pixels = Buffer.from(Array.from({ length: 24 }, () => colour).flat());
    await mkdir(join(root, "a"));
    const file = join(root, "a", name);
    await make(sharp(pixels, { raw })).toFile(file);
    const source = await openSource(root);
    const [first] = source.files;
    if (!first) throw new Error("no file");
    const values = await decodeTrainingPicture(source, first, 5);
    expect(values).toHaveLength(5 * 5 * 3);
    return [...values.subarray(0, 3)];
  }

  it("has its colours, grey three times, transparency on grey", async () => {
    expect(await decoded((raw) => raw.png())).toEqual([200, 100, 50]);
    const grey = await decoded(
      (raw) => raw.toColourspace("b-w").png(),
      "g.png",
      [90, 90, 90],
    );
    expect(grey).toEqual([90, 90, 90]);
    expect(await decoded((raw) => raw.png(), "t.png", [255, 0, 0, 0])).toEqual([
      128, 128, 128,
    ]);
  });

  it("has the colours of a CMYK jpeg, nearly", async () => {
    const [red = 0, green = 0, blue = 0] = await decoded(
      (raw) => raw.toColourspace("cmyk").jpeg({ quality: 100 }),
      "c.jpg",
    );
    expect(Math.abs(red - 200)).toBeLessThan(30);
    expect(Math.abs(green - 100)).toBeLessThan(30);
    expect(Math.abs(blue - 50)).toBeLessThan(40);
  });

  it("is refused where it is empty, damaged, or has changed", async () => {
    const root = await writePictures(await temporary(), { each: 1 });
    const path = join(root, "red/picture_00.png");
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length / 2));
    await writeFile(join(root, "red/empty.png"), "");
    const source = await openSource(root);
    const file = (name: string) => {
      const found = source.files.find((f) => f.path === `red/${name}`);
      if (!found) throw new Error(name);
      return found;
    };
    await expect(
      decodeTrainingPicture(source, file("picture_00.png"), 8),
    ).rejects.toThrow("red/picture_00.png is not a picture that can be read");
    await expect(
      decodeTrainingPicture(source, file("empty.png"), 8),
    ).rejects.toThrow("red/empty.png is empty");
    await writeFile(path, whole);
    await expect(
      decodeTrainingPicture(source, file("picture_00.png"), 8),
    ).rejects.toThrow("has changed since the experiment began");
    await rm(path);
    await expect(
      decodeTrainingPicture(source, file("picture_00.png"), 8),
    ).rejects.toThrow("picture_00.png is not there");
  });
});
