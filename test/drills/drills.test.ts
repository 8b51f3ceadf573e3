/** Kills and bad disks, in processes of their own. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGallery, readPicture } from "../../src/main/host/gallery-folder";
import { Library } from "../../src/main/host/library";
import { canMount, withReadOnly, withSmallDisk } from "../support/mounts";
import { temporaryFolders } from "../support/temporary-folder";

const temporary = temporaryFolders();
const root = join(import.meta.dirname, "../..");
const out = join(root, "out/drills");
const program = join(out, "drill.js");
const killing = join(import.meta.dirname, "kill-at.mjs");

beforeAll(async () => {
  await build({
    root,
    configFile: false,
    logLevel: "error",
    build: { ssr: "test/drills/drill.ts", outDir: out },
  });
}, 60_000);
afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

/** In every how many changes of the file system there is a kill: PROXIMA_DRILLS=1 kills everywhere. */
const every = Number(process.env["PROXIMA_DRILLS"] ?? 4);

/** Runs a drill; `killAt`: it is killed before its n-th change of the file system. */
function drill(args: readonly string[], killAt = 0) {
  const ran = spawnSync(
    process.execPath,
    ["--import", killing, program, ...args],
    {
      encoding: "utf8",
      env: { ...process.env, DRILL_KILL_AT: String(killAt) },
    },
  );
  return { ...ran, wasKilled: ran.signal === "SIGKILL" };
}

/** For the shell. */
const run = (name: string, ...folders: readonly string[]) =>
  `"${process.execPath}" "${program}" ${name} ${folders.map((folder) => `"${folder}"`).join(" ")}`;

describe("a kill", () => {
  it("anywhere inside --force leaves no run of the old gallery under the new one's names", async () => {
    const folder = join(await temporary(), "gallery");
    let kills = 0;
    for (let at = 1; ; at += every) {
      // to and fro
      const method = kills % 2 === 0 ? "relu" : "leaky";
      const { wasKilled, stderr } = drill(["force", folder, method], at);
      if (!wasKilled) {
        expect(stderr).toBe("");
        break;
      }
      kills += 1;
      const found = await readGallery(folder).catch(() => null);
      if (!found) continue;
      // every run is the gallery's that is there, and nothing had to be left out
      expect(found.damaged, `kill ${at}`).toEqual([]);
      for (const { gallery } of found.runs)
        expect(gallery, `kill ${at}`).toBe(found.gallery.id);
      for (const { id } of found.runs)
        expect((await readPicture(folder, id, 10)).step).toBe(10);
    }
    expect(kills * every).toBeGreaterThan(20);
    const { runs } = await readGallery(folder);
    expect(runs).toHaveLength(2);
  });

  it("anywhere inside a run that replaces another leaves the old one or the new one", async () => {
    const folder = join(await temporary(), "gallery");
    expect(drill(["replace", folder, "0"]).status).toBe(0);
    let before = 0;
    let kills = 0;
    for (let at = 1; ; at += every) {
      if (!drill(["replace", folder, String(at)], at).wasKilled) break;
      kills += 1;
      const { runs, damaged } = await readGallery(folder);
      expect(damaged, `kill ${at}`).toEqual([]);
      expect(runs, `kill ${at}`).toHaveLength(1);
      const score = runs[0]?.score ?? NaN;
      expect([before, at]).toContain(score);
      before = score;
      expect((await readPicture(folder, "3-1-relu", 10)).step).toBe(10);
    }
    expect(kills * every).toBeGreaterThan(10);
    // nothing is left of them
    expect(drill(["replace", folder, "1"]).status).toBe(0);
    expect((await readdir(folder)).sort()).toEqual([
      "3-1-relu",
      "gallery.json",
    ]);
  });
});

describe.skipIf(!canMount)("a disk (needs mounts of a namespace's own)", () => {
  it("that cannot be written is a library that can be read, leftovers or not", async () => {
    const root = join(await temporary(), "library");
    await mkdir(root);
    expect(drill(["replace", join(root, "first"), "1"]).status).toBe(0);
    await mkdir(join(root, "first", ".part-1-3-2-relu"));
    await mkdir(join(root, ".part-1-second"));
    await mkdir(join(root, ".trash", "old"), { recursive: true });
    const read = withReadOnly(root, run("list", root));
    expect(read).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(read.out)).toEqual({ galleries: ["first"], runs: 1 });
    expect(await readdir(join(root, "first"))).toContain(".part-1-3-2-relu");
    const refused = withReadOnly(
      root,
      run("replace", join(root, "first"), "2"),
    );
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toMatchObject({
      code: "export-failed",
      message: expect.stringContaining(
        "the file system is read-only",
      ) as string,
    });
    expect((await readGallery(join(root, "first"))).runs[0]?.score).toBe(1);
  });

  it("that is full refuses a gallery whole, and keeps nothing of it", async () => {
    const root = await temporary();
    const gallery = join(root, "gallery");
    expect(drill(["replace", gallery, "1"]).status).toBe(0);
    // larger than the disk
    await writeFile(join(gallery, "3-1-relu", "notes"), "");
    const record = JSON.parse(
      await readFile(join(gallery, "3-1-relu", "run.json"), "utf8"),
    ) as Record<string, unknown>;
    await writeFile(
      join(gallery, "3-1-relu", "run.json"),
      JSON.stringify({ ...record, trace: new Array(30_000).fill(0.123456789) }),
    );
    const disk = join(root, "disk");
    await mkdir(disk);
    const full = withSmallDisk(
      disk,
      128,
      `${run("import", disk, gallery)}; ls -A "${disk}" >&2`,
    );
    expect(JSON.parse(full.out)).toMatchObject({
      code: "export-failed",
      message: expect.stringContaining("the disk is full") as string,
    });
    expect(full.err).toBe("");
    // the same on a disk with room
    const library = await Library.open(join(root, "library"));
    const { signal } = new AbortController();
    expect(await library.import(gallery, { signal })).toMatchObject({
      added: true,
      damaged: [],
    });
  });
});
