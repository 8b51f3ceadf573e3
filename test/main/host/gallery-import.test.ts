import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  finishRun,
  runFiles,
  writeGalleryRecord,
} from "../../../src/main/host/gallery-folder";
import { lockFile } from "../../../src/main/host/folder-lock";
import { PartFolder } from "../../../src/main/host/part-folder";
import { Library } from "../../../src/main/host/library";
import type { RunRecord } from "../../../src/shared/domain";
import { toPicture } from "../../../src/shared/pictures";
import { storedGallery, storedRun } from "../../../src/shared/stored";
import { galleryRecord, runRecord } from "../../support/records";
import { holdLock, killed } from "../../support/hold-lock";
import { temporaryFolders } from "../../support/temporary-folder";

const temporary = temporaryFolders();
const image = new Float32Array([-1, -0.5, 0.5, 1]);
const { signal } = new AbortController();
const second = runRecord({
  id: "7-2-proxygrad-0.1",
  tile: { row: 1, column: 1, seed: 0 },
  target: { kind: "logit", index: 7 },
  label: "bee",
  method: { kind: "proxygrad", slope: 0.1 },
  backwardSlope: 0.1,
  score: -4,
});

function int16(values: Float32Array): Uint8Array {
  return new Uint8Array(toPicture([2, 2, 1], values).values.buffer);
}

async function storeRun(folder: string, record: RunRecord) {
  const part = await PartFolder.create(folder, record.id);
  await part.append(runFiles.steps, int16(image.map((x) => x / 2)));
  await part.append(runFiles.steps, int16(image));
  await finishRun(part, record, image);
}

/** A gallery of two runs, as an export of records or `proxima render` leaves it. */
async function exported(): Promise<string> {
  const folder = join(await temporary(), "copy");
  await mkdir(folder);
  await writeGalleryRecord(folder, galleryRecord());
  await storeRun(folder, runRecord());
  await storeRun(folder, second);
  return folder;
}

async function emptyLibrary(): Promise<Library> {
  return Library.open(join(await temporary(), "library"));
}

/** Changes a JSON file of a run or of the gallery. */
async function change(path: string, changes: object): Promise<void> {
  const before = JSON.parse(await readFile(path, "utf8")) as object;
  await writeFile(path, JSON.stringify({ ...before, ...changes }));
}

