import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTinyNetwork } from "../support/tiny-network";
import { proxima } from "./run";

let root: string;
let net: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "proxima-sweep-"));
  net = await writeTinyNetwork(join(root, "net"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function sweep(...flags: string[]) {
  return proxima(["lab", "sweep", net, ...flags, "--json"]);
}

interface Line {
  readonly method: string;
  readonly slope: number;
  readonly mean: number;
  readonly n: number;
  readonly ratio: number | null;
  readonly scores: { target: number; seed: number; score: number }[];
}

describe("proxima lab sweep", () => {
  it("prints a line a cell with its scores, then the best one", async () => {
    const { code, lines } = await sweep(
      ...["--slopes", "0.3,0.1", "--targets", "0,1", "--steps", "4"],
      ...["--seeds", "2", "--step-size", "0.5", "--start-noise", "0.2"],
    );
    expect(code).toBe(0);
    const all = lines();
    // the fields that are looked at, of lines this command has just written
    const cells = all.slice(0, -1) as unknown as Line[];
    expect(cells.map(({ method, slope }) => `${method} ${slope}`)).toEqual([
      "relu 0",
      "proxygrad 0.1",
      "proxygrad 0.3",
      "leaky 0.1",
      "leaky 0.3",
    ]);
    expect(cells[0]?.mean).toBeLessThan(0);
    for (const { mean, n, ratio, scores } of cells) {
      expect(n).toBe(4);
      expect(scores.map(({ target, seed }) => [target, seed])).toEqual([
        [0, 1],
        [1, 1],
        [0, 2],
        [1, 2],
      ]);
      const sum = scores.reduce((a, { score }) => a + score, 0);
      expect(mean).toBe(sum / 4);
      // a ratio to a negative mean would say nothing
      expect(ratio).toBeNull();
    }
    const best = cells.reduce((a, b) => (b.mean > a.mean ? b : a));
    expect(all.at(-1)).toEqual({
      best: {
        method: best.method,
        slope: best.slope,
        score: best.mean,
        ratio: best.ratio,
        steps: 4,
        regularized: false,
      },
    });
  });

  it.each([
    [["--blur", "0.4", "--rotate", "9"]],
    // the other is the network's own
    [["--blur", "0.4"]],
    [["--rotate", "9"]],
  ])("scores what a render of the same settings scores, %j", async (said) => {
    const flags = ["--targets", "1", "--steps", "3", "--step-size", "0.5"];
    const swept = await sweep(
      ...flags,
      ...["--methods", "proxygrad", "--slopes", "0.2", "--seeds", "7,"],
      ...["--start-noise", "0.2", ...said],
    );
    const rendered = await proxima([
      ...["render", net, ...flags, "--methods", "proxygrad:0.2"],
      ...["--seed", "7", "--start-noise", "0.2", ...said],
      ...["--out", join(root, said.join("")), "--json"],
    ]);
    expect(rendered.code).toBe(0);
    expect(swept.lines()[0]).toMatchObject({
      regularized: true,
      scores: [{ target: 1, seed: 7, score: rendered.lines()[0]?.["score"] }],
    });
  });

  it("scores without and with regularization, after several numbers of steps, each with its best", async () => {
    const { lines } = await sweep(
      ...["--methods", "relu,proxygrad", "--slopes", "0.2", "--targets", "0"],
      ...["--steps", "1,3", "--seeds", "1", "--regularize", "both"],
    );
    const all = lines();
    expect(all.filter((line) => "method" in line)).toHaveLength(8);
    expect(
      all.filter((line) => "best" in line).map((line) => line["best"]),
    ).toMatchObject([
      { steps: 1, regularized: false },
      { steps: 3, regularized: false },
      { steps: 1, regularized: true },
      { steps: 3, regularized: true },
    ]);
  });

  it("prints a table for people", async () => {
    const { out } = await proxima([
      ...["lab", "sweep", net, "--slopes", "0.2", "--targets", "0"],
      ...["--methods", "relu,proxygrad", "--seeds", "1", "--steps", "2"],
    ]);
    expect(out).toMatch(/^method +slope +score +spread +\/ ReLU\n/);
    expect(out).toMatch(/relu +0 +-?\d+\.\d\d/);
    expect(out).toMatch(/Best after 2 steps: (ReLU|ProxyGrad 0\.2), /);
  });

  it.each([
    [["--methods", "relu,vanilla"], "vanilla"],
    [["--slopes", "0.1,2"], "--slopes"],
    [["--targets", "nobody"], "nobody"],
    [["--seeds", "0"], "--seeds"],
    [["--regularize", "off", "--blur", "1"], "contradict"],
  ])("refuses %j", async (flags, word) => {
    const { code, err, out } = await sweep(...flags);
    expect(code).toBe(2);
    expect(err).toContain(word);
    expect(out).toBe("");
  });
});

it("refuses what the machine cannot do before it begins", async () => {
  // 6 x 6 pixels are small; 256 times 4096 x 4096 are not
  const large = await writeTinyNetwork(join(root, "large"), { size: 4096 });
  const asked = ["lab", "sweep", large, "--targets", "0", "--batch", "256"];
  const { code, err } = await proxima(asked);
  expect(code).not.toBe(0);
  expect(err).toContain("A batch of");
});
