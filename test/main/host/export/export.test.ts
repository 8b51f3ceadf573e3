import * as fs from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  exportGallery,
  exportKind,
  type ExportRequest,
} from "../../../../src/main/host/export";
import {
  exportFormatSchema,
  type ExportFormat,
} from "../../../../src/shared/domain";
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
      remedy: expect.stringMatching(/as they were are in .*\.part-/) as string,
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
      message: expect.stringContaining("gallery.json is missing") as string,
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

  test.each([
    ["run.json", "{", "is not JSON"],
    ["run.json", "{}", "is damaged"],
    ["run.json", '{"format":"proxima-run","version":99}', "newer Proxima"],
    ["image.npy", "not npy", "is not a .npy file"],
    ["image.npy", null, "it is missing"],
  ])("a damaged %s: %s", async (file, content, message) => {
    const { folder } = await makeGallery();
    const path = join(folder, "run-1-1", file);
    if (content === null) await fs.rm(path);
    else await fs.writeFile(path, content);
    expect(await refusal(folder)).toMatchObject({
      code: "damaged-file",
      message: expect.stringContaining(message) as string,
    });
  });

  test("an image of another size than its record", async () => {
    const { folder } = await makeGallery();
    const other = await makeGallery({ shape: [4, 4, 3] });
    await fs.copyFile(
      join(other.folder, "run-0-0", "image.npy"),
      join(folder, "run-0-0", "image.npy"),
    );
    expect(await refusal(folder)).toMatchObject({
      code: "damaged-file",
      message: expect.stringContaining("4 x 4 x 3") as string,
    });
  });
});
