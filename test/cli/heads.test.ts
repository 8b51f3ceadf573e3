/** What the command line says of heads without classes that exclude each other, and of what is minimised. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../../src/main/host/npy";
import type { ClassScore, RunRecord } from "../../src/shared/domain";
import {
  writeSigmoidNetwork,
  writeSingleNetwork,
} from "../support/head-networks";
import { writeTinyNetwork } from "../support/tiny-network";
import { proxima } from "./run";

let root: string;
let image: string;
const at = (...parts: string[]) => join(root, ...parts);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "proxima-heads-"));
  image = at("x.npy");
  const x = Float32Array.from({ length: 6 * 6 * 3 }, (_, i) => Math.sin(i));
  await writeFile(image, writeNpy([6, 6, 3], x));
  await writeTinyNetwork(at("softmax"));
  await writeSigmoidNetwork(at("sigmoid"));
  await writeSingleNetwork(at("one-sigmoid"), "sigmoid");
  await writeSingleNetwork(at("number"), "linear");
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function run(...argv: string[]) {
  const ran = await proxima([...argv, "--preprocess", "signed"]);
  expect(ran.code, ran.err).toBe(0);
  return ran;
}

async function scored(network: string, ...more: string[]) {
  const ran = await run("score", at(network), "--image", image, "--json", ...more); // prettier-ignore
  const [line] = ran.lines();
  // as the command writes them
  const { head, top } = line as { head: string; top: ClassScore[] };
  return { head, top };
}

async function valuesAt(file: string): Promise<Float32Array> {
  return readNpy(await readFile(file), file).values;
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

describe("proxima score", () => {
  it("has a probability over all classes for softmax", async () => {
    const { head, top } = await scored("softmax");
    expect(head).toBe("softmax");
    const sum = top.reduce((s, { logit }) => s + Math.exp(logit), 0);
    for (const { logit, probability } of top)
      expect(probability).toBeCloseTo(Math.exp(logit) / sum, 12);
  });

  it("has each class's own for sigmoids", async () => {
    const { head, top } = await scored("sigmoid");
    expect(head).toBe("sigmoid");
    expect(top).toHaveLength(4);
    for (const { logit, probability } of top)
      expect(probability).toBeCloseTo(sigmoid(logit), 12);
  });

  it("says of a single sigmoid also what its negative has", async () => {
    const { top } = await scored("one-sigmoid");
    const [{ logit = NaN, probability = NaN } = {}] = top;
    expect(probability).toBeCloseTo(sigmoid(logit), 12);
    const { out } = await run("score", at("one-sigmoid"), "--image", image);
    const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
    expect(out).toContain(
      `cat  logit ${logit.toFixed(3)}  ${percent(sigmoid(logit))}, not: ${percent(sigmoid(-logit))}`,
    );
  });

  it("writes what the framework gives: a last sigmoid's probabilities, else logits", async () => {
    for (const [network, source] of [
      ["sigmoid", sigmoid],
      ["softmax", (z: number) => z],
    ] as const) {
      await run("score", at(network), "--image", image, "--npy", at("y.npy"));
      const values = await valuesAt(at("y.npy"));
      const { top } = await scored(network, "--top", "99");
      for (const { index, logit } of top)
        expect(values[index]).toBeCloseTo(source(logit), 6);
    }
  });

  it("writes the gradient of what it writes as the output", async () => {
    const outputAt = async (file: string) => {
      await run("score", at("sigmoid"), "--image", file, "--npy", at("y.npy"));
      return (await valuesAt(at("y.npy")))[2] ?? NaN;
    };
    const ran = await run("gradient", at("sigmoid"), "--image", image, "--target", "2", "--method", "relu", "--npy", at("g.npy"), "--json"); // prettier-ignore
    expect(ran.lines()[0]).toMatchObject({ of: "probability" });
    const gradient = await valuesAt(at("g.npy"));
    const norm = Math.hypot(...gradient);
    const x = await valuesAt(image);
    const moved = async (step: number) => {
      const pixels = x.map((value, i) => value + (step * (gradient[i] ?? 0)) / norm); // prettier-ignore
      await writeFile(at("moved.npy"), writeNpy([6, 6, 3], pixels));
      return outputAt(at("moved.npy"));
    };
    const step = 1e-3;
    const rise = ((await moved(step)) - (await moved(-step))) / (2 * step);
    expect(rise / norm).toBeCloseTo(1, 2);
    expect(ran.lines()[0]?.["norm"]).toBeCloseTo(norm, 6);
  });

  it.each([
    ["number", [], "value"],
    ["softmax", ["--head", "value"], "value"],
  ] as const)("has none for %s %j", async (network, flags, head) => {
    const found = await scored(network, ...flags);
    expect(found.head).toBe(head);
    for (const { probability } of found.top) expect(probability).toBeNull();
    const { out } = await run("score", at(network), "--image", image, ...flags);
    expect(out).toContain("  value ");
    expect(out).not.toMatch(/%|logit/);
  });
});

describe("proxima gradient", () => {
  it("of a minimised target is the negative, score and all", async () => {
    const gradient = async (target: string, out: string) => {
      const ran = await run(
        ...["gradient", at("softmax"), "--image", image, "--method", "relu"],
        ...["--target", target, "--npy", at(out), "--json"],
      );
      const [line = {}] = ran.lines();
      return { line, values: readNpy(await readFile(at(out)), "").values };
    };
    const up = await gradient("1", "up.npy");
    const down = await gradient("-1", "down.npy");
    expect(up.line).not.toHaveProperty("minimise");
    expect(down.line).toMatchObject({
      target: 1,
      minimise: true,
      label: "Bee",
      score: -Number(up.line["score"]),
    });
    expect(Number(down.line["norm"])).toBeGreaterThan(0);
    for (const [i, value] of down.values.entries())
      expect(value).toBeCloseTo(-(up.values[i] ?? NaN), 6);
    const text = await run(
      ...["gradient", at("softmax"), "--image", image, "--method", "relu"],
      ...["--target", "-class:bee", "--npy", at("down.npy")],
    );
    expect(text.out).toMatch(/^1 −Bee {2}relu {2}score /);
  });
});

describe("proxima render", () => {
  const climb = ["--steps", "5", "--step-size", "1", "--methods", "relu"];

  it("minimises beside what it maximises, each in a folder of its own", async () => {
    const out = at("both");
    const ran = await run(
      ...["render", at("softmax"), "--targets", "1,-1", ...climb],
      ...["--out", out, "--json"],
    );
    const [up = {}, down = {}] = ran.lines();
    expect(up).toMatchObject({ target: 1, label: "Bee" });
    expect(up).not.toHaveProperty("minimise");
    expect(down).toMatchObject({
      target: 1,
      minimise: true,
      label: "Bee",
      method: "relu",
      top1: null,
    });
    expect(Number(down["score"])).toBeGreaterThan(
      (down["trace"] as number[])[0] ?? NaN,
    );
    // equal start, opposite objectives
    expect((down["trace"] as number[])[0]).toBe(
      -((up["trace"] as number[])[0] ?? NaN),
    );
    const record = JSON.parse(
      await readFile(join(out, "minus1-1-relu", "run.json"), "utf8"),
    ) as RunRecord; // checked by the library's tests
    const logit = record.top5.find(({ index }) => index === 1)?.logit ?? NaN;
    expect(record.score).toBe(-logit);
    expect(record.top1).toBeNull();
    const sum = record.top5.reduce((s, one) => s + Math.exp(one.logit), 0);
    expect(record.probability).toBeCloseTo(Math.exp(logit) / sum, 12);
    const again = await proxima(["merge", out, "--out", at("merged")]);
    expect(again.out).toContain("2 runs of 1 shards");
    expect(again.err).not.toContain("missing");
  });

  it("keeps no probability and no top-1 of a plain number", async () => {
    const out = at("values");
    const ran = await run(
      ...["render", at("number"), "--targets", "0", ...climb, "--out", out],
    );
    expect(ran.out).not.toMatch(/top-1|probab/);
    const record = JSON.parse(
      await readFile(join(out, "0-1-relu", "run.json"), "utf8"),
    ) as RunRecord; // checked by the library's tests
    expect(record).toMatchObject({
      head: "value",
      top1: null,
      probability: null,
      top5: [{ label: "cat", probability: null }],
    });
  });

  it("keeps a sigmoid's own probability", async () => {
    const out = at("sigmoids");
    await run(
      ...["render", at("sigmoid"), "--targets", "-ant", ...climb, "--out", out],
    );
    const record = JSON.parse(
      await readFile(join(out, "minus0-1-relu", "run.json"), "utf8"),
    ) as RunRecord; // checked by the library's tests
    expect(record.head).toBe("sigmoid");
    expect(record.top1).toBeNull();
    expect(record.probability).toBeCloseTo(sigmoid(-record.score), 12);
  });

  it.each([
    [["--targets", "4"], "there is no class 4"],
    [["--targets", "cat"], "several classes are called"],
    [["--targets", "-ant,-0"], '"−ant" (0) twice'],
    [["--targets"], "--targets is given without a value"],
  ])("refuses %j", async (flags, said) => {
    const ran = await proxima([
      ...["render", at("softmax"), "--methods", "relu", "--out", at("no")],
      ...flags,
    ]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(said);
  });
});

describe("the Lab's tables", () => {
  it("climb and minimise by the same words", async () => {
    const ran = await run(
      ...["lab", "class-table", at("sigmoid"), "--targets", "1,-1"],
      ...["--steps", "4", "--step-size", "1", "--json"],
    );
    const rows = ran.lines().filter((line) => "target" in line);
    expect(rows).toHaveLength(6);
    for (const row of rows) {
      const sign = row["minimise"] ? -1 : 1;
      expect(row).toMatchObject({ target: 1, top1: null });
      expect(row["label"]).toBe(sign < 0 ? "−Bee" : "Bee");
      expect(row["probability"]).toBeCloseTo(
        sigmoid(sign * Number(row["score"])),
        6,
      );
    }
    const sweep = await run(
      ...["lab", "sweep", at("number"), "--targets", "-0", "--steps", "3"],
      ...["--methods", "relu", "--seeds", "1", "--step-size", "1", "--json"],
    );
    expect(sweep.lines()[0]).toMatchObject({
      scores: [{ target: 0, minimise: true, label: "−cat" }],
    });
  });
});
