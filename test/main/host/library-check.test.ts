/** The library's folder may be missing, taken away, read-only or no folder: each is said as what it is. */
import {
  chmod,
  mkdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkLibrary } from "../../../src/main/host/library-check";
import { Library } from "../../../src/main/host/library";
import { galleryRecord } from "../../support/records";
import { hosts } from "../../support/host";
import { temporaryFolders } from "../../support/temporary-folder";

const temporary = temporaryFolders();
const start = hosts();

/** A folder that nobody may write to: root ignores modes, and needs a read-only mount. */
async function readOnlyFolder(): Promise<string | null> {
  if (process.getuid?.() !== 0) {
    const folder = join(await temporary(), "read-only");
    await mkdir(folder);
    await chmod(folder, 0o555);
    return folder;
  }
  const mounts = await readFile("/proc/self/mounts", "utf8").catch(() => "");
  for (const line of mounts.split("\n")) {
    const [, place, , options] = line.split(" ");
    if (!place?.startsWith("/") || !options?.split(",").includes("ro"))
      continue;
    const fault = await checkLibrary(place);
    // a file may be a mount of its own, and some pretend to be writable
    if (fault?.message.includes("read-only")) return place;
  }
  return null;
}

describe("what stands in the way of a library", () => {
  it("is nothing where it can be read and written", async () => {
    expect(await checkLibrary(await temporary())).toBeNull();
  });

  it("is that its folder is missing, or no folder", async () => {
    const root = await temporary();
    expect(await checkLibrary(join(root, "gone"))).toMatchObject({
      message: `The library’s folder ${join(root, "gone")} is not there. Pictures cannot be kept.`,
      remedy: "Connect the drive it is on, or choose another folder.",
    });
    await writeFile(join(root, "file"), "");
    for (const path of [join(root, "file"), join(root, "file", "library")])
      expect(await checkLibrary(path)).toMatchObject({
        message: expect.stringContaining(
          "it is a file, or lies under one",
        ) as unknown,
      });
  });

  it("is that it can only be read", async (context) => {
    const folder = await readOnlyFolder();
    if (folder === null) {
      context.skip("root, and no read-only mount: modes mean nothing here");
      return;
    }
    expect(await checkLibrary(folder)).toMatchObject({
      message: expect.stringMatching(
        /cannot be written to: .*\. Its galleries open; new pictures cannot be kept\.$/,
      ) as unknown,
      remedy: "Make it writable, or choose another folder.",
    });
  });
});

describe("a library that the user chose", () => {
  it("is not made anew where it was taken away, and goes on when it is back", async () => {
    const root = await temporary();
    const [folder, away] = [join(root, "library"), join(root, "away")];
    await expect(Library.open(folder, { make: false })).rejects.toMatchObject({
      message: expect.stringContaining("is not there") as unknown,
    });
    await mkdir(folder);
    const library = await Library.open(folder, { make: false });
    await rename(folder, away);
    for (const act of [
      () => library.list(),
      () => library.get(null),
      () => library.begin(galleryRecord()),
      () => library.restore("first"),
    ])
      await expect(act()).rejects.toMatchObject({
        message: expect.stringContaining("is not there") as unknown,
      });
    await rename(away, folder);
    await library.begin(galleryRecord());
    await library.end("first");
    expect(await library.list()).toEqual({ galleries: [], skipped: 0 });
  });

  it("hinders no network and no other setting", async () => {
    const { root, window, main, configuration } = await start({
      configure: false,
    });
    const folder = join(root, "drive", "library");
    const lost = {
      ...configuration,
      libraryFolder: folder,
      makeLibrary: false,
    };
    await main.call("configure", lost);
    await main.call("configure", { ...lost, memoryLimit: 4096 });
    expect(await window.call("networks.list", {})).not.toEqual([]);
    expect((await window.call("library.check", {})).fault).toMatchObject({
      code: "export-failed",
      message: `The library’s folder ${folder} is not there. Pictures cannot be kept.`,
    });
    await expect(window.call("library.list", {})).rejects.toThrow("not there");
    await mkdir(folder, { recursive: true });
    expect(await window.call("library.check", {})).toEqual({ fault: null });
    expect(await window.call("library.list", {})).toEqual([]);
    await rm(folder, { recursive: true });
    expect((await window.call("library.check", {})).fault).not.toBeNull();
    await main.call("configure", configuration);
    expect(await window.call("library.check", {})).toEqual({ fault: null });
  });
});
