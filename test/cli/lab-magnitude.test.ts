/** Gradients' magnitudes and batch-norm inputs from the command line: what each line holds, and what is refused. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../src/main/host/images";
import { bundledNetwork } from "../support/networks";
import { writeTinyNetwork } from "../support/tiny-network";
import { proxima } from "./run";

let root: string;
let tiny: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "proxima-magnitude-"));
  tiny = await writeTinyNetwork(join(root, "tiny"));
  // folders by the names of the network's classes
  for (const [c, name] of ["ant", "bee"].entries()) {
    await mkdir(join(root, "pictures", name), { recursive: true });
    for (const k of [1, 2])
      await writeFile(
        join(root, "pictures", name, `${k}.png`),
        await encodePng(
          [6, 6, 3],
          Float32Array.from({ length: 108 }, (_, i) => Math.sin(i * (k + c))),
        ),
      );
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

const small = ["--size", "32", "--batch", "3", "--repetitions", "1"];

describe("proxima lab gradient-magnitude", () => {
  const command = ["lab", "gradient-magnitude"];

  it("measures the two random networks, a line a cell, unrounded", async () => {
    const ran = await proxima([
      ...[...command, "--slopes", "0.1,0.3", ...small, "--json"],
    ]);
    expect(ran.code).toBe(0);
    const lines = ran.lines();
    expect(lines.map((l) => [l["batchNorm"], l["method"], l["slope"]])).toEqual(
      [false, true].flatMap((norm) =>
        ["leaky", "proxygrad"].flatMap((method) =>
          [0.1, 0.3].map((slope) => [norm, method, slope]),
        ),
      ),
    );
    for (const line of lines) {
      expect(line).toMatchObject({
        node: "layer1.0.conv1",
        images: "noise",
        labels: "random",
        repetitions: 1,
        spread: null,
      });
      const [meanAbs, relu] = [Number(line["meanAbs"]), Number(line["relu"])];
      expect(meanAbs).toBeGreaterThan(0);
      expect(line["ratio"]).toBe(meanAbs / relu);
      // not cut to a few digits
      expect(String(line["ratio"]).length).toBeGreaterThan(10);
    }
    expect(new Set(lines.map((line) => line["relu"])).size).toBe(2);

    // one slope more finds the others computed
    const more = await proxima([
      ...[...command, "--slopes", "0.1,0.2,0.3", ...small, "--json"],
    ]);
    const again = more.lines().filter((line) => line["slope"] !== 0.2);
    expect(again).toEqual(lines);
    const table = await proxima([...command, "--slopes", "0.1,0.3", ...small]);
    expect(table.out).toContain("Seeded noise, random labels.");
    expect(table.out).toContain(Number(lines[0]?.["ratio"]).toFixed(4));
  });

  it("measures a network that is named, on pictures with its classes", async () => {
    const ran = await proxima([
      ...[...command, tiny, "--slopes", "0.2", "--batch", "4"],
      ...["--images", join(root, "pictures"), "--json"],
    ]);
    expect(ran.code).toBe(0);
    const lines = ran.lines();
    expect(lines).toHaveLength(2);
    for (const line of lines)
      expect(line).toMatchObject({
        network: "tiny",
        batchNorm: false,
        node: "conv",
        images: "folder",
        labels: "folders",
        repetitions: 4,
      });
    // the rectifier stands behind the node, and nothing before it but the pictures: only the slope's part grows
    const [leaky, proxy] = lines.map((line) => Number(line["ratio"]));
    expect(leaky).toBeGreaterThan(1);
    expect(proxy).toBeGreaterThan(1);
  });

  it("refuses what it cannot measure", async () => {
    const one = await proxima([...command, "--batch", "1"]);
    expect([one.code, one.err]).toEqual([
      2,
      expect.stringContaining("--batch"),
    ]);
    const none = await proxima([...command, "--images", join(root, "tiny")]);
    expect(none.code).toBe(2);
    expect(none.err).toContain("holds no pictures");
    const much = await proxima([
      ...[...command, "--size", "256", "--batch", "128"],
    ]);
    expect(much.code).toBe(2);
    expect(much.err).toContain("GiB");
  });
});

describe("proxima lab batch-norm-inputs", () => {
  it("gives a line a slope with every layer", async () => {
    const ran = await proxima([
      ...["lab", "batch-norm-inputs", bundledNetwork, "--slopes", "0,0.5"],
      ...["--batch", "2", "--repetitions", "1", "--json"],
    ]);
    expect(ran.code).toBe(0);
    const lines = ran.lines();
    expect(lines.map((line) => line["slope"])).toEqual([0, 0.5]);
    for (const line of lines) {
      // our own output
      const layers = line["layers"] as { node: string; deviation: number }[];
      expect(layers).toHaveLength(20);
      expect(line["deviation"]).toBeCloseTo(
        layers.reduce((sum, one) => sum + one.deviation, 0) / 20,
        12,
      );
    }
  });

  it("refuses a network without batch norms", async () => {
    const ran = await proxima(["lab", "batch-norm-inputs", tiny]);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain("has no batch norm");
  });
});
