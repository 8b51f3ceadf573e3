/** --assume, --output and --head on the command line, and what becomes of them. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { Networks } from "../../src/main/host/networks";
import { RememberedAnswers } from "../../src/main/host/remembered-answers";
import { bundledFolder } from "../../src/main/host/resources";
import { runRecordSchema, type Answers } from "../../src/shared/domain";
import { temporaryFolders } from "../support/temporary-folder";
import { writeTinyNetwork } from "../support/tiny-network";
import { writeTinyResNet } from "../support/tiny-safetensors";
import { proxima } from "./run";

const temporary = temporaryFolders();
let root: string;
let net: string;
const at = (...names: string[]) => join(root, ...names);
const flags = ["--preprocess", "unit", "--size", "32x32"];

beforeEach(async () => {
  root = await temporary();
  net = await writeTinyResNet(at("net.safetensors"));
});

function render(out: string, ...more: string[]) {
  return proxima([
    ...["render", net, ...flags, "--targets", "0,1", "--methods", "relu"],
    "--no-measure",
    ...["--steps", "2", "--batch", "1", "--out", at(out), ...more],
  ]);
}

async function recordIn(folder: string) {
  const names = await readdir(at(folder));
  const run = names.find((name) => name !== "gallery.json") ?? "";
  const text = await readFile(at(folder, run, "run.json"), "utf8");
  return runRecordSchema.parse(JSON.parse(text));
}

describe("inspect", () => {
  it("lists what is assumed with its value, its origin and what else can be given", async () => {
    const ran = await proxima(["inspect", net, ...flags]);
    expect(ran.out).toMatch(/activation +\(?= relu \(assumed\)/);
    expect(ran.out).toMatch(/stem-stride +\(?= 2 \(assumed\)/);
    expect(ran.out).toMatch(/or: .*leaky:0\.1/);
    expect(ran.out).toMatch(/head +softmax: .*\(assumed; --head changes it\)/);
    // one line on stderr, whatever the number of assumptions
    expect(ran.err.match(/assumed/g)).toHaveLength(1);
    expect(ran.err).toContain("activation=relu");
    const corrected = await proxima([
      ...["inspect", net, ...flags, "--assume", "activation=leaky:0.1"],
      ...["--assume", "stem-stride=1", "--head", "sigmoid"],
    ]);
    expect(corrected.out).toMatch(/activation += leaky:0\.1 \(as answered\)/);
    expect(corrected.out).toMatch(/stem-stride += 1 \(as answered\)/);
    expect(corrected.out).toMatch(/head +sigmoid: .*\(as answered\)/);
    expect(corrected.err).not.toContain("activation=");
  });

  it("has every assumption in the warnings and as data with --json", async () => {
    const ran = await proxima(["inspect", net, "--json", ...flags]);
    const [line] = ran.lines();
    const { assumptions, warnings, report } = line as {
      assumptions: Record<string, string>;
      warnings: string[];
      report: { assumptions: { key: string; from: string }[] };
    };
    expect(assumptions).toMatchObject({
      activation: "relu",
      "stem-stride": "2",
    });
    expect(Object.keys(assumptions).sort()).toEqual(
      report.assumptions.map(({ key }) => key).sort(),
    );
    for (const { key } of report.assumptions)
      expect(warnings.filter((text) => text.startsWith(`${key}=`))).toEqual([
        expect.stringContaining("assumed"),
      ]);
  });
});

it("answers of a network of the same architecture are named as the flags that take them over", async () => {
  const before = process.env["PROXIMA_USER_DATA"];
  process.env["PROXIMA_USER_DATA"] = at("data");
  try {
    const networks = new Networks({
      bundled: bundledFolder(),
      memory: () => 2 ** 30,
      remembered: await RememberedAnswers.open(at("data"), () => undefined),
    });
    const { signal } = new AbortController();
    const { id } = await networks.open(net, { signal });
    const answers: Answers = {
      size: [40, 32],
      preprocessing: { order: "BGR", mean: [33], std: [78] },
      labels: { kind: "none" },
      assumptions: { activation: "leaky:0.1", "stem-stride": "1" },
      output: null,
      head: "sigmoid",
    };
    await networks.answer(id, answers, { signal });
    const other = await writeTinyResNet(at("other.safetensors"), { phase: 2 });
    const ran = await proxima(["inspect", other]);
    const [, flagsText = ""] =
      /"net\.safetensors" has the same architecture and was answered with (.*)/.exec(
        ran.out,
      ) ?? [];
    const taken = await proxima([
      ...["inspect", other, "--json"],
      ...flagsText.split(" ").map((word) => word.replace(/^'|'$/g, "")),
    ]);
    expect(taken.lines()[0]).toMatchObject({
      input: { height: 40, width: 32 },
      preprocessing: answers.preprocessing,
      head: "sigmoid",
      assumptions: { activation: "leaky:0.1", "stem-stride": "1" },
      report: { offer: null },
    });
  } finally {
    process.env["PROXIMA_USER_DATA"] = before;
  }
}, 60_000);

it.each([
  [["--assume", "activation"], "must be KEY=VALUE"],
  [["--assume", "=x"], "must be KEY=VALUE"],
  [["--assume", "heads="], "must be KEY=VALUE"],
  [["--assume", "a=1", "--assume", "a=2"], "gives a twice"],
  [["--assume", "nonsense=1"], '"nonsense"'],
  [["--assume", "activation=purple"], "purple"],
  [["--head", "sofmax"], "--head must be one of softmax, sigmoid, value, map"],
  [["--output", "other"], 'no output "other"'],
])("%j is refused as usage", async (wrong, said) => {
  const ran = await proxima(["inspect", net, ...flags, ...wrong]);
  expect(ran.err).toContain(said);
  expect(ran.code).toBe(2);
  expect(ran.out).toBe("");
});

it("a choice that no reader of this format has a use for is refused", async () => {
  const tiny = await writeTinyNetwork(at("tiny"));
  const ran = await proxima(["score", tiny, "--image", "x", "--assume", "a=b"]);
  expect(ran.code).toBe(2);
  expect(ran.err).toContain('"a"');
});

describe("a render", () => {
  it("records the values in use, and is another render with other answers", async () => {
    expect((await render("plain")).code).toBe(0);
    const corrected = await render(
      "corrected",
      ...["--assume", "activation=leaky:0.1"],
    );
    expect(corrected.code).toBe(0);
    const [a, b] = [await recordIn("plain"), await recordIn("corrected")];
    expect(a.network.hash).toBe(b.network.hash);
    expect(a.network.assumptions).toMatchObject({ activation: "relu" });
    expect(b.network.assumptions).toMatchObject({ activation: "leaky:0.1" });
    expect(a.network.identity).not.toBe(b.network.identity);
    expect(a.gallery).not.toBe(b.gallery);
    expect(a.score).not.toBe(b.score);
    // the default said explicitly is the same render
    expect((await render("explicit", "--assume", "activation=relu")).code).toBe(
      0,
    );
    const c = await recordIn("explicit");
    expect([c.network.identity, c.gallery, c.score]).toEqual([
      a.network.identity,
      a.gallery,
      a.score,
    ]);
  });

  it("does not merge with one whose answers differ", async () => {
    await render("first", "--shard", "1/2");
    for (const [name, ...answer] of [
      ["leaky", "--assume", "activation=leaky:0.1"],
      ["units", "--head", "sigmoid"],
    ]) {
      await render(name ?? "", "--shard", "2/2", ...answer);
      const merged = await proxima([
        ...["merge", at("first"), at(name ?? ""), "--out", at("merged")],
      ]);
      expect(merged.code).toBe(3);
      expect(merged.err).toMatch(/files or answers differ/);
    }
    await render("second", "--shard", "2/2", "--assume", "activation=relu");
    const merged = await proxima([
      ...["merge", at("first"), at("second"), "--out", at("merged")],
    ]);
    expect(merged.code).toBe(0);
  });
});
