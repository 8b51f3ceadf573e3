import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTarget, readTargets, type Units } from "../../src/cli/targets";
import type { Head } from "../../src/shared/domain";
import { nameTarget } from "../../src/shared/target";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proxima-targets-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function units(labels: readonly string[], head: Head = "softmax"): Units {
  return { labels, head };
}
const animals = units(["ant", "Bee", "cat", "cat", "tench, Tinca tinca"]);
/** MNIST's, and the same shuffled. */
const digits = units(["0", "1", "2", "3", "4"]);
const shuffled = units(["3", "1", "4", "0", "2"]);

async function read(text: string, of = animals): Promise<string> {
  return (await readTargets("--targets", text, of)).map(nameTarget).join(" ");
}

describe("a list of targets", () => {
  it.each([
    ["2,bee, ANT", "2 1 0"],
    ["0-2", "0 1 2"],
    ["0 - 2", "0 1 2"],
    ["all", "0 1 2 3 4"],
    ["-5", null],
    ["-4", "minus4"],
    ["−4", "minus4"],
    ["3,-3", "3 minus3"],
    ["-bee", "minus1"],
    ["-class:Bee", "minus1"],
    ["-index:2", "minus2"],
    ["-1-3", "minus1 minus2 minus3"],
    ["-all", "minus0 minus1 minus2 minus3 minus4"],
    ["index:0-1", "0 1"],
    ["class:ant", "0"],
    ['class:"tench, Tinca tinca",ant', "4 0"],
    ['-class:"tench, Tinca tinca"', "minus4"],
    ['"tench, tinca TINCA"', "4"],
  ])("%s", async (text, names) => {
    if (names === null) await expect(read(text)).rejects.toThrow("no class 5");
    else expect(await read(text)).toBe(names);
  });

  it("tells labels apart by case where only that tells them apart", async () => {
    const letters = units(["A", "a", "b"]);
    expect(await read("a,A,B", letters)).toBe("1 0 2");
  });

  it("takes a number for a label only where it says so", async () => {
    expect(await read("3,0-2", digits)).toBe("3 0 1 2");
    expect(await read("class:3,index:1", digits)).toBe("3 1");
    expect(await read("class:3,index:3,1", shuffled)).toBe("0 3 1");
    expect(await read("-class:4", shuffled)).toBe("minus2");
    expect(await read("all", shuffled)).toBe("0 1 2 3 4");
    await expect(read("3", shuffled)).rejects.toMatchObject({
      message:
        '--targets: "3" is ambiguous: class 3 is called "0", and class 0 is called "3".',
      remedy: "Write class:3 or index:3.",
    });
    await expect(read("1-2", shuffled)).rejects.toMatchObject({
      remedy: "Write index:1-2, or class:2 and so on.",
    });
    await expect(read("7", units(["ant", "7"]))).rejects.toMatchObject({
      message: '--targets: there is no class 7, but class 1 is called "7".',
      remedy: "Write class:7.",
    });
    await expect(read("all", units(["ant", "all"]))).rejects.toMatchObject({
      remedy: "Write class:all or index:0-1.",
    });
    await expect(read("0-1", units(["a", "0-1"]))).rejects.toMatchObject({
      remedy: "Write class:0-1 or index:0-1.",
    });
  });

  it.each([
    ["5", "there is no class 5; the 5 classes count from 0 to 4"],
    ["0-9", "there is no class 9"],
    ["3-1", "the range 3-1 runs backwards"],
    ["99999999999999999999", "there is no class"],
    ["dog", 'no class is called "dog"'],
    ["cat", 'several classes are called "cat": 2, 3'],
    ["1,bee", '--targets names "Bee" (1) twice'],
    ["0-2,-1,1", '--targets names "Bee" (1) twice'],
    ["-1,-bee", '--targets names "−Bee" (1) twice'],
    ["", "empty entry"],
    ["1,,2", "empty entry"],
    ["1,", "empty entry"],
    ["index:bee", '"bee" is no index'],
    ["1.5", 'no class is called "1.5"'],
    ["--1", 'no class is called "-1"'],
  ])("refuses %j", async (text, said) => {
    await expect(read(text)).rejects.toMatchObject({
      code: "invalid-request",
      message: expect.stringContaining(said) as unknown,
    });
  });

  it("offers labels that are like what was given", async () => {
    await expect(read("tinca")).rejects.toMatchObject({
      remedy: 'Did you mean class:"tench, Tinca tinca"?',
    });
    await expect(read("-x", units(["a", "-x"]))).rejects.toMatchObject({
      remedy: '"-x" is a name with a minus sign: write class:-x.',
    });
    expect(await read("class:-x,-class:-x", units(["a", "-x"]))).toBe(
      "1 minus1",
    );
  });

  it("reads a file, one target a line", async () => {
    const path = join(folder, "classes.txt");
    await writeFile(
      path,
      "\uFEFF# my classes\r\n2  # the cat\r\n\r\ntench, Tinca tinca\n-class:bee\n0-1\n",
    );
    expect(await read(`@${path}`)).toBe("2 4 minus1 0 1");
    expect(await read(`3,@${path}`)).toBe("3 2 4 minus1 0 1");
    await writeFile(path, "1\n0\n");
    expect(await read(`-@${path},1`)).toBe("minus1 minus0 1");
    const comma = join(folder, "a, b.txt");
    await writeFile(comma, "c # d\n", "utf8");
    expect(await read(`@"${comma}"`, units(["a", "c # d"]))).toBe("1");
  });

  it.each([
    ["# nothing\n\n", "names no class"],
    ["@other\n", "names another file"],
    ["dog\n", 'no class is called "dog"'],
    ["1\nbee\n", 'names "Bee" (1) twice'],
  ])("refuses a file of %j", async (content, said) => {
    const path = join(folder, "bad.txt");
    await writeFile(path, content);
    await expect(read(`@${path}`)).rejects.toThrow(said);
  });

  it("names a file that is not there", async () => {
    await expect(read("@nowhere.txt")).rejects.toThrow(
      'there is no file "nowhere.txt"',
    );
  });

  it("uses the words of the head", async () => {
    const values = units(["mass", "age"], "value");
    await expect(read("9", values)).rejects.toThrow(
      "there is no output 9; the 2 outputs count from 0 to 1",
    );
    await expect(read("x", units(["c"], "map"))).rejects.toThrow(
      'no channel is called "x"',
    );
  });
});

describe("one target", () => {
  const one = async (text: string) =>
    nameTarget(await readTarget("--target", text, animals));
  it("may have a comma in its label", async () => {
    expect(await one("tench, Tinca tinca")).toBe("4");
    expect(await one("-tench, Tinca tinca")).toBe("minus4");
    expect(await one('class:"tench, Tinca tinca"')).toBe("4");
    expect(await one("-4")).toBe("minus4");
  });
  it("is one", async () => {
    await expect(one("0-1")).rejects.toThrow(
      '--target takes one class, and "0-1" names 2.',
    );
    await expect(one("")).rejects.toThrow('no class is called ""');
  });
});
