import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Preferences } from "../../src/main/preferences";
import { writesDone } from "../../src/main/stored-file";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "proxima-stored-"));
});
afterEach(() => rm(folder, { recursive: true }));

const open = () =>
  new Preferences(
    join(folder, "settings.json"),
    join(folder, "remembered.json"),
  );
const settingsText = () => readFile(join(folder, "settings.json"), "utf8");

describe("preferences", () => {
  it("start with defaults and write nothing by themselves", async () => {
    const preferences = open();
    expect(preferences.settings).toEqual({
      version: 1,
      theme: "system",
      threads: 0,
      memoryLimit: 0,
      precision: "float32",
      libraryFolder: null,
    });
    expect(preferences.remembered).toEqual({});
    expect(preferences.problems).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("are there again, key by key", async () => {
    const first = open();
    await first.changeSettings({ theme: "dark" });
    await first.changeSettings({ threads: 4 });
    await first.changeRemembered({ a: [1, { b: null }], gone: "x" });
    await first.changeRemembered({ gone: null, c: true });
    const second = open();
    expect(second.settings).toMatchObject({ theme: "dark", threads: 4 });
    expect(second.remembered).toEqual({ a: [1, { b: null }], c: true });
  });

  it("keep the last of many changes at once", async () => {
    const first = open();
    const changes = Array.from({ length: 20 }, (_, threads) =>
      first.changeSettings({ threads }),
    );
    await Promise.all(changes);
    expect(open().settings.threads).toBe(19);
  });

  it("of another version are refused with a sentence and left as they are", async () => {
    const foreign = JSON.stringify({ version: 2, sepia: true });
    await writeFile(join(folder, "settings.json"), foreign);
    const preferences = open();
    expect(preferences.settings.theme).toBe("system");
    expect(preferences.problems).toEqual([
      expect.stringMatching(/settings\.json was written by another version/),
    ]);
    await expect(
      preferences.changeSettings({ theme: "dark" }),
    ).rejects.toMatchObject({ code: "invalid-request" });
    expect(await settingsText()).toBe(foreign);
    expect(preferences.settings.theme).toBe("system");
  });

  it.each([
    ["no JSON", "{"],
    ["a wrong value", JSON.stringify({ version: 1, theme: "pink" })],
    ["nothing", ""],
  ])(
    "damaged by %s are kept aside, and the next change is saved",
    async (_, text) => {
      await writeFile(join(folder, "settings.json"), text);
      const preferences = open();
      expect(preferences.problems).toEqual([
        expect.stringMatching(/settings\.json is damaged/),
      ]);
      await preferences.changeSettings({ theme: "light" });
      expect(open().settings.theme).toBe("light");
      expect(
        await readFile(join(folder, "settings.json.damaged"), "utf8"),
      ).toBe(text);
    },
  );

  it("stay what they were where they cannot be written", async () => {
    const preferences = open();
    // A folder in the file's place: nothing can replace it.
    await mkdir(join(folder, "settings.json", "in-the-way"), {
      recursive: true,
    });
    await expect(
      preferences.changeSettings({ theme: "dark" }),
    ).rejects.toMatchObject({
      code: "internal",
      message: "settings.json could not be saved.",
    });
    expect(preferences.settings.theme).toBe("system");
  });

  it("refuse to remember without end", async () => {
    await expect(
      open().changeRemembered({ much: "x".repeat(5_000_000) }),
    ).rejects.toMatchObject({ code: "invalid-request" });
  });

  it("are on disk once all writes are done", async () => {
    void open().changeSettings({ theme: "dark" });
    await writesDone();
    expect(JSON.parse(await settingsText())).toMatchObject({ theme: "dark" });
  });
});
