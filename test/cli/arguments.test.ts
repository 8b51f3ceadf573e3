import { describe, expect, it } from "vitest";
import {
  readMethod,
  readMethods,
  readNumber,
  readShard,
  readSize,
} from "../../src/cli/arguments";

describe("methods", () => {
  it.each([
    ["relu", { kind: "relu" }],
    ["leaky:0.1", { kind: "leaky", slope: 0.1 }],
    ["proxygrad:1", { kind: "proxygrad", slope: 1 }],
    ["proxygrad:1e-3", { kind: "proxygrad", slope: 0.001 }],
    ["slopes:0:0.25", { kind: "slopes", forward: 0, backward: 0.25 }],
    [" leaky:.5 ", { kind: "leaky", slope: 0.5 }],
  ])("reads %j", (text, method) => {
    expect(readMethod(text)).toEqual(method);
  });

  it.each([
    ["", "is no method"],
    ["tanh", "is no method"],
    ["relu:0.1", "is no method"],
    ["leaky", "is no method"],
    ["slopes:0.1", "is no method"],
    ["constructor", "is no method"],
    ["leaky:", "from 0 to 1"],
    ["leaky:1.1", "from 0 to 1"],
    ["proxygrad:-0.1", "from 0 to 1"],
    ["proxygrad:NaN", "from 0 to 1"],
    ["proxygrad:0x1", "from 0 to 1"],
    ["slopes:0:2", 'The slope in "slopes:0:2"'],
  ])("refuses %j", (text, said) => {
    expect(() => readMethod(text)).toThrow(said);
  });

  it("keeps the spelling they were given in", () => {
    expect(readMethods("relu, leaky:0.10")).toEqual([
      { method: { kind: "relu" }, given: "relu" },
      { method: { kind: "leaky", slope: 0.1 }, given: "leaky:0.10" },
    ]);
    expect(() => readMethods("relu,,leaky:1")).toThrow("empty entry");
  });
});

describe("numbers, shards and sizes", () => {
  const range = { min: 1, max: 10 };
  it("reads numbers in range", () => {
    expect(readNumber("--n", "2.5", range, 3)).toBe(2.5);
    expect(readNumber("--n", undefined, range, null)).toBeNull();
    expect(readNumber("--n", "0.5", { min: 0, max: 1, above: true }, 0)).toBe(
      0.5,
    );
  });
  it.each([
    ["0", range, "from 1 to 10"],
    ["11", range, "from 1 to 10"],
    ["1.5", { ...range, whole: true }, "whole number"],
    ["", range, "number"],
    ["ten", range, '"ten"'],
    ["Infinity", range, "number"],
    ["0", { min: 0, max: 1, above: true }, "above 0"],
  ])("refuses %j", (text, within, said) => {
    expect(() => readNumber("--n", text, within, 0)).toThrow(said);
  });

  it("reads shards and sizes", () => {
    expect(readShard("2/4")).toEqual({ index: 2, count: 4 });
    expect(readSize("128x96")).toEqual([128, 96]);
    for (const bad of ["0/4", "5/4", "1", "1/0", "a/b", "1/20000"])
      expect(() => readShard(bad)).toThrow("--shard must be I/N");
    for (const bad of ["128", "0x1", "9999x1", "128x", "-1x5"])
      expect(() => readSize(bad)).toThrow("--size must be HxW");
  });
});
