import { describe, expect, it } from "vitest";
import type { Command } from "../../src/cli/command";
import { parse } from "../../src/cli/parse";

const command: Command = {
  name: "try",
  synopsis: "NETWORK",
  summary: "",
  positionals: { min: 0, max: 2 },
  flags: {
    targets: { value: "T", help: "" },
    seed: { value: "N", help: "" },
    image: { value: "FILE", many: true, help: "" },
    force: { help: "" },
  },
  run: () => Promise.resolve(0),
};

function parsed(line: string) {
  const { values, positionals, help, json } = parse(command, line.split(" "));
  return {
    words: positionals.join(" "),
    targets: values.one("targets"),
    images: values.all("image").join(" "),
    force: values.has("force"),
    help,
    json,
  };
}

describe("a value with a minus sign", () => {
  it.each([
    ["net --targets -5", "-5"],
    ["net --targets=-5", "-5"],
    ["net --targets -5,3", "-5,3"],
    ["net --targets -class:bee", "-class:bee"],
    ["--targets -all net", "-all"],
    ["net --force --targets -1-3 --json", "-1-3"],
  ])("%s", (line, targets) => {
    expect(parsed(line)).toMatchObject({ targets, words: "net" });
  });

  it("leaves other flags as they are", () => {
    expect(parsed("net --image a b --force --targets -5")).toEqual({
      words: "net",
      targets: "-5",
      images: "a b",
      force: true,
      help: false,
      json: false,
    });
    expect(parsed("--image a --image b net").images).toBe("a b net");
    expect(parsed("--force net --json")).toMatchObject({
      words: "net",
      force: true,
      json: true,
    });
    expect(parsed("net -h").help).toBe(true);
    expect(parsed("net -- --force")).toMatchObject({
      words: "net --force",
      force: false,
    });
  });

  it.each([
    ["net --targets", "--targets is given without a value."],
    ["net --targets --force", "--targets is given without a value."],
    ["net --targets -h", "--targets is given without a value."],
    ["net -5", "Unknown option '-5'"],
    ["net --force -5", "Unknown option '-5'"],
    ["net --image -5", "Unknown option '-5'"],
    ["net --colour -5", "Unknown option '--colour'"],
    ["net --targets 1 --targets -2", "--targets is given twice"],
    ["a b c", 'does not know what to do with "c"'],
  ])("refuses %s", (line, said) => {
    expect(() => parsed(line)).toThrow(said);
  });
});
