import { spawnSync } from "node:child_process";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { writeWhole } from "../../src/main/write-whole";
import { temporaryFolders } from "../support/temporary-folder";

const temporary = temporaryFolders();
const onUnix = process.platform !== "win32";

describe("a file that is written whole", () => {
  it("holds text and bytes, and nothing lies beside it", async () => {
    const folder = await temporary();
    const path = join(folder, "file");
    await writeWhole(path, "grüße");
    expect(await readFile(path, "utf8")).toBe("grüße");
    const all = Uint8Array.from({ length: 100 }, (_, i) => i);
    await writeWhole(path, all.subarray(20, 30));
    expect([...(await readFile(path))]).toEqual([...all.subarray(20, 30)]);
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it.runIf(onUnix)("stays behind its link, and keeps its mode", async () => {
    const folder = await temporary();
    const path = join(folder, "file");
    const link = join(folder, "link");
    await writeFile(path, "old");
    await chmod(path, 0o646);
    await symlink("file", link);
    await writeWhole(link, "new");
    expect(await readlink(link)).toBe("file");
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o646);
  });

  it("is what the last of many calls wrote", async () => {
    const path = join(await temporary(), "file");
    const texts = Array.from({ length: 20 }, (_, i) => `${i} `.repeat(5000));
    await Promise.all(texts.map((text) => writeWhole(path, text)));
    expect(await readFile(path, "utf8")).toBe(texts.at(-1));
  });

  it("stays as it was where it cannot be written, and says why", async () => {
    const folder = await temporary();
    const path = join(folder, "file");
    await mkdir(join(path, "in the way"), { recursive: true });
    await expect(writeWhole(path, "new")).rejects.toThrow(/EISDIR|EPERM/);
    expect(await readdir(folder)).toEqual(["file"]);
    // after a failure the next one is not held up
    await expect(writeWhole(join(folder, "other"), "x")).resolves.toBe(undefined); // prettier-ignore
  });

  it.runIf(onUnix)(
    "stays as it was where the system takes a part of the bytes only",
    async () => {
      const folder = await temporary();
      const path = join(folder, "file");
      await writeFile(path, "old");
      const module = join(folder, "write-whole.mjs");
      const source = await readFile("src/main/write-whole.ts", "utf8");
      await writeFile(
        module,
        ts.transpileModule(source, {
          compilerOptions: {
            module: ts.ModuleKind.ESNext,
            target: ts.ScriptTarget.ES2022,
          },
        }).outputText,
      );
      // a file may have 8 KiB: of a longer write the system takes so much, without an error, and refuses the next one
      const script = `
        const { writeWhole } = await import(${JSON.stringify(pathToFileURL(module))});
        await writeWhole(${JSON.stringify(path)}, "n".repeat(20_000)).then(
          () => console.log("written"),
          ({ code }) => console.log(code),
        );`;
      const { stdout } = spawnSync(
        "bash",
        [
          "-c",
          'trap "" XFSZ; ulimit -f 8; exec "$0" --input-type=module -e "$1"',
          process.execPath,
          script,
        ],
        { encoding: "utf8" },
      );
      expect(stdout.trim()).toBe("EFBIG");
      expect(await readFile(path, "utf8")).toBe("old");
      expect((await readdir(folder)).sort()).toEqual([
        "file",
        "write-whole.mjs",
      ]);
    },
  );
});