describe("a gallery's folder", () => {
  it("comes into the library with its records and pictures, and nothing else", async () => {
    const library = await emptyLibrary();
    const folder = await exported();
    await writeFile(join(folder, "notes.txt"), "mine");
    await writeFile(join(folder, "3-1-relu", "virus.exe"), "no");
    await mkdir(join(folder, "holiday"));
    await mkdir(join(folder, ".part-1-3-2-relu"));
    const progress: [number, number][] = [];
    const found = await library.import(folder, {
      signal,
      progress: (...at) => progress.push(at),
    });
    expect(found).toEqual({ id: "first", added: true, damaged: [] });
    expect(progress).toEqual([1, 2, 3, 4].map((done) => [done, 4]));
    expect(await library.get("first")).toEqual({
      gallery: galleryRecord(),
      runs: [runRecord(), second],
      damaged: [],
    });
    const copied = await readdir(library.folder, { recursive: true });
    const files = Object.values(runFiles);
    expect(copied.sort()).toEqual(
      [
        "first",
        "first/gallery.json",
        ...["3-1-relu", second.id].flatMap((run) => [
          `first/${run}`,
          ...files.map((file) => `first/${run}/${file}`),
        ]),
      ].sort(),
    );
    for (const file of [runFiles.picture, runFiles.values, runFiles.steps])
      expect(
        await readFile(join(library.folder, "first/3-1-relu", file)),
      ).toEqual(await readFile(join(folder, "3-1-relu", file)));
    expect((await library.picture("first", second.id, 10)).bytes).toEqual(
      int16(image),
    );
    // Nobody else's folder was touched.
    expect(await readdir(folder)).toContain("notes.txt");
  });

  it("is known again, by its gallery.json and with fewer runs too", async () => {
    const library = await emptyLibrary();
    const folder = await exported();
    await library.import(folder, { signal });
    const again = { id: "first", added: false, damaged: [] };
    expect(
      await library.import(join(folder, "gallery.json"), { signal }),
    ).toEqual(again);
    await rm(join(folder, second.id), { recursive: true });
    expect(await library.import(folder, { signal })).toEqual(again);
    expect((await library.get("first"))?.runs).toHaveLength(2);
    // The library's own folder is the gallery itself.
    expect(
      await library.import(join(library.folder, "first"), { signal }),
    ).toEqual(again);
  });

  it("with the name of another gallery gets a name of its own, once", async () => {
    const library = await emptyLibrary();
    const folder = await exported();
    await library.import(folder, { signal });
    const steps = join(folder, "3-1-relu", runFiles.steps);
    await writeFile(steps, Buffer.alloc(16, 7));
    const other = await library.import(folder, { signal });
    expect(other).toMatchObject({ added: true });
    expect(other.id).toMatch(/^first-[0-9a-f]{8}$/);
    expect(await library.import(folder, { signal })).toEqual({
      ...other,
      added: false,
    });
    expect(
      (await library.picture("first", "3-1-relu", 5)).bytes,
      "what was there stays",
    ).toEqual(int16(image.map((x) => x / 2)));
    expect((await library.picture(other.id, "3-1-relu", 5)).bytes).toEqual(
      new Uint8Array(8).fill(7),
    );
    const stored = await readFile(
      join(library.folder, other.id, "3-1-relu/run.json"),
      "utf8",
    );
    expect(JSON.parse(stored)).toMatchObject({ gallery: other.id });
  });

  it("calls renamed runs as their folders are called", async () => {
    const library = await emptyLibrary();
    const folder = await exported();
    await rename(join(folder, "3-1-relu"), join(folder, "best"));
    await library.import(folder, { signal });
    const stored = await library.get("first");
    expect(stored?.runs.map((run) => run.id)).toEqual(["best", second.id]);
  });

  it("is left out where it is damaged, run by run", async () => {
    const run = (name: string) => join(name, "3-1-relu");
    const cases: [string, (folder: string) => Promise<unknown>][] = [
      [
        "steps.i16 has 15 bytes instead of 16",
        (f) => truncate(join(run(f), runFiles.steps), 15),
      ],
      ["image.npy is missing", (f) => rm(join(run(f), runFiles.values))],
      [
        "should hold 4 float32 values",
        (f) => truncate(join(run(f), runFiles.values), 140),
      ],
      [
        "image.npy has the shape [2, 2, 1] instead of [1, 4, 1]",
        (f) => change(join(run(f), "run.json"), { shape: [1, 4, 1] }),
      ],
      [
        "a picture of -2 × -2 × 1 is not possible",
        (f) => change(join(run(f), "run.json"), { shape: [-2, -2, 1] }),
      ],
      [
        "a picture of 100000 × 100000 × 100 is not possible",
        (f) =>
          change(join(run(f), "run.json"), { shape: [100000, 100000, 100] }),
      ],
      [
        "image.png is not a PNG of 2 × 2",
        (f) => writeFile(join(run(f), runFiles.picture), "GIF89a"),
      ],
      [
        "its kept steps are in disorder",
        (f) => change(join(run(f), "run.json"), { kept: [10, 5] }),
      ],
      [
        "its class is not that of row 2",
        (f) =>
          change(join(run(f), "run.json"), {
            tile: { row: 1, column: 0, seed: 0 },
          }),
      ],
      [
        "its method is not that of column 10",
        (f) =>
          change(join(run(f), "run.json"), {
            tile: { row: 0, column: 9, seed: 0 },
          }),
      ],
      [
        `has version ${storedRun.version + 1}; this Proxima reads versions up to ${storedRun.version}`,
        (f) =>
          change(join(run(f), "run.json"), { version: storedRun.version + 1 }),
      ],
      ["run.json cannot be read", (f) => truncate(join(run(f), "run.json"), 9)],
      [
        "steps.i16 is a link",
        async (f) => {
          const steps = join(run(f), runFiles.steps);
          await rename(steps, join(f, "elsewhere"));
          await symlink(join(f, "elsewhere"), steps);
        },
      ],
      [
        "it is a link",
        async (f) => {
          await rename(run(f), join(f, "..", "outside"));
          await symlink(join(f, "..", "outside"), run(f));
        },
      ],
    ];
    for (const [why, damage] of cases) {
      const library = await emptyLibrary();
      const folder = await exported();
      await damage(folder);
      const { damaged } = await library.import(folder, { signal });
      expect(damaged, why).toHaveLength(1);
      expect(damaged[0]).toMatch(/^3-1-relu: /);
      expect(damaged[0]).toContain(why);
      expect((await library.get("first"))?.runs, why).toEqual([second]);
    }
  });

  it("holds one run in a place", async () => {
    const library = await emptyLibrary();
    const folder = await exported();
    await cp(join(folder, "3-1-relu"), join(folder, "3-1-relu-copy"), {
      recursive: true,
    });
    expect((await library.import(folder, { signal })).damaged).toEqual([
      "3-1-relu-copy: another run has its place.",
    ]);
  });
});

