import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Preferences } from "../../src/main/preferences";
import { RecentNetworks } from "../../src/main/recent-networks";
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

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    [
      "a folder",
      (path) => mkdir(join(path, "in it"), { recursive: true }),
      /it is a folder/,
    ],
    [
      "a link to itself",
      (path) => symlink(path, path),
      /it is a link to itself/,
    ],
    ["a cut file", (path) => writeFile(path, '{"version":1,'), /is damaged/],
    [
      "what is no text",
      (path) => writeFile(path, new Uint8Array([0xff, 0, 1])),
      /is damaged/,
    ],
  ])(
    "start with %s in their place, say so, set it aside and are kept",
    async (_, put, why) => {
      const names = ["settings.json", "remembered.json", "recent.json"];
      for (const name of names) await put(join(folder, name));
      // set aside at an earlier start
      await writeFile(join(folder, "settings.json.damaged"), "earlier");
      const preferences = open();
      const recent = new RecentNetworks(join(folder, "recent.json"));
      const problems = [...preferences.problems, recent.problem];
      expect(problems).toHaveLength(3);
      for (const [i, problem] of problems.entries()) {
        expect(problem).toMatch(why);
        expect(problem).toContain(
          `It is kept as ${names[i]}.damaged${i === 0 ? "-2" : ""}, and Proxima starts with its defaults.`,
        );
      }
      expect((await readdir(folder)).sort()).toEqual([
        "recent.json.damaged",
        "remembered.json.damaged",
        "settings.json.damaged",
        "settings.json.damaged-2",
      ]);
      expect(
        await readFile(join(folder, "settings.json.damaged"), "utf8"),
      ).toBe("earlier");
      await preferences.changeSettings({ theme: "dark" });
      expect(open().settings.theme).toBe("dark");
      expect(open().problems).toEqual([]);
    },
  );

  it.skipIf(process.platform !== "linux")(
    "start where what is in the way cannot be moved either",
    () => {
      // a folder that nobody can rename
      const preferences = new Preferences(
        "/proc/self/task",
        join(folder, "remembered.json"),
      );
      expect(preferences.settings.theme).toBe("system");
      expect(preferences.problems).toEqual([
        "task cannot be read: it is a folder. Proxima starts with its defaults; what is changed is not kept as long as task is in the way.",
      ]);
    },
  );

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
