import { execFileSync } from "node:child_process";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  parseLabels,
  readLabelsFile,
} from "../../../src/main/host/labels-file";
import { temporaryFolders } from "../../support/temporary-folder";

const temporary = temporaryFolders();

describe("names of classes", () => {
  it.each<[string, string, string, string[]]>([
    [
      "a line each",
      "a.txt",
      "tench\r\n great white shark \n\nhen\n\n\n",
      ["tench", "great white shark", "", "hen"],
    ],
    ["digits", "a.txt", "0\n1\n2", ["0", "1", "2"]],
    [
      "names that begin with numbers",
      "a.txt",
      "3 dogs\n5 cats",
      ["3 dogs", "5 cats"],
    ],
    [
      "names with commas",
      "a.txt",
      "tench, Tinca tinca\nhen",
      ["tench, Tinca tinca", "hen"],
    ],
    [
      "synsets",
      "a.txt",
      "n01440764 tench, Tinca tinca\nn01443537 goldfish",
      ["tench, Tinca tinca", "goldfish"],
    ],
    ["index and name", "a.txt", "0 cat\n1 big dog", ["cat", "big dog"]],
    ["in another order", "a.txt", "1: dog\n0: cat\n", ["cat", "dog"]],
    ["CSV", "a.csv", "0,cat\n1,dog\n", ["cat", "dog"]],
    [
      "CSV with a head and quotes",
      "a.csv",
      'index,name\n1,"dog, ""Rex"""\n0,"cat"\n',
      ["cat", 'dog, "Rex"'],
    ],
    [
      "CSV all quoted, semicolons",
      "a.csv",
      '"class";"label"\n"0";"cat"\n"1";"dog"',
      ["cat", "dog"],
    ],
    ["tabs", "a.tsv", "id\tname\n0\tcat\n1\tdog", ["cat", "dog"]],
    [
      "a Python dictionary, as the list of ImageNet's classes goes around",
      "a.txt",
      `{0: 'tench, Tinca tinca',
 1: "jack-o'-lantern",  # quoted otherwise
 3: 'it\\'s \\u00e9', }`,
      ["tench, Tinca tinca", "jack-o'-lantern", "", "it's é"],
    ],
    ["one by name", "a.py", "{'dog': 1, 'cat': 0}", ["cat", "dog"]],
    ["a Python list", "a.txt", "['cat', u'dog']", ["cat", "dog"]],
    ["with ids", "a.json", "{0: ('n01', 'big_cat')}", ["big cat"]],
    ["a JSON array", "a.json", ' ["cat", "dog"]', ["cat", "dog"]],
    [
      "a JSON array of objects",
      "a.json",
      '[{"label":"cat"},{"name":"dog"}]',
      ["cat", "dog"],
    ],
    [
      "JSON by index",
      "a.json",
      '{"1":"dog","0":"cat","3":"hen"}',
      ["cat", "dog", "", "hen"],
    ],
    [
      "ImageNet's JSON",
      "a.json",
      '{"0":["n01440764","tench"],"1":["n01484850","great_white_shark"]}',
      ["tench", "great white shark"],
    ],
    ["JSON by name", "a.json", '{"dog":1,"cat":0}', ["cat", "dog"]],
    [
      "names in brackets, as text",
      "a.txt",
      "[unknown]\ncat",
      ["[unknown]", "cat"],
    ],
  ])("are read: %s", (_, title, text, labels) => {
    expect(parseLabels(text, title)).toEqual(labels);
  });

  it.each<[string, string, string, RegExp]>([
    ["twice the same index", "a.json", '{"0":"a","00":"b"}', /index 0 twice/],
    ["twice by name", "a.json", '{"a":1,"b":1}', /index 1 twice/],
    ["no index", "a.json", '{"0":"a","x":"b"}', /"x" where an index/],
    ["no name", "a.json", '["a", 7]', /no name in place 1/],
    [
      "nested deeper",
      "a.json",
      '{"labels":{"0":"a"}}',
      /"labels" where an index/,
    ],
    [
      "a far index",
      "a.json",
      '{"9999999":"a"}',
      /10000000 names; at most 1000000/,
    ],
    [
      "a number too large",
      "a.json",
      '{"a":1e300}',
      /"a" where an index|classes/,
    ],
    ["cut off", "a.json", '["a",', /not readable as JSON/],
    [
      "a table that leaves classes out",
      "a.csv",
      "index,name\n0,a\n2,b",
      /do not count/,
    ],
    ["too many lines", "a.txt", "x\n".repeat(1_000_001), /1000001 names/],
  ])("are refused: %s", (_, title, text, said) => {
    expect(() => parseLabels(text, title)).toThrow(said);
  });

  it("come from files of UTF-8", async () => {
    const root = await temporary();
    const path = join(root, "names.txt");
    await writeFile(path, "\ufeffKäfer\nÉléphant\n犬");
    expect(await readLabelsFile(path)).toEqual(["Käfer", "Éléphant", "犬"]);
    for (const [content, said] of [
      [Buffer.from("k\xe4fer", "latin1"), /UTF-8/],
      [Buffer.from("\ufeffcat", "utf16le"), /UTF-8/],
      ["\n\n", /holds no names/],
      [`${"x".repeat(1001)}\n`, /1001 characters for index 0/],
    ] as const) {
      await writeFile(path, content);
      await expect(readLabelsFile(path)).rejects.toMatchObject({
        code: "damaged-file",
        message: expect.stringMatching(said) as unknown,
      });
    }
    await truncate(path, 9 * 2 ** 20);
    await expect(readLabelsFile(path)).rejects.toThrow(/at most 8388608/);
    await writeFile(path.replace("txt", "json"), "[".repeat(8 * 2 ** 20));
    await expect(readLabelsFile(path.replace("txt", "json"))).rejects.toThrow(
      "not readable as JSON",
    );
    execFileSync("mkfifo", [join(root, "pipe")]);
    await expect(readLabelsFile(join(root, "pipe"))).rejects.toThrow(
      /no(t a)? plain file/,
    );
    await expect(readLabelsFile(join(root, "none"))).rejects.toThrow(
      "none is not there",
    );
    await expect(readLabelsFile(root)).rejects.toThrow(/plain file|cannot/);
  });
});
