import { chmod, readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshStaging, moveIntoPlace } from "../../scripts/lib/files.mjs";
import { fingerprint } from "../../scripts/lib/fingerprint.mjs";
import { withLock } from "../../scripts/lib/lock.mjs";
import { createReporter } from "../../scripts/lib/progress.mjs";
import { runProcess } from "../../scripts/lib/run-process.mjs";
import { temporaryFolders } from "../support/temporary-folder";
import { put } from "./put";

const temporary = temporaryFolders();
const test = (name: string, run: (folder: string) => void | Promise<void>) =>
  it(name, async () => run(await temporary()));

describe("a fingerprint", () => {
  test("changes with contents, names and new files, not with times", async (folder) => {
    const file = join(folder, "src/a.ts");
    await put(file, "one");
    await put(join(folder, "config.ts"), "two");
    const of = () => fingerprint(folder, ["src", "config.ts", "absent"]);
    const first = of();
    await utimes(file, 1, 1);
    expect(of()).toBe(first);
    await put(file, "won");
    const changed = of();
    expect(changed).not.toBe(first);
    await put(file, "one");
    expect(of()).toBe(first);
    await put(join(folder, "src/deep/b.ts"));
    expect(of()).not.toBe(first);
  });
});

describe("a lock", () => {
  test("lets one work at a time, in turn", async (folder) => {
    const path = join(folder, "x.lock");
    const order: string[] = [];
    const waited: number[] = [];
    let release: (() => void) | undefined;
    const waiting = new Promise<void>((resolve) => (release = resolve));
    const a = withLock(
      path,
      () => {},
      async () => {
        order.push("a begins");
        await waiting;
        order.push("a ends");
      },
    );
    const b = withLock(
      path,
      (holder) => {
        waited.push(holder);
        release?.();
      },
      async () => {
        order.push("b");
        return Promise.resolve();
      },
    );
    await Promise.all([a, b]);
    expect(order).toEqual(["a begins", "a ends", "b"]);
    expect(waited).toEqual([process.pid]);
    await expect(readFile(path)).rejects.toThrow("ENOENT");
  });
  test("is given back when the work fails", async (folder) => {
    const path = join(folder, "x.lock");
    const fail = withLock(
      path,
      () => {},
      () => Promise.reject(new Error("no")),
    );
    await expect(fail).rejects.toThrow("no");
    await expect(readFile(path)).rejects.toThrow("ENOENT");
  });
});

describe("a finished folder", () => {
  test("replaces the old one as a whole", async (folder) => {
    await put(join(folder, "target/old"));
    const staging = freshStaging(folder);
    await put(join(staging, "made/new"), "text");
    moveIntoPlace(join(staging, "made"), join(folder, "target"), staging);
    await expect(readFile(join(folder, "target/new"), "utf8")).resolves.toBe(
      "text",
    );
    await expect(readFile(join(folder, "target/old"))).rejects.toThrow();
  });
  test("finds nothing of what an interrupted set-up left", async (folder) => {
    const before = freshStaging(folder);
    await put(join(before, "half"));
    freshStaging(folder);
    await expect(readFile(join(before, "half"))).rejects.toThrow("ENOENT");
  });
});

describe("a process", () => {
  test("is ended when nothing moves", async (folder) => {
    const ended = await runProcess(
      process.execPath,
      ["-e", "setInterval(() => {}, 1000)"],
      { cwd: folder, watch: () => 1, stallMs: 1 },
    );
    expect(ended.stopped).toBe(true);
    expect(ended.code).not.toBe(0);
  });
  test("that does not exist is told from one that fails", async (folder) => {
    const none = await runProcess(join(folder, "none"), []);
    expect(none).toMatchObject({ code: 127, missing: true });
    const script = join(folder, "fails");
    await put(script, "#!/bin/sh\necho out; echo err >&2; exit 3\n");
    await chmod(script, 0o755);
    const lines: string[] = [];
    const failed = await runProcess(script, [], {
      onLine: (line) => lines.push(line),
    });
    expect(failed).toMatchObject({ code: 3, missing: false, stopped: false });
    expect(lines.sort()).toEqual(["err", "out"]);
  });
});

describe("progress", () => {
  const report = (isTTY: boolean) => {
    const written: string[] = [];
    let now = 0;
    const stream = {
      isTTY,
      columns: 80,
      write: (text: string) => written.push(text),
    };
    const stage = createReporter(stream, () => now).stage("Packages");
    return { written, stage, pass: (ms: number) => (now += ms) };
  };
  it("is sparse where nobody watches", () => {
    const { written, stage, pass } = report(false);
    stage.say("loading");
    for (let done = 0; done <= 100; done += 1) {
      pass(100);
      stage.move(done * 1e6, 100e6, "bytes");
    }
    stage.done();
    expect(written).toEqual([
      "Packages: loading\n",
      "Packages: loading, 25 MB of 100 MB (25 %, 3 s)\n",
      "Packages: loading, 50 MB of 100 MB (50 %, 5 s)\n",
      "Packages: loading, 75 MB of 100 MB (75 %, 8 s)\n",
      "Packages: loading, 100 MB of 100 MB (100 %, 10 s)\n",
      "Packages: ready (10 s)\n",
    ]);
  });
  it("shows that something slow still lives", () => {
    const { written, stage, pass } = report(false);
    stage.say("loading");
    pass(15_000);
    stage.move(1, 436, "packages");
    expect(written.at(-1)).toBe(
      "Packages: loading, 1 of 436 packages (0 %, 15 s)\n",
    );
  });
  it("rewrites one line on a terminal", () => {
    const { written, stage } = report(true);
    stage.say("loading");
    stage.move(1e6, 4e6, "bytes");
    stage.move(2e6, 4e6, "bytes");
    stage.done("ready");
    expect(written.join("").split("\n")).toHaveLength(2);
    expect(written[2]).toBe(
      "\r\x1b[KPackages: loading, 2 MB of 4 MB (50 %, 0 s)",
    );
  });
});
