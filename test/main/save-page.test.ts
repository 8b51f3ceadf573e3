import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pageTarget } from "../../src/main/export-target";
import { savePage } from "../../src/main/save-page";
import { temporaryFolders } from "../support/temporary-folder";

const temporaryFolder = temporaryFolders();

describe("a page of the Lab on disk", () => {
  it("takes the place of what was there, and leaves nothing else", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "page.html");
    await writeFile(path, "before");
    await savePage(path, new TextEncoder().encode("<p>ä</p>"));
    expect(await readFile(path, "utf8")).toBe("<p>ä</p>");
    expect(await readdir(folder)).toEqual(["page.html"]);
  });

  it("that cannot be written says so by name", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "taken");
    await mkdir(path);
    await expect(savePage(path, new Uint8Array(1))).rejects.toThrow(
      /^taken could not be written/,
    );
    await expect(
      savePage(join(folder, "none", "page.html"), new Uint8Array(1)),
    ).rejects.toMatchObject({ code: "export-failed" });
  });

  it("has the ending of its format", () => {
    expect((["html", "json", "csv"] as const).map((f) => pageTarget(f).extension)).toEqual(["html", "json", "csv"]); // prettier-ignore
  });
});
