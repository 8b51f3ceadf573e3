/** The class table from the command line: what `render` gives for the same settings, stopped and gone on, as files. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNpy } from "../../src/main/host/npy";
import { applyContrast } from "../../src/shared/contrast";
import type { Tail } from "../../src/shared/domain";
import { toPicture } from "../../src/shared/pictures";
import { writeTinyNetwork } from "../support/tiny-network";
import { proxima } from "./run";

let root: string;
let net: string;
const at = (...parts: string[]) => join(root, ...parts);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "proxima-class-table-"));
  net = await writeTinyNetwork(at("net"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const settings = [
  ...["--step-size", "2", "--blur", "0.5", "--rotate", "8", "--batch", "3"],
];
function table(...more: string[]) {
  return proxima([
    ...["lab", "class-table", net, "--steps", "12", "--seed", "3"],
    ...["--leaky", "0.3", "--proxygrad", "0.2", "--start-noise", "0.2"],
    ...settings,
    ...more,
  ]);
}

describe("proxima lab class-table", () => {
  it("gives a line a cell with the scores of a render, and then the means", async () => {
    const ran = await table("--targets", "0,bee,3", "--json");
    expect(ran.code).toBe(0);
    const lines = ran.lines();
    const cells = lines.slice(0, -1);
    expect(cells.map((line) => [line["target"], line["method"]])).toEqual(
      [0, 1, 3].flatMap((target) =>
        ["relu", "leaky", "proxygrad"].map((method) => [target, method]),
      ),
    );
    const render = await proxima([
      ...["render", net, "--targets", "0,1,3", "--steps", "12", "--seed", "3"],
      ...["--methods", "relu,leaky:0.3,proxygrad:0.2", "--start-noise", "0.2"],
      ...settings,
      ...["--out", at("render"), "--json"],
    ]);
    const rendered = render.lines();
    for (const [i, cell] of cells.entries()) {
      const { trace, score, label, top1, probability, state } =
        rendered[i] ?? {};
      expect(cell).toMatchObject({
        ...{ trace, score, label, top1, probability, state },
        step: 12,
        slope: [0, 0.3, 0.2][i % 3],
      });
    }
    // the same mean and deviation as the render's record has
    for (const [i, cell] of cells.entries())
      expect(cell["tail"]).toEqual(rendered[i]?.["tail"]);
    const tail = (line: object) => (line as { tail: Tail }).tail; // as printed
    for (const [i, cell] of cells.entries()) {
      const base = cells[i - (i % 3)];
      if (i % 3 === 0 || !base) expect(cell["difference"]).toBeNull();
      else
        expect(cell["difference"]).toMatchObject({
          step: 12,
          value: tail(cell).mean - tail(base).mean,
          std: Math.hypot(tail(cell).std, tail(base).std),
        });
    }
    const scores = (method: string) =>
      cells
        .filter((line) => line["method"] === method)
        .map((line) => tail(line).mean);
    const mean = (values: number[]) =>
      values.reduce((a, b) => a + b, 0) / values.length;
    const relu = mean(scores("relu"));
    const leaky = mean(scores("leaky"));
    const proxygrad = mean(scores("proxygrad"));
    expect(relu).toBeLessThan(0);
    expect(lines.at(-1)).toMatchObject({
      mean: { relu, leaky, proxygrad },
      // no ratio to a mean below zero
      ratio: { relu: null, leaky: null, proxygrad: null },
      classes: 3,
    });
    const wins = Object.values(
      lines.at(-1)?.["wins"] as Record<string, number>, // as printed
    );
    expect(
      wins.reduce((a, b) => a + b, 0) + Number(lines.at(-1)?.["undecided"]),
    ).toBe(3);
  });

  it("stops, says how far it came, and goes on from there to the same numbers", async () => {
    const steps = 1500;
    const stop = new AbortController();
    const args = [
      ...["lab", "class-table", net, "--steps", String(steps)],
      ...["--targets", "0,2", "--json", ...settings],
    ];
    const stopped = await proxima(args, {
      signal: stop.signal,
      terminal: true,
      onOutput: (text) => {
        if (/lab .* [1-9]\d* %/.test(text)) stop.abort();
      },
    });
    expect(stopped.code).toBe(130);
    const partial = stopped.lines().slice(0, -1);
    expect(partial).toHaveLength(6);
    const reached = new Set(partial.map((line) => line["step"]));
    expect(reached.size).toBe(1);
    const [step] = [...reached].map(Number);
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(steps);
    for (const line of partial) expect(line["state"]).toBe("running");
    expect(stopped.lines().at(-1)).toMatchObject({ classes: 0 });

    const done = (await proxima(args)).lines();
    const fresh = (await proxima([...args, "--fresh"])).lines();
    expect(done).toHaveLength(7);
    expect(done).toEqual(fresh);
    // as long as it had run, it had run the same way
    for (const [i, line] of partial.entries()) {
      const trace = line["trace"] as number[]; // as printed
      const whole = done[i]?.["trace"] as number[];
      expect(whole.slice(0, trace.length)).toEqual(trace);
    }
  });

  it("writes the pictures: values, and what the contrast rule shows", async () => {
    const ran = await table("--targets", "1", "--out", at("out"));
    expect(ran.code).toBe(0);
    expect(ran.out).toContain("Mean over 1 target:");
    expect(ran.out).toMatch(/^ReLU +-?\d+\.\d\d ± \d+\.\d\d /m);
    expect(ran.out).toContain(
      "Score: mean ± standard deviation over the last tenth of the steps.",
    );
    const stems = [
      "Bee-1-leaky-0.3-step1",
      "Bee-1-leaky-0.3-step10",
      "Bee-1-leaky-0.3-step12",
      "Bee-1-proxygrad-0.2-step1",
      "Bee-1-proxygrad-0.2-step10",
      "Bee-1-proxygrad-0.2-step12",
      "Bee-1-relu-step1",
      "Bee-1-relu-step10",
      "Bee-1-relu-step12",
    ];
    expect((await readdir(at("out"))).toSorted()).toEqual(
      stems.flatMap((stem) => [`${stem}.npy`, `${stem}.png`]).toSorted(),
    );
    const { shape, values } = readNpy(
      await readFile(at("out", "Bee-1-relu-step12.npy")),
      "",
    );
    expect(shape).toEqual([6, 6, 3]);
    const rgba = new Uint8ClampedArray(6 * 6 * 4);
    applyContrast(toPicture([6, 6, 3], values), "sigma", rgba);
    const { data } = await sharp(at("out", "Bee-1-relu-step12.png"))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(new Uint8ClampedArray(data)).toEqual(rgba);
  });

  it("refuses what it cannot use", async () => {
    for (const [flag, value, says] of [
      ["--steps", "0", "--steps must be"],
      ["--proxygrad", "2", "--proxygrad must be"],
      ["--targets", "9", "no class 9"],
      ["--targets", "1,1", "twice"],
      ["--precision", "half", "--precision must be"],
    ] as const) {
      const ran = await proxima(["lab", "class-table", net, flag, value]);
      expect([ran.code, ran.out]).toEqual([2, ""]);
      expect(ran.err).toContain(says);
    }
    expect((await proxima(["lab", "class-table"])).code).toBe(2);
  });
});
