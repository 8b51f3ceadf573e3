import * as fs from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  exportGallery,
  exportKind,
  type ExportRequest,
} from "../../../../src/main/host/export";
import {
  openGallery,
  readImage,
} from "../../../../src/main/host/export/source";
import { lockFile } from "../../../../src/main/host/folder-lock";
import { readGallery } from "../../../../src/main/host/gallery-folder";
import {
  exportFormatSchema,
  type ExportFormat,
  type RunRecord,
} from "../../../../src/shared/domain";
import { holdLock, killed } from "../../../support/hold-lock";
import { makeGallery, temporary } from "./fixture";

/** Makes calls of a file function fail, as a full disk would: `times` of them, once `after` have worked. */
const broken = vi.hoisted(() => ({
  name: "",
  code: "",
  after: Infinity,
  times: Infinity,
}));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  const breakable =
    <A extends unknown[], R>(name: string, of: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      broken.name === name && broken.after-- <= 0 && broken.times-- > 0
        ? Promise.reject(
            Object.assign(new Error(`${broken.code}: ${name}`), {
              code: broken.code,
            }),
          )
        : of(...args);
  return {
    ...real,
    writeFile: breakable("writeFile", real.writeFile),
    appendFile: breakable("appendFile", real.appendFile),
    copyFile: breakable("copyFile", real.copyFile),
    rename: breakable("rename", real.rename),
    mkdir: breakable("mkdir", real.mkdir),
  };
});
function breakDown(
  name: string,
  code: string,
  after: number,
  times = Infinity,
): void {
  Object.assign(broken, { name, code, after, times });
}
afterEach(() => breakDown("", "", Infinity));

const { signal } = new AbortController();
const formats = exportFormatSchema.options;

function request(
  folder: string,
  out: string,
  format: ExportFormat,
): ExportRequest {
  return {
    folder,
    runs: null,
    format,
    contrast: "sigma",
    out,
    overwrite: false,
  };
}

/** Every file below a folder with its bytes. */
async function tree(folder: string): Promise<Record<string, string>> {
  const names = await fs.readdir(folder, { recursive: true });
  const files: Record<string, string> = {};
  for (const name of names.sort()) {
    const path = join(folder, name);
    files[name] = (await fs.stat(path)).isFile()
      ? (await fs.readFile(path)).toString("base64")
      : "folder";
  }
  return files;
}

describe.each(formats)("%s", (format) => {
  const name = exportKind(format) === "file" ? "out.any" : "out";

  test("says what it wrote, and the files are as large as it says", async () => {
    const { folder } = await makeGallery();
    const place = await temporary();
    const seen: { done: number; total: number }[] = [];
    const outcome = await exportGallery(
      request(folder, join(place, name), format),
      { signal, progress: (progress) => seen.push(progress) },
    );
    const files = Object.values(await tree(place)).filter(
      (content) => content !== "folder",
    );
    expect(outcome).toEqual({
      outcome: "written",
      files: files.length,
      bytes: files.reduce(
        (sum, content) => sum + Buffer.from(content, "base64").length,
        0,
      ),
      left: [],
    });
    expect(seen.at(-1)).toEqual({ done: 6, total: 6 });
  });

  test("asks before it overwrites, then replaces", async () => {
    const { folder } = await makeGallery();
    const place = await temporary();
    const out = join(place, name);
    await exportGallery(request(folder, out, format), { signal });
    const written = await tree(place);
    const victim = Object.keys(written).find(
      (file) => written[file] !== "folder" && !file.endsWith("gallery.json"),
    );
    await fs.writeFile(join(place, victim ?? ""), "mine");
    const before = await tree(place);

    const asked = await exportGallery(request(folder, out, format), { signal });
    expect(asked.outcome).toBe("exists");
    const names = asked.outcome === "exists" ? asked.files : [];
    expect(names).toHaveLength(
      Math.min(
        20,
        Object.values(before).filter((content) => content !== "folder").length,
      ),
    );
    expect(await tree(place)).toEqual(before);

    const agreed = await exportGallery(
      { ...request(folder, out, format), overwrite: true },
      { signal },
    );
    expect(agreed.outcome).toBe("written");
    expect(await tree(place)).toEqual(written);
  });

  test("cancelled before or in the middle, it leaves nothing", async () => {
    const { folder } = await makeGallery();
    const place = await temporary();
    const out = join(place, name);
    const outcome = await exportGallery(request(folder, out, format), {
      signal: AbortSignal.abort(),
    });
    expect(outcome).toEqual({ outcome: "cancelled" });

    const controller = new AbortController();
    const middle = await exportGallery(request(folder, out, format), {
      signal: controller.signal,
      progress: () => controller.abort(),
    });
    expect(middle).toEqual({ outcome: "cancelled" });
    expect(await tree(place)).toEqual({});
  });

  test("a full disk is said, and leaves nothing", async () => {
    const { folder } = await makeGallery();
    const place = await temporary();
    const way =
      format === "html"
        ? "appendFile"
        : format === "records"
          ? "copyFile"
          : "writeFile";
    breakDown(way, "ENOSPC", exportKind(format) === "folder" ? 3 : 0);
    await expect(
      exportGallery(request(folder, join(place, name), format), { signal }),
    ).rejects.toMatchObject({
      code: "export-failed",
      message: expect.stringContaining("the disk is full") as string,
      remedy: expect.stringContaining("Free some space") as string,
    });
    expect(await tree(place)).toEqual({});
  });

  test("a folder that cannot be written is said, and leaves nothing", async () => {
    const { folder } = await makeGallery();
    const place = await temporary();
    breakDown("mkdir", "EACCES", 0);
    await expect(
      exportGallery(request(folder, join(place, name), format), { signal }),
    ).rejects.toMatchObject({
      code: "export-failed",
      message: expect.stringContaining("writing is not allowed") as string,
    });
    expect(await tree(place)).toEqual({});
  });
});

