/** Training as the window asks for it. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  defaultTrainingPlan,
  type TrainingPlan,
  type TrainingProgress,
} from "../../../../src/shared/training";
import { hosts, requestOf } from "../../../support/host";
import { writePictures } from "./pictures";

const start = hosts();
const plan: TrainingPlan = {
  ...defaultTrainingPlan,
  network: "small-cnn",
  slopes: [{ forward: 0, backward: 0.2 }],
  size: 16,
  epochs: 2,
  batch: 8,
  warmUpEpochs: 0,
};
const only = "0-0.2-seed-1";

async function made(changes: Partial<TrainingPlan> = {}) {
  const host = await start();
  const token = await host.grant(
    await writePictures(join(host.root, "pictures")),
  );
  const wanted = { token, plan: { ...plan, ...changes }, test: null };
  const training = await host.window.job("training.create", wanted);
  return { ...host, token, training, id: training.id };
}

describe("training, from the window", () => {
  it("looks, creates, runs, lists, and opens the trained network", async () => {
    const { window, token, training, id, root } = await made();
    expect(await window.call("training.look", { token })).toEqual({
      name: "pictures",
      classes: ["blue", "green", "red"].map((label) => ({
        label,
        pictures: 10,
      })),
    });
    expect(training.running).toBe(false);
    expect(training.runs.map(({ state }) => state)).toEqual(["waiting"]);
    expect(JSON.stringify(training)).not.toContain(root);
    await expect(
      window.job("training.open", { id, run: only }),
    ).rejects.toThrow("has no trained network yet");
    const told: TrainingProgress[] = [];
    const outcome = await window.job(
      "training.run",
      { id },
      { onProgress: (progress) => told.push(progress) },
    );
    expect(outcome).toEqual({ state: "done", finished: 1, failed: 0 });
    expect(told[0]?.changed[0]?.state).toBe("running");
    const ended = told.flatMap(({ changed }) => changed).at(-1);
    const got = await window.call("training.get", { id });
    expect(got.runs).toEqual([ended]);
    expect(ended?.curve.map(({ epoch }) => epoch)).toEqual([1, 2]);
    const [summary] = await window.call("training.list", {});
    expect(summary).toMatchObject({
      id,
      data: "pictures",
      network: "small-cnn",
      classes: 3,
      runs: 1,
      finished: 1,
      running: false,
    });
    expect(summary?.bytes).toBeGreaterThan(10_000);
    const network = await window.job("training.open", { id, run: only });
    expect(network.labels).toEqual(["blue", "green", "red"]);
    expect(network.name).toBe("Small CNN, pictures, ProxyGrad 0.2");
    expect(network.warnings).toEqual([]);
    expect(network.report.from).toMatchObject({
      preprocessing: "file",
      labels: "file",
    });
    expect(network.defaults.backwardSlope).toBe(0.2);
    // the other commands know it: it can be climbed
    const gallery = await window.job("gallery.run", requestOf(network.id));
    expect(gallery.state).toBe("done");
  });

  it("pauses when it is cancelled, and goes on", async () => {
    const { window, id } = await made({ epochs: 4 });
    const pause = new AbortController();
    const paused = await window.job(
      "training.run",
      { id },
      {
        signal: pause.signal,
        onProgress: ({ changed }) => {
          if (changed.some(({ curve }) => curve.length === 1)) pause.abort();
        },
      },
    );
    expect(paused).toEqual({ state: "paused", finished: 0, failed: 0 });
    const { runs } = await window.call("training.get", { id });
    expect(runs[0]?.state).toBe("paused");
    const length = runs[0]?.curve.length ?? 0;
    expect(length).toBeGreaterThanOrEqual(1);
    expect(length).toBeLessThan(4);
    expect((await window.job("training.run", { id })).state).toBe("done");
  });

  it("stops one run while it is computed, and goes on with the next", async () => {
    const { window, id } = await made({ epochs: 200, seeds: [1, 2] });
    const second = "0-0.2-seed-2";
    const stopped: string[] = [];
    const outcome = await window.job(
      "training.run",
      { id },
      {
        onProgress: ({ run, phase }) => {
          if (phase !== "training" || stopped.includes(run)) return;
          stopped.push(run);
          void window.call("training.stop-run", { id, run });
        },
      },
    );
    expect(stopped).toEqual([only, second]);
    expect(outcome).toEqual({ state: "done", finished: 2, failed: 0 });
    const { runs } = await window.call("training.get", { id });
    expect(runs.map(({ state }) => state)).toEqual(["stopped", "stopped"]);
    for (const run of runs) expect(run.best).not.toBeNull();
    await expect(
      window.call("training.stop-run", { id, run: "nothing" }),
    ).rejects.toThrow('has no run "nothing"');
  });

  it("refuses a batch that the user's memory does not hold, and nothing is lost", async () => {
    const { window, main, configuration, id } = await made();
    await main.call("configure", { ...configuration, memoryLimit: 1 });
    await expect(window.job("training.run", { id })).rejects.toThrow(
      /A batch of 8 of Small CNN needs about \d+ MiB, more than the limit allows/,
    );
    await main.call("configure", configuration);
    expect((await window.job("training.run", { id })).state).toBe("done");
  });

  it("stops a run that waits", async () => {
    const { window, id } = await made();
    await window.call("training.stop-run", { id, run: only });
    const { runs } = await window.call("training.get", { id });
    expect(runs[0]).toMatchObject({ state: "stopped", best: null });
    expect((await window.job("training.run", { id })).finished).toBe(1);
  });

  it("runs an experiment once at a time, and keeps it while it runs", async () => {
    const { window, id } = await made({ epochs: 500 });
    const pause = new AbortController();
    let running: (() => void) | undefined;
    const began = new Promise<void>((resolve) => (running = resolve));
    const job = window.job(
      "training.run",
      { id },
      { signal: pause.signal, onProgress: () => running?.() },
    );
    await began;
    expect((await window.call("training.get", { id })).running).toBe(true);
    await expect(window.job("training.run", { id })).rejects.toThrow(
      "is running already",
    );
    await expect(window.call("training.delete", { id })).rejects.toThrow(
      "This experiment is running.",
    );
    pause.abort();
    expect((await job).state).toBe("paused");
  });

  it("moves an experiment to the trash and back", async () => {
    const { window, id } = await made();
    await window.call("training.delete", { id });
    expect(await window.call("training.list", {})).toEqual([]);
    await expect(window.call("training.get", { id })).rejects.toThrow(
      "There is no",
    );
    await window.call("training.restore", { id });
    expect(await window.call("training.list", {})).toHaveLength(1);
    await expect(window.call("training.restore", { id })).rejects.toThrow(
      "no longer in the trash",
    );
  });

  it("leaves alone what is no experiment, or one of another version", async () => {
    const { window, root } = await made();
    const folder = join(root, "data/training");
    await mkdir(join(folder, "later"));
    const later = JSON.stringify({ format: "proxima-training", version: 9 });
    await writeFile(join(folder, "later/experiment.json"), later);
    expect(await window.call("training.list", {})).toHaveLength(1);
    await expect(
      window.call("training.delete", { id: "later" }),
    ).rejects.toThrow("another version");
    expect(await readdir(folder)).toContain("later");
  });
});
