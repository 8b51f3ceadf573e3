import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writePictures } from "../main/host/training/pictures";
import { temporaryFolders } from "../support/temporary-folder";
import { proxima } from "./run";

const temporary = temporaryFolders();

const small = ["--network", "small-cnn", "--size", "16", "--batch", "8"];

describe("proxima train", () => {
  it("trains slopes and seeds, and prints a line an epoch and the table", async () => {
    const root = await temporary();
    const data = await writePictures(join(root, "data"));
    const out = join(root, "out");
    const ran = await proxima(
      ["train", data, ...small, "--backward", "0", "0.2", "--seeds", "1", "2"]
        .concat(["--epochs", "2", "--validation", "0.2", "--out", out])
        .concat(["--json"]),
    );
    expect(ran.err).not.toContain("proxima:");
    expect(ran.code).toBe(0);
    const lines = ran.lines();
    expect(lines[0]).toEqual({
      classes: 3,
      parts: { train: 19, validation: 5, test: 6 },
      leftOut: 0,
    });
    const epochs = lines.filter((line) => "learningRate" in line);
    expect(
      epochs.map(({ run, epoch }) => `${String(run)} ${String(epoch)}`),
    ).toEqual(
      ["0-0-seed-1", "0-0.2-seed-1", "0-0-seed-2", "0-0.2-seed-2"].flatMap(
        (run) => [`${run} 1`, `${run} 2`],
      ),
    );
    const { done } = lines.at(-1) as {
      done: {
        table: { slopes: object; test: { count: number; mean: number } }[];
        runs: { network: string; test: { accuracy: number } }[];
      };
    };
    expect(done.table.map(({ slopes }) => slopes)).toEqual([
      { forward: 0, backward: 0 },
      { forward: 0, backward: 0.2 },
    ]);
    const first = done.runs.filter((_, i) => i % 2 === 0);
    expect(done.table[0]?.test.count).toBe(2);
    expect(done.table[0]?.test.mean).toBeCloseTo(
      first.reduce((sum, { test }) => sum + test.accuracy, 0) / 2,
      12,
    );
    const labels = await readFile(
      join(done.runs[0]?.network ?? "", "labels.json"),
      "utf8",
    );
    expect(JSON.parse(labels)).toEqual(["blue", "green", "red"]);
    const inspected = await proxima([
      "inspect",
      done.runs[1]?.network ?? "",
      "--json",
    ]);
    expect(inspected.code).toBe(0);
    expect(inspected.err).toBe("");
  });

  it("pauses on an interrupt, says how to go on, and goes on", async () => {
    const root = await temporary();
    const data = await writePictures(join(root, "data"));
    const out = join(root, "an experiment");
    const stop = new AbortController();
    const paused = await proxima(
      ["train", data, ...small, "--epochs", "3", "--out", out],
      {
        signal: stop.signal,
        onOutput: (text) => {
          if (/epoch 2\/3 .* train \d/.test(text)) stop.abort();
        },
      },
    );
    expect(paused.code).toBe(130);
    expect(paused.err).toContain(
      `proxima train ${data} --out '${out}' --resume`,
    );
    const changed = await proxima([
      "train",
      data,
      "--out",
      out,
      "--resume",
      "--epochs",
      "5",
    ]);
    expect(changed.code).toBe(2);
    expect(changed.err).toContain("--epochs cannot change it");
    const resumed = await proxima([
      "train",
      data,
      "--out",
      out,
      "--resume",
      "--json",
    ]);
    expect(resumed.code).toBe(0);
    const epochs = resumed.lines().filter((line) => "learningRate" in line);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([3]);
    const again = await proxima(["train", data, ...small, "--out", out]);
    expect(again.code).toBe(2);
    expect(again.err).toContain("holds a training already");
  });

  it("tests on the pictures a list names", async () => {
    const root = await temporary();
    const data = await writePictures(join(root, "data"));
    const list = join(root, "test.json");
    const names = ["data/blue/picture_03.png", "red/picture_00.png"];
    await writeFile(list, JSON.stringify(names));
    const out = join(root, "out");
    const ran = await proxima(
      ["train", data, ...small, "--epochs", "1", "--out", out].concat([
        "--validation",
        "0",
        "--test-list",
        list,
        "--json",
      ]),
    );
    expect(ran.code).toBe(0);
    expect(ran.lines()[0]).toMatchObject({
      parts: { train: 28, validation: 0, test: 2 },
    });
    await writeFile(list, JSON.stringify(["blue/missing.png"]));
    const refused = await proxima([
      "train",
      data,
      ...small,
      "--out",
      join(root, "b"),
      "--test-list",
      list,
    ]);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('names "blue/missing.png"');
  });

  it("turns the pictures and adds noise where it is asked to", async () => {
    const root = await temporary();
    const data = await writePictures(join(root, "data"), { each: 4 });
    const losses: unknown[] = [];
    for (const [name, flags, expected] of [
      ["plain", [], { rotation: 0, noise: 0 }],
      ["rotated", ["--rotate", "12.5"], { rotation: 12.5, noise: 0 }],
      ["noisy", ["--noise", "0.05"], { rotation: 0, noise: 0.05 }],
    ] as const) {
      const out = join(root, name);
      const ran = await proxima(
        ["train", data, ...small, "--epochs", "1", "--out", out]
          .concat(["--crop", "none", "--json"])
          .concat(flags),
      );
      expect(ran.code).toBe(0);
      const experiment: unknown = JSON.parse(
        await readFile(join(out, "experiment.json"), "utf8"),
      );
      expect(experiment).toMatchObject({ plan: { augmentation: expected } });
      const epoch = ran.lines().find((line) => "learningRate" in line);
      losses.push((epoch as { train: { loss: number } }).train.loss);
    }
    expect(new Set(losses).size).toBe(3);
  });

  it.each([
    [["--backward", "2"], "--backward must be a number from 0 to 1"],
    [["--crop", "area"], "--crop must be none, padding:PIXELS or area:LEAST"],
    [["--rotate", "181"], "--rotate must be a number from 0 to 180"],
    [["--noise", "1.5"], "--noise must be a number from 0 to 1"],
    [["--epochs", "1", "--warm-up", "1"], "the warm-up is shorter"],
    [["--seeds", "1", "1"], "every seed is given once"],
    [["--seed", "1", "--seeds", "2"], "one of them is enough"],
    [
      ["--forward", "0", "0.1", "--backward", "0", "0.1", "0.2"],
      "Give one for all, or one for each",
    ],
  ])("refuses %j", async (flags, sentence) => {
    const root = await temporary();
    const ran = await proxima(["train", root, "--out", "x", ...flags]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(sentence);
  });
});