describe("a failure while files move to their place", () => {
  const mine = "analog_clock-101-leaky-0.1-raw.png";
  async function halfway(times: number) {
    const { folder } = await makeGallery();
    const place = await temporary();
    const out = join(place, "tiles");
    await fs.mkdir(out);
    await fs.writeFile(join(out, mine), "mine");
    await fs.writeFile(join(out, "notes.txt"), "mine too");
    const before = await tree(place);
    breakDown("rename", "EIO", 9, times);
    const error: unknown = await exportGallery(
      { ...request(folder, out, "png"), overwrite: true },
      { signal },
    ).catch((thrown: unknown) => thrown);
    return { before, after: await tree(place), error };
  }

  test("puts everything back", async () => {
    const { before, after, error } = await halfway(1);
    expect(error).toMatchObject({ code: "export-failed" });
    expect(after).toEqual(before);
  });

  test("loses nothing where even that fails, and says where it is", async () => {
    const { after, error } = await halfway(Infinity);
    expect(error).toMatchObject({
      code: "export-failed",
      remedy: expect.stringMatching(
        /as they were are in .*\.export-/,
      ) as string,
    });
    const kept = Buffer.from("mine").toString("base64");
    expect(Object.values(after)).toContain(kept);
  });
});

test("a new folder that could not be filled goes again", async () => {
  const { folder } = await makeGallery();
  const place = await temporary();
  breakDown("rename", "EIO", 9, 1);
  await expect(
    exportGallery(request(folder, join(place, "a", "b"), "records"), {
      signal,
    }),
  ).rejects.toMatchObject({ code: "export-failed" });
  expect(await tree(place)).toEqual({});
});

test("a deep folder that is not there is made for a folder format, and not for a file", async () => {
  const { folder } = await makeGallery();
  const place = await temporary();
  const outcome = await exportGallery(
    request(folder, join(place, "a", "b", "c"), "npy"),
    { signal },
  );
  expect(outcome).toMatchObject({ outcome: "written", files: 6 });
  expect(await fs.readdir(join(place, "a", "b", "c"))).toHaveLength(6);
  await expect(
    exportGallery(request(folder, join(place, "x", "out.csv"), "csv"), {
      signal,
    }),
  ).rejects.toMatchObject({
    code: "export-failed",
    message: expect.stringContaining("its folder is not there") as string,
  });
  expect(await fs.readdir(place)).toEqual(["a"]);
});

