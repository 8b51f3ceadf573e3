import {
  mkdir,
  readdir,
  readFile,
  rename,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import { lockFile } from "../../../src/main/host/folder-lock";
import {
  finishRun,
  readGallery,
  runFiles,
  writeGalleryRecord,
} from "../../../src/main/host/gallery-folder";
import { Library } from "../../../src/main/host/library";
import { readNpy } from "../../../src/main/host/npy";
import { PartFolder } from "../../../src/main/host/part-folder";
import { runId } from "../../../src/main/host/run-id";
import type { RunRecord } from "../../../src/shared/domain";
import { toPicture } from "../../../src/shared/pictures";
import { storedGallery, storedRun } from "../../../src/shared/stored";
import { galleryRecord, runRecord } from "../../support/records";
import { holdLock, killed } from "../../support/hold-lock";
import { temporaryFolders } from "../../support/temporary-folder";

const temporary = temporaryFolders();
const laterGallery = storedGallery.version + 1;
const image = new Float32Array([-1, -0.5, 0.5, 1]);

function int16(values: Float32Array): Uint8Array {
  return new Uint8Array(toPicture([2, 2, 1], values).values.buffer);
}
async function storeRun(folder: string, record: RunRecord = runRecord()) {
  const part = await PartFolder.create(folder, record.id);
  await part.append(runFiles.steps, int16(image.map((x) => x / 2)));
  await part.append(runFiles.steps, int16(image));
  await finishRun(part, record, image);
}
async function storeGallery(library: Library, id: string, createdAt: string) {
  const { folder } = await library.begin(galleryRecord({ id, createdAt }));
  await storeRun(folder, runRecord({ gallery: id }));
  await library.end(id);
  return folder;
}

describe("a gallery's folder", () => {
  it("names runs by target, column and method, and by seed where there are several", () => {
    const target = { kind: "logit", index: 144 } as const;
    expect(runId(target, 2, { kind: "proxygrad", slope: 0.1 }, null)).toBe(
      "144-3-proxygrad-0.1",
    );
    expect(
      runId(target, 0, { kind: "slopes", forward: 0, backward: 0.5 }, 7),
    ).toBe("144-1-slopes-0-0.5-s7");
  });

  it("holds the record, the raw picture, the floats and the kept steps", async () => {
    const folder = await temporary();
    await writeGalleryRecord(folder, galleryRecord());
    await storeRun(folder);
    const run = join(folder, "3-1-relu");
    expect((await readdir(folder)).sort()).toEqual([
      "3-1-relu",
      "gallery.json",
    ]);
    expect((await readdir(run)).sort()).toEqual(Object.values(runFiles).sort());
    expect(readNpy(await readFile(join(run, "image.npy")), "").values).toEqual(
      image,
    );
    const png = sharp(await readFile(join(run, "image.png")));
    expect([...(await png.toColourspace("b-w").raw().toBuffer())]).toEqual([
      0, 64, 191, 255,
    ]);
    const stored = await readGallery(folder);
    expect(stored).toEqual({
      gallery: galleryRecord(),
      runs: [runRecord()],
      damaged: [],
    });
  });

  it("counts damaged runs and ignores foreign folders and half runs", async () => {
    const folder = await temporary();
    await writeGalleryRecord(folder, galleryRecord());
    await storeRun(
      folder,
      runRecord({
        id: "7-1-relu",
        tile: { row: 1, column: 0, seed: 0 },
        target: { kind: "logit", index: 7 },
      }),
    );
    await storeRun(folder);
    await mkdir(join(folder, "broken"));
    await writeFile(
      join(folder, "broken", "run.json"),
      '{"format":"proxima-run"',
    );
    await mkdir(join(folder, "newer"));
    await writeFile(
      join(folder, "newer", "run.json"),
      JSON.stringify({ ...runRecord(), version: storedRun.version + 1 }),
    );
    await mkdir(join(folder, "holiday pictures"));
    await mkdir(join(folder, "notes"));
    await PartFolder.create(folder, "3-2-relu");
    const stored = await readGallery(folder);
    expect(stored.runs.map((run) => run.id)).toEqual(["3-1-relu", "7-1-relu"]);
    expect(stored.damaged).toEqual([
      expect.stringMatching(/broken\/run.json cannot be read/),
      expect.stringContaining(`has version ${storedRun.version + 1}`),
    ]);
  });

  it("refuses a later version and never overwrites it", async () => {
    const folder = await temporary();
    const later = JSON.stringify({ ...galleryRecord(), version: laterGallery });
    await writeFile(join(folder, "gallery.json"), later);
    await expect(readGallery(folder)).rejects.toThrow(
      `has version ${laterGallery}`,
    );
    await expect(writeGalleryRecord(folder, galleryRecord())).rejects.toThrow(
      `has version ${laterGallery}`,
    );
    expect(await readFile(join(folder, "gallery.json"), "utf8")).toBe(later);
  });

  it("replaces a run as a whole", async () => {
    const folder = await temporary();
    await writeGalleryRecord(folder, galleryRecord());
    await storeRun(folder);
    await writeFile(join(folder, "3-1-relu", "stale.txt"), "");
    await storeRun(folder, runRecord({ score: 9 }));
    expect((await readGallery(folder)).runs[0]?.score).toBe(9);
    expect(await readdir(join(folder, "3-1-relu"))).not.toContain("stale.txt");
  });
});

describe("the library", () => {
  it("lists galleries, the latest first, and counts what it skips", async () => {
    const root = await temporary();
    const library = await Library.open(join(root, "new", "library"));
    await storeGallery(library, "old", "2026-01-01T00:00:00.000Z");
    await storeGallery(library, "young", "2026-02-01T00:00:00.000Z");
    await mkdir(join(library.folder, "foreign"));
    await writeFile(join(library.folder, "notes.txt"), "mine");
    await mkdir(join(library.folder, "damaged"));
    await writeFile(join(library.folder, "damaged", "gallery.json"), "{");
    const { galleries, skipped } = await library.list();
    expect(galleries.map((g) => g.id)).toEqual(["young", "old"]);
    expect(skipped).toBe(2);
    expect(galleries[0]).toMatchObject({
      network: "Toy",
      labels: ["ant", "bee"],
      methods: ["ReLU", "ProxyGrad 0.1"],
      runs: 1,
      cover: [runRecord().id],
    });
    expect((await library.get(null))?.gallery.id).toBe("young");
    expect((await library.get("old"))?.runs).toEqual([
      runRecord({ gallery: "old" }),
    ]);
    await expect(library.get("damaged")).rejects.toMatchObject({
      code: "damaged-file",
    });
    await expect(library.get("../old")).rejects.toMatchObject({
      code: "invalid-request",
    });
  });

  it("has nothing to give where there is nothing", async () => {
    const library = await Library.open(await temporary());
    expect(await library.get(null)).toBeNull();
    expect(await library.size()).toEqual({ bytes: 0, galleries: 0, runs: 0 });
  });

  it("gives the picture of the nearest kept step at or before", async () => {
    const library = await Library.open(await temporary());
    await storeGallery(library, "a", "2026-01-01T00:00:00.000Z");
    const at = (step: number) => library.picture("a", "3-1-relu", step);
    const [half, whole] = [int16(image.map((x) => x / 2)), int16(image)];
    expect(await at(0)).toEqual({ shape: [2, 2, 1], step: 5, bytes: half });
    expect(await at(9)).toEqual({ shape: [2, 2, 1], step: 5, bytes: half });
    expect(await at(10)).toEqual({ shape: [2, 2, 1], step: 10, bytes: whole });
    expect((await at(99)).step).toBe(10);
    await expect(library.picture("a", "4-1-relu", 0)).rejects.toMatchObject({
      code: "damaged-file",
    });
    await writeFile(
      join(library.folder, "a", "3-1-relu", runFiles.steps),
      "short",
    );
    await expect(at(10)).rejects.toThrow("cannot be read");
  });

  it("deletes into the trash and restores from it", async () => {
    const library = await Library.open(await temporary());
    await storeGallery(library, "a", "2026-01-01T00:00:00.000Z");
    const before = await library.get("a");
    const size = await library.size();
    await library.delete("a");
    expect((await library.list()).galleries).toEqual([]);
    expect(await library.size()).toEqual({
      bytes: size.bytes,
      galleries: 0,
      runs: 0,
    });
    await library.restore("a");
    expect(await library.get("a")).toEqual(before);
    await expect(library.restore("a")).rejects.toMatchObject({
      code: "invalid-request",
    });
    await library.delete("a");
    await storeGallery(library, "a", "2026-03-01T00:00:00.000Z");
    await expect(library.restore("a")).rejects.toThrow("already");
    expect((await library.get("a"))?.gallery.createdAt).toBe(
      "2026-03-01T00:00:00.000Z",
    );
  });

  it("keeps a gallery that is being computed, and drops one without runs", async () => {
    const library = await Library.open(await temporary());
    const { folder } = await library.begin(galleryRecord());
    await storeRun(folder);
    await expect(library.delete("first")).rejects.toThrow(
      "still being computed",
    );
    await library.clear();
    expect((await library.list()).galleries).toHaveLength(1);
    await library.end("first");
    await library.delete("first");
    await library.begin(galleryRecord({ id: "empty" }));
    await library.end("empty");
    expect(await readdir(library.folder)).toEqual([".trash"]);
  });

  it("clears its own and nothing else", async () => {
    const library = await Library.open(await temporary());
    await storeGallery(library, "a", "2026-01-01T00:00:00.000Z");
    await storeGallery(library, "b", "2026-01-01T00:00:00.000Z");
    await library.delete("b");
    await writeFile(join(library.folder, "notes.txt"), "mine");
    await mkdir(join(library.folder, "foreign"));
    await mkdir(join(library.folder, "later"));
    await writeFile(
      join(library.folder, "later", "gallery.json"),
      JSON.stringify({ ...galleryRecord(), version: laterGallery }),
    );
    await library.clear();
    expect((await readdir(library.folder)).sort()).toEqual([
      ".trash",
      "foreign",
      "later",
      "notes.txt",
    ]);
    expect(await readdir(join(library.folder, ".trash"))).toEqual([]);
  });

  it("sweeps what a killed process left, not what a living one is writing", async () => {
    const root = await temporary();
    const library = await Library.open(root);
    const folder = await storeGallery(library, "a", "2026-01-01T00:00:00.000Z");
    const part = join(folder, ".part-4999999-3-2-relu");
    await mkdir(part);
    const other = await holdLock(join(folder, lockFile));
    await Library.open(root);
    expect(await readdir(folder)).toContain(".part-4999999-3-2-relu");
    await expect(library.delete("a")).rejects.toThrow(
      /^Another Proxima \(process \d+ on .+\) is computing /,
    );
    await library.clear();
    expect(await readdir(root)).toContain("a");
    await killed(other);
    // a run that was being replaced
    await rename(join(folder, "3-1-relu"), join(folder, ".replaced-3-1-relu"));
    expect((await library.get("a"))?.runs.map(({ id }) => id)).toEqual([
      "3-1-relu",
    ]);
    await Library.open(root);
    expect((await readdir(folder)).sort()).toEqual([
      "3-1-relu",
      "gallery.json",
    ]);
  });

  it("lets go of galleries whose run was killed before it stored one", async () => {
    const root = await temporary();
    const library = await Library.open(root);
    await library.begin(galleryRecord({ id: "running" }));
    const empty = join(root, "empty");
    await mkdir(join(empty, ".part-1-3-1-relu"), { recursive: true });
    await writeGalleryRecord(empty, galleryRecord({ id: "empty" }));
    await mkdir(join(root, "notes"));
    await Library.open(root);
    expect((await readdir(root)).sort()).toEqual(["notes", "running"]);
    await library.end("running");
  });

  it("empties its trash after a week, and not for a clock that jumps once", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const root = await temporary();
      const trash = () => readdir(join(root, ".trash"));
      vi.setSystemTime("2026-01-01");
      const library = await Library.open(root);
      await storeGallery(library, "a", "2026-01-01T00:00:00.000Z");
      await library.delete("a");
      expect(await trash()).toContain("a");
      // the clock is wrong for one start, and right again at the next
      vi.setSystemTime("2031-01-01");
      await Library.open(root);
      vi.setSystemTime("2026-01-02");
      await Library.open(root);
      expect(await trash()).toContain("a");
      // copying a library changes the times of its files, not the record
      await utimes(join(root, ".trash", "a"), 0, 0);
      await Library.open(root);
      await Library.open(root);
      expect(await trash()).toContain("a");
      vi.setSystemTime("2026-01-09");
      await Library.open(root);
      expect(await trash()).toContain("a");
      await Library.open(root);
      expect(await trash()).toEqual([]);
      // what an older version deleted has no record: its week begins now
      await mkdir(join(root, ".trash", "b"));
      await Library.open(root);
      vi.setSystemTime("2026-01-15");
      await Library.open(root);
      await Library.open(root);
      expect(await trash()).toContain("b");
    } finally {
      vi.useRealTimers();
    }
  });

  it("says why it cannot be opened", async () => {
    const root = await temporary();
    await writeFile(join(root, "file"), "");
    await expect(
      Library.open(join(root, "file", "library")),
    ).rejects.toMatchObject({
      code: "export-failed",
      message: expect.stringContaining(
        "a part of its path is a file",
      ) as unknown,
    });
  });
});