describe("what is refused as a whole", () => {
  const cases: [string, string, (folder: string) => Promise<unknown>][] = [
    [
      "no gallery",
      "gallery.json is missing",
      (f) => rm(join(f, "gallery.json")),
    ],
    ["nothing", "There is nothing at", (f) => rm(f, { recursive: true })],
    [
      "another version",
      `gallery.json has version ${storedGallery.version + 1}; this Proxima reads versions up to ${storedGallery.version}`,
      (f) =>
        change(join(f, "gallery.json"), { version: storedGallery.version + 1 }),
    ],
    [
      "another program's file",
      "was not written by Proxima",
      (f) => writeFile(join(f, "gallery.json"), "{}"),
    ],
    [
      "an id that leads out",
      "gallery.json is damaged: id",
      (f) => change(join(f, "gallery.json"), { id: "../../etc" }),
    ],
    [
      "labels that are missing",
      "gallery.json has 1 labels for 2 classes",
      (f) => change(join(f, "gallery.json"), { labels: ["ant"] }),
    ],
    [
      "a linked record",
      "gallery.json is a link",
      async (f) => {
        await rename(join(f, "gallery.json"), join(f, "real.json"));
        await symlink(join(f, "real.json"), join(f, "gallery.json"));
      },
    ],
    [
      "nothing sound",
      "No run of copy can be read. 3-1-relu: steps.i16 is missing. 7-2-proxygrad-0.1: image.npy is missing.",
      async (f) => {
        await rm(join(f, "3-1-relu", runFiles.steps));
        await rm(join(f, second.id, runFiles.values));
      },
    ],
    [
      "no run",
      "holds a gallery without a single run",
      async (f) => {
        await rm(join(f, "3-1-relu"), { recursive: true });
        await rm(join(f, second.id), { recursive: true });
      },
    ],
  ];
  it.each(cases)("%s", async (_, message, damage) => {
    const library = await emptyLibrary();
    const folder = await exported();
    await damage(folder);
    await expect(library.import(folder, { signal })).rejects.toMatchObject({
      code: "damaged-file",
      message: expect.stringContaining(message) as unknown,
    });
    expect(await readdir(library.folder)).toEqual([]);
  });
});

describe("an import that does not come to its end", () => {
  it("leaves nothing where it is cancelled", async () => {
    const library = await emptyLibrary();
    const folder = await exported();
    for (const at of [1, 3, 4]) {
      const abort = new AbortController();
      const progress = (done: number) => {
        if (done === at) abort.abort();
      };
      await expect(
        library.import(folder, { signal: abort.signal, progress }),
      ).rejects.toMatchObject({ name: "AbortError" });
      expect(await readdir(library.folder)).toEqual([]);
    }
  });

  it("says where the library cannot be written", async () => {
    const library = await emptyLibrary();
    const folder = await exported();
    await rm(library.folder, { recursive: true });
    await writeFile(library.folder, "in the way");
    await expect(library.import(folder, { signal })).rejects.toMatchObject({
      code: "export-failed",
      message: expect.stringContaining("could not be written") as unknown,
    });
    expect(await readFile(library.folder, "utf8")).toBe("in the way");
  });

  it("is swept away once its process is gone", async () => {
    const library = await emptyLibrary();
    const left = join(library.folder, ".part-4999999-first");
    await mkdir(join(left, "3-1-relu"), { recursive: true });
    const other = await holdLock(join(left, lockFile));
    await Library.open(library.folder);
    expect(await readdir(library.folder)).toHaveLength(1);
    await killed(other);
    await Library.open(library.folder);
    expect(await readdir(library.folder)).toEqual([]);
  });

  it("waits for another one of the same gallery", async () => {
    const library = await emptyLibrary();
    const folder = await exported();
    const both = await Promise.all([
      library.import(folder, { signal }),
      library.import(folder, { signal }),
    ]);
    expect(both.map(({ added }) => added)).toEqual([true, false]);
  });
});