test.each([
  ["a folder where the file should go", "csv", "folder"],
  ["a file where the folder should go", "png", "file"],
  ["a file on the way", "png", "below a file"],
] as const)("%s is refused", async (_, format, what) => {
  const { folder } = await makeGallery();
  const place = await temporary();
  const thing = join(place, "thing");
  if (what === "folder") await fs.mkdir(thing);
  else await fs.writeFile(thing, "mine");
  const out = what === "below a file" ? join(thing, "out") : thing;
  await expect(
    exportGallery(
      { ...request(folder, out, format), overwrite: true },
      { signal },
    ),
  ).rejects.toMatchObject({ code: "export-failed" });
  expect(Object.keys(await tree(place))).toEqual(["thing"]);
});

test("labels that are paths stay inside the folder", async () => {
  const { folder } = await makeGallery({
    labels: ["../../escape", "/etc/passwd", "a/b\\c"],
  });
  const place = await temporary();
  await exportGallery(request(folder, join(place, "tiles"), "png"), { signal });
  expect(await fs.readdir(place)).toEqual(["tiles"]);
  const names = await fs.readdir(join(place, "tiles"));
  expect(names).toHaveLength(18);
  expect(names).toContain("escape-100-relu-sigma.png");
});

test("sweeps what killed exports left beside it, and nothing of one at work", async () => {
  const { folder } = await makeGallery();
  const place = await temporary();
  const left = join(place, ".export-0a1b2c3d");
  await fs.mkdir(join(left, "new"), { recursive: true });
  await fs.writeFile(join(left, "new", "sheet.png"), "half of it");
  await fs.mkdir(join(place, ".export-mine, begun just now"));
  const replaced = join(place, ".export-with a file of the user's");
  await fs.mkdir(replaced);
  await fs.writeFile(join(replaced, lockFile), "{}");
  await fs.writeFile(join(replaced, "old-0"), "the user's");
  const other = await holdLock(join(left, lockFile));
  const asked = request(folder, join(place, "sheet.csv"), "csv");
  await exportGallery(asked, { signal });
  expect((await fs.readdir(place)).sort()).toEqual([
    ".export-0a1b2c3d",
    ".export-mine, begun just now",
    ".export-with a file of the user's",
    "sheet.csv",
  ]);
  await killed(other);
  await exportGallery({ ...asked, overwrite: true }, { signal });
  expect((await fs.readdir(place)).sort()).toEqual([
    ".export-mine, begun just now",
    ".export-with a file of the user's",
    "sheet.csv",
  ]);
});

describe("a gallery that cannot be exported", () => {
  async function refusal(
    folder: string,
    runs: string[] | null = null,
  ): Promise<unknown> {
    const place = await temporary();
    const error: unknown = await exportGallery(
      { ...request(folder, join(place, "tiles"), "png"), runs },
      { signal },
    ).catch((thrown: unknown) => thrown);
    expect(await fs.readdir(place)).toEqual([]);
    return error;
  }

  test("not a gallery", async () => {
    expect(await refusal(await temporary())).toMatchObject({
      code: "damaged-file",
      message: expect.stringMatching(/^There is no .*gallery\.json/) as string,
    });
  });

  test("an unknown run", async () => {
    const { folder } = await makeGallery();
    expect(await refusal(folder, ["run-9-9"])).toMatchObject({
      code: "invalid-request",
    });
  });

  test("no finished run", async () => {
    const { folder } = await makeGallery({ change: () => null });
    expect(await refusal(folder)).toMatchObject({ code: "export-failed" });
  });

  test("no run but damaged ones", async () => {
    const { folder } = await makeGallery({ labels: ["pelican"] });
    for (const column of [0, 1, 2])
      await fs.writeFile(join(folder, `run-0-${column}`, "run.json"), "{");
    expect(await refusal(folder)).toMatchObject({
      code: "damaged-file",
      message: expect.stringMatching(
        /^No run of .* can be exported\. .*run-0-0\/run\.json cannot be read/,
      ) as string,
    });
  });

  test("an image whose values cannot be read after all", async () => {
    const { folder } = await makeGallery();
    const { size } = await fs.stat(join(folder, "run-1-1", "image.npy"));
    expect(size).toBeGreaterThan(100);
    const source = await openGallery(folder, null, { signal });
    await fs.truncate(join(folder, "run-1-1", "image.npy"), size - 4);
    const tile = source.tiles[4];
    if (!tile) throw new Error("there is no such tile");
    await expect(readImage(tile)).rejects.toMatchObject({
      code: "damaged-file",
    });
  });
});

