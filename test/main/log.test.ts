import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Log } from "../../src/main/log";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "proxima-log-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("appends to what is there, in a folder it makes", async () => {
  const path = join(folder, "logs", "engine.log");
  for (const text of ["one\n", "two\n"]) {
    const log = new Log(path);
    log.append(text);
    log.close();
    log.close();
  }
  expect(await readFile(path, "utf8")).toBe("one\ntwo\n");
});

it("never keeps more than two files of about its limit, the newest last", async () => {
  const path = join(folder, "engine.log");
  for (let start = 0; start < 10; start++) {
    const log = new Log(path, 1000);
    for (let i = 0; i < 10; i++) log.append(`${"x".repeat(96)}${start}${i}\n`);
    log.close();
  }
  expect((await readdir(folder)).sort()).toEqual([
    "engine.log",
    "engine.log.1",
  ]);
  const [old, current] = await Promise.all([
    readFile(`${path}.1`, "utf8"),
    readFile(path, "utf8"),
  ]);
  expect(old.length).toBeLessThanOrEqual(1000);
  expect(current.length).toBeLessThanOrEqual(1000);
  expect(current.trimEnd().endsWith("99")).toBe(true);
  // Nothing between the two files is missing.
  const numbers = (old + current).match(/\d\d(?=\n)/g)?.map(Number) ?? [];
  const [first = 0] = numbers;
  expect(numbers).toEqual(numbers.map((_, i) => first + i));
});

it("rotates while it is being written", async () => {
  const path = join(folder, "engine.log");
  const log = new Log(path, 500);
  for (let i = 10; i < 99; i++) log.append(`line ${i}\n`);
  log.close();
  const text =
    (await readFile(`${path}.1`, "utf8")) + (await readFile(path, "utf8"));
  expect(text.trimEnd().split("\n").at(-1)).toBe("line 98");
  expect(text.length).toBeLessThanOrEqual(1000);
});

it("takes a full or missing disk without a word", () => {
  const log = new Log("/dev/null/engine.log");
  expect(() => {
    log.line("nobody reads this");
  }).not.toThrow();
});