describe("a run that cannot be exported is left out and named", () => {
  async function leftOf(
    folder: string,
    changes: Partial<ExportRequest> = {},
  ): Promise<{ left: readonly string[]; files: string[] }> {
    const place = await temporary();
    const out = join(place, "tiles");
    const outcome = await exportGallery(
      { ...request(folder, out, "npy"), ...changes },
      { signal },
    );
    if (outcome.outcome !== "written") throw new Error(outcome.outcome);
    return { left: outcome.left, files: await fs.readdir(out) };
  }

  test.each([
    ["run.json", "{", /run-1-1\/run.json cannot be read/],
    ["run.json", "{}", /run-1-1\/run.json was not written by Proxima/],
    ["run.json", '{"format":"proxima-run","version":99}', /has version 99/],
    ["image.npy", "not npy", /^run-1-1: image.npy is not a .npy file/],
    ["image.npy", null, /^run-1-1: image.npy is missing/],
  ])("a damaged %s: %s", async (file, content, message) => {
    const { folder } = await makeGallery();
    const path = join(folder, "run-1-1", file);
    if (content === null) await fs.rm(path);
    else await fs.writeFile(path, content);
    for (const runs of [null, ["run-0-0", "run-1-1"]]) {
      const { left, files } = await leftOf(folder, { runs });
      expect(left).toEqual([expect.stringMatching(message)]);
      expect(files.filter((name) => name.endsWith(".npy"))).toHaveLength(
        runs ? 1 : 5,
      );
    }
  });

  test("an image of another size than its record", async () => {
    const { folder } = await makeGallery();
    const other = await makeGallery({ shape: [4, 4, 3] });
    await fs.copyFile(
      join(other.folder, "run-0-0", "image.npy"),
      join(folder, "run-0-0", "image.npy"),
    );
    expect((await leftOf(folder)).left).toEqual([
      "run-0-0: image.npy has the shape 4 x 4 x 3, but the record says 6 x 8 x 3.",
    ]);
  });

  test.each<[string, (run: RunRecord) => RunRecord, RegExp]>([
    [
      "class",
      (run) => ({ ...run, target: { kind: "logit", index: 999 } }),
      /its class is not that of row 2/,
    ],
    [
      "method",
      (run) => ({ ...run, method: { kind: "leaky", slope: 0.77 } }),
      /its method is not that of column 2/,
    ],
    [
      "network",
      (run) => ({ ...run, network: { ...run.network, hash: "cd".repeat(32) } }),
      /its network is not that of the gallery's other runs/,
    ],
    ["gallery", (run) => ({ ...run, gallery: "stale" }), /gallery stale/],
    [
      "step size",
      (run) => ({ ...run, settings: { ...run.settings, stepSize: 99 } }),
      /its settings are not the gallery's/,
    ],
  ])("one of another %s", async (_, change, message) => {
    const { folder } = await makeGallery({
      change: (run) => (run.id === "run-1-1" ? change(run) : run),
    });
    const { left, files } = await leftOf(folder);
    expect(left).toEqual([expect.stringMatching(message)]);
    expect(left[0]).toMatch(/^run-1-1: /);
    expect(files.filter((name) => name.endsWith(".npy"))).toHaveLength(5);
    // the window's pictures are the same
    const { runs, damaged } = await readGallery(folder);
    expect(runs).toHaveLength(5);
    expect(damaged).toEqual(left);
  });

  test("one that is opened with other answers than the record says", async () => {
    const { folder, gallery } = await makeGallery();
    const networks = {
      tiny: { name: "Tiny", hash: "ab".repeat(32), identity: "of today" },
    };
    await fs.writeFile(
      join(folder, "gallery.json"),
      JSON.stringify({ ...gallery, networks }),
    );
    const { runs, damaged } = await readGallery(folder);
    expect(runs).toEqual([]);
    expect(damaged).toHaveLength(6);
    expect(damaged[0]).toContain("was opened with other answers");
  });
});
