/** Experiments as they are run: to the end, interrupted, stopped, killed, and where something is wrong. */
import { createHash } from "node:crypto";
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Network, TrainStep } from "../../../../src/engine";
import { openBackend, type Backend } from "../../../../src/main/host/backend";
import { lockFile } from "../../../../src/main/host/folder-lock";
import { openNetworkAt } from "../../../../src/main/host/networks";
import { createExperiment } from "../../../../src/main/host/training/create";
import {
  readRuns,
  readTraining,
  writeRun,
} from "../../../../src/main/host/training/experiment-folder";
import {
  runExperiment,
  type ExperimentOptions,
} from "../../../../src/main/host/training/run-experiment";
import {
  trainerOf,
  type Trainer,
} from "../../../../src/main/host/training/trainer";
import {
  defaultTrainingPlan,
  trainingTable,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingRun,
} from "../../../../src/shared/training";
import { holdLock, killed } from "../../../support/hold-lock";
import { temporaryFolders } from "../../../support/temporary-folder";
import { writePictures } from "./pictures";

const temporary = temporaryFolders();
const { signal } = new AbortController();
const plan: TrainingPlan = {
  ...defaultTrainingPlan,
  network: "small-cnn",
  slopes: [{ forward: 0, backward: 0.2 }],
  size: 16,
  epochs: 3,
  batch: 8,
  warmUpEpochs: 0.5,
  validation: 0.2,
};

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend();
});

async function made(changes: Partial<TrainingPlan> = {}) {
  const root = await temporary();
  const source = await writePictures(join(root, "data"));
  const folder = join(root, "experiment");
  const wanted = { id: "e", source, tested: null, versions: {} };
  const experiment = await createExperiment(
    folder,
    { ...wanted, plan: { ...plan, ...changes } },
    { signal },
  );
  return { root, source, folder, experiment };
}

function run(
  folder: string,
  options: Partial<ExperimentOptions> = {},
  trainer: Trainer = trainerOf(backend),
) {
  return runExperiment(folder, trainer, {
    signal,
    progress: () => undefined,
    ...options,
  });
}

/** Aborts or stops once so many steps of training have been reported. */
function after(steps: number, then: () => void) {
  let seen = 0;
  return (trainer: Trainer): Trainer => ({
    build: (...args) => trainer.build(...args),
    compile(options) {
      const step = trainer.compile(options);
      return {
        ...step,
        advance(...args) {
          const result = step.advance(...args);
          if (++seen === steps) then();
          return result;
        },
      };
    },
  });
}

/** A record without what the clock decides. */
function timeless(runs: readonly TrainingRun[]) {
  return runs.map((run) => ({
    ...run,
    seconds: 0,
    curve: run.curve.map((point) => ({ ...point, imagesPerSecond: 0 })),
  }));
}

/** sha256 of each file of the network. */
async function digests(folder: string, run: string) {
  const best = join(folder, run, "best");
  const found: Record<string, string> = {};
  for (const name of (await readdir(best)).sort()) {
    const bytes = await readFile(join(best, name));
    found[name] = createHash("sha256").update(bytes).digest("hex");
  }
  return found;
}

const only = "0-0.2-seed-1";

describe("an experiment", () => {
  it("runs every pair of slopes with every seed, and its table is their mean and spread", async () => {
    const slopes = [
      { forward: 0, backward: 0 },
      { forward: 0.1, backward: 0.1 },
    ];
    const { folder } = await made({ slopes, seeds: [3, 4], epochs: 2 });
    const told: TrainingProgress[] = [];
    const outcome = await run(folder, { progress: (p) => told.push(p) });
    expect(outcome).toEqual({ state: "done", finished: 4, failed: 0 });
    const { runs } = await readTraining(folder, false);
    expect(runs.map(({ id, state }) => [id, state])).toEqual(
      ["0-0-seed-3", "0.1-0.1-seed-3", "0-0-seed-4", "0.1-0.1-seed-4"].map(
        (id) => [id, "done"],
      ),
    );
    const [, row] = trainingTable({ slopes, seeds: [3, 4] }, runs);
    const [a = NaN, b = NaN] = [runs[1], runs[3]].map((r) => r?.test?.accuracy);
    expect(row?.slopes).toEqual(slopes[1]);
    expect(row?.test.count).toBe(2);
    expect(row?.test.mean).toBeCloseTo((a + b) / 2, 12);
    expect(row?.test.deviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    // each record came with the progress, whole
    const last = new Map(
      told.flatMap(({ changed }) => changed).map((r) => [r.id, r]),
    );
    expect([...last.values()]).toEqual(runs);
    expect(told.at(-1)).toMatchObject({ runIndex: 3, runCount: 4, epoch: 2 });
    expect(told.at(-1)?.secondsLeft).toBe(0);
    // the Leaky network keeps its slope
    const leaky = await openNetworkAt(join(folder, "0.1-0.1-seed-3", "best"));
    const rectifiers = leaky.nodes.filter(({ op }) => op.rectifier);
    expect(rectifiers.length).toBeGreaterThan(0);
    for (const { attributes } of rectifiers)
      expect(attributes).toMatchObject({ slope: 0.1 });
    expect(leaky.labels).toEqual(["blue", "green", "red"]);
  });

  it("learns: the loss falls, and colours are told apart", async () => {
    const { folder } = await made({ epochs: 6 });
    await run(folder);
    const [record] = await readRuns(folder, plan);
    const losses = record?.curve.map(({ train }) => train.loss) ?? [];
    expect(losses.at(-1)).toBeLessThan(0.7 * (losses[0] ?? 0));
    expect(record?.test?.accuracy).toBe(1);
    // two steps an epoch, one of them the warm-up
    const cosine = (step: number) =>
      0.0015 * (1 + Math.cos((Math.PI * (step - 1)) / 11));
    for (const { epoch, learningRate } of record?.curve ?? [])
      expect(learningRate).toBeCloseTo(cosine(2 * epoch - 1), 12);
  });

  it("paused anywhere and gone on with, it is the unbroken one to the bit", async () => {
    const unbroken = await made();
    await run(unbroken.folder);
    const expected = timeless(await readRuns(unbroken.folder, plan));
    const bits = await digests(unbroken.folder, only);
    // two steps an epoch: within the first, at its end, within the last
    for (const steps of [1, 2, 5]) {
      const { folder } = await made();
      const pause = new AbortController();
      const pausing = after(steps, () => {
        pause.abort();
      })(trainerOf(backend));
      const options = { signal: pause.signal };
      expect(await run(folder, options, pausing)).toMatchObject({
        state: "paused",
        finished: 0,
      });
      const [paused] = await readRuns(folder, plan);
      expect(paused?.state).toBe("paused");
      expect(await readdir(join(folder, only))).toContain("checkpoint");
      expect(await run(folder)).toMatchObject({ state: "done", finished: 1 });
      expect(timeless(await readRuns(folder, plan))).toEqual(expected);
      expect(await digests(folder, only)).toEqual(bits);
      expect((await readdir(join(folder, only))).sort()).toEqual([
        "best",
        "run.json",
      ]);
    }
  });

  it("killed after a step, it goes on from its checkpoint to the same end", async () => {
    const unbroken = await made();
    await run(unbroken.folder);
    const { folder } = await made();
    const killing = after(4, () => {
      throw new Error("killed");
    })(trainerOf(backend));
    // a checkpoint after every step
    const often = { checkpointMs: 0 };
    await expect(run(folder, often, killing)).rejects.toThrow("killed");
    const own = join(folder, only);
    const bytes = await readFile(join(own, "checkpoint"));
    await writeFile(join(own, "checkpoint"), bytes.subarray(0, 5000));
    expect(await run(folder)).toMatchObject({ state: "done", finished: 1 });
    expect(timeless(await readRuns(folder, plan))).toEqual(
      timeless(await readRuns(unbroken.folder, plan)),
    );
    expect(await digests(folder, only)).toEqual(
      await digests(unbroken.folder, only),
    );
  });

  it("turned and with noise, it goes on to the same bits; without, as if neither were known", async () => {
    const augmentations = [
      { ...plan.augmentation, rotation: 15, noise: 0.1 },
      plan.augmentation,
    ];
    const bits: unknown[] = [];
    for (const augmentation of augmentations) {
      const unbroken = await made({ augmentation });
      await run(unbroken.folder);
      const { folder } = await made({ augmentation });
      const pause = new AbortController();
      const pausing = after(3, () => {
        pause.abort();
      })(trainerOf(backend));
      await run(folder, { signal: pause.signal }, pausing);
      if (augmentation === plan.augmentation) {
        const path = join(folder, "experiment.json");
        const text = await readFile(path, "utf8");
        const known = text.replace(/,\s*"rotation": ?0,\s*"noise": ?0/, "");
        expect(known.length).toBeLessThan(text.length);
        await writeFile(path, known);
      }
      expect(await run(folder)).toMatchObject({ state: "done", finished: 1 });
      expect(timeless(await readRuns(folder, plan))).toEqual(
        timeless(await readRuns(unbroken.folder, plan)),
      );
      bits.push(await digests(folder, only));
      expect(bits.at(-1)).toEqual(await digests(unbroken.folder, only));
    }
    expect(bits[0]).not.toEqual(bits[1]);
  });

  it("does not change its numbers with how many pictures stay in memory", async () => {
    const { folder } = await made();
    const other = await made();
    await run(folder);
    await run(other.folder, { pictureBytes: 5 * 16 * 16 * 3 });
    expect(timeless(await readRuns(other.folder, plan))).toEqual(
      timeless(await readRuns(folder, plan)),
    );
  });
});

describe("a run that is stopped", () => {
  const seeds = [1, 2];

  it("keeps its best, is tested, and the next run begins", async () => {
    const { folder } = await made({ seeds });
    let stop = false;
    const stopping = after(3, () => {
      stop = true;
    })(trainerOf(backend));
    const stopped = (id: string) => stop && id === only;
    expect(await run(folder, { stopped }, stopping)).toEqual({
      state: "done",
      finished: 2,
      failed: 0,
    });
    const [first, second] = await readRuns(folder, { ...plan, seeds });
    expect(first?.state).toBe("stopped");
    expect(first?.curve).toHaveLength(1);
    expect(first?.best?.epoch).toBe(1);
    expect(first?.test).not.toBeNull();
    expect(second?.state).toBe("done");
    expect((await openNetworkAt(join(folder, only, "best"))).output).toBe(
      "logits",
    );
  });

  it("within its first epoch keeps what there is; before it, nothing", async () => {
    const { folder } = await made({ seeds });
    let steps = 0;
    const stopping = after(1, () => {
      steps = 1;
    })(trainerOf(backend));
    const stopped = (id: string) => steps > 0 || id !== only;
    await run(folder, { stopped }, stopping);
    const [first, second] = await readRuns(folder, { ...plan, seeds });
    expect(first).toMatchObject({ state: "stopped", best: { epoch: 0 } });
    expect(first?.best?.validation?.accuracy).toBeGreaterThanOrEqual(0);
    expect(second).toMatchObject({ state: "stopped", best: null, test: null });
  });
});

describe("a run that was stopped while it was paused", () => {
  it("is tested when the experiment goes on", async () => {
    const { folder } = await made();
    const pause = new AbortController();
    const pausing = after(3, () => {
      pause.abort();
    })(trainerOf(backend));
    await run(folder, { signal: pause.signal }, pausing);
    const [paused] = await readRuns(folder, plan);
    if (!paused) throw new Error("no run");
    await writeRun(folder, { ...paused, state: "stopped" });
    expect(await run(folder)).toMatchObject({ state: "done", finished: 1 });
    const [ended] = await readRuns(folder, plan);
    expect(ended).toEqual({ ...paused, state: "stopped", test: ended?.test });
    expect(ended?.test?.accuracy).toBeGreaterThanOrEqual(0);
    expect(ended?.curve).toHaveLength(1);
  });
});

describe("the trained network", () => {
  it("opens with the logits of the network that was trained", async () => {
    const slopes = [{ forward: 0.1, backward: 0.2 }];
    const { folder } = await made({ slopes, epochs: 1 });
    const kept: { network: Network | null } = { network: null };
    await run(folder, {}, keeping(kept));
    const opened = await openNetworkAt(join(folder, "0.1-0.2-seed-1", "best"));
    const trained = kept.network;
    if (!trained) throw new Error("nothing was trained");
    const images = Float32Array.from({ length: 2 * 16 * 16 * 3 }, (_, i) =>
      Math.sin(i * 12.9898),
    );
    const expected = losses(trained, images);
    const found = losses(opened, images);
    expect(expected.length).toBe(6);
    for (const [i, value] of expected.entries())
      expect(Math.abs((found[i] ?? NaN) - value)).toBeLessThan(1e-5);
  });

  /** The network at the end of training. */
  function keeping(kept: { network: Network | null }): Trainer {
    const trainer = trainerOf(backend);
    return {
      build: (...args) => trainer.build(...args),
      compile(options) {
        const step: TrainStep = trainer.compile(options);
        return {
          ...step,
          network() {
            kept.network = step.network();
            return kept.network;
          },
        };
      },
    };
  }

  /** Cross-entropies of two images for each class; their differences are the logits'. */
  function losses(network: Network, images: Float32Array): number[] {
    const step = trainerOf(backend).compile({
      network,
      batch: 1,
      slopes: { forward: 0.1, backward: 0.2 },
      optimizer: { kind: "adamw", weightDecay: 0 },
      labelSmoothing: 0,
      precision: "float32",
    });
    const each = images.length / 2;
    const values = [0, 1].flatMap((image) =>
      [0, 1, 2].map(
        (label) =>
          step.evaluate(
            images.subarray(image * each, (image + 1) * each),
            Int32Array.of(label),
            1,
          ).loss,
      ),
    );
    step.dispose();
    return values;
  }
});

describe("what is wrong", () => {
  it("with a picture is said, and it is left out", async () => {
    const root = await temporary();
    const source = await writePictures(join(root, "data"));
    const broken = join(source, "red/picture_04.png");
    await writeFile(broken, (await readFile(broken)).subarray(0, 200));
    await writeFile(join(source, "blue/picture_10.jpg"), "no jpeg");
    const wanted = { id: "e", source, plan, tested: null, versions: {} };
    const seen: number[] = [];
    const { data } = await createExperiment(join(root, "e"), wanted, {
      signal,
      progress: (done) => seen.push(done),
    });
    expect(seen.at(-1)).toBe(31);
    expect(data.classes.map(({ pictures }) => pictures)).toEqual([10, 10, 9]);
    expect(data.leftOut).toBe(2);
    expect(data.why).toEqual([
      expect.stringContaining("blue/picture_10.jpg is not a picture"),
      expect.stringContaining("red/picture_04.png is not a picture"),
    ]);
    const { train, validation, test } = data.parts;
    expect(train + validation + test).toBe(29);
  });

  it("with the folder leaves nothing behind", async () => {
    const root = await temporary();
    const source = await writePictures(join(root, "data"), { labels: ["a"] });
    const wanted = { id: "e", source, plan, tested: null, versions: {} };
    const folder = join(root, "e");
    await expect(createExperiment(folder, wanted, { signal })).rejects.toThrow(
      'data holds one class, "a".',
    );
    await writePictures(source, { labels: ["a", "b"] });
    const stop = AbortSignal.abort(new Error("enough"));
    await expect(
      createExperiment(folder, wanted, { signal: stop }),
    ).rejects.toThrow("enough");
    expect(await readdir(root)).toEqual(["data"]);
  });

  it("an experiment that is there already is never replaced", async () => {
    const { source, folder, experiment } = await made();
    const wanted = { id: "other", source, tested: null, versions: {}, plan };
    await expect(
      createExperiment(folder, wanted, { signal }),
    ).rejects.toMatchObject({ code: "export-failed" });
    expect((await readTraining(folder, false)).id).toBe(experiment.id);
    expect((await readdir(join(folder, ".."))).sort()).toEqual([
      "data",
      "experiment",
    ]);
  });

  it("pictures that are gone or changed end the job; brought back, it goes on", async () => {
    const { folder, source, root } = await made();
    await rename(source, join(root, "elsewhere"));
    await expect(run(folder)).rejects.toThrow("data is not there");
    await rename(join(root, "elsewhere"), source);
    const picture = join(source, "red/picture_04.png");
    const before = await readFile(picture);
    await appendFile(picture, "more");
    await expect(run(folder, { pictureBytes: 0 })).rejects.toThrow(
      "red/picture_04.png has changed since the experiment began.",
    );
    await writeFile(picture, before);
    expect(await run(folder)).toMatchObject({ state: "done", finished: 1 });
  });

  it("a loss that is not finite fails its run alone", async () => {
    const seeds = [1, 2];
    const { folder } = await made({ seeds });
    const trainer = trainerOf(backend);
    let compiled = 0;
    const exploding: Trainer = {
      build: (...args) => trainer.build(...args),
      compile(options) {
        const step = trainer.compile(options);
        if (++compiled > 1) return step;
        return { ...step, advance: () => ({ loss: NaN, correct: 0 }) };
      },
    };
    expect(await run(folder, {}, exploding)).toEqual({
      state: "done",
      finished: 1,
      failed: 1,
    });
    const [first, second] = await readRuns(folder, { ...plan, seeds });
    expect(first?.fault).toMatchObject({ code: "not-finite" });
    expect(first?.fault?.remedy).toContain("a learning rate below 0.003");
    expect(second?.state).toBe("done");
  });

  it("a loss on pictures that are not learned from that is not finite fails the run, and its record can be read", async () => {
    for (const from of [0, 1]) {
      const { folder } = await made({ epochs: 1, warmUpEpochs: 0 });
      const inner = trainerOf(backend);
      let compiled = 0;
      // the first step validates, the second tests
      const spoiled: Trainer = {
        build: (...args) => inner.build(...args),
        compile(options) {
          const step = inner.compile(options);
          return compiled++ < from
            ? step
            : { ...step, evaluate: () => ({ loss: NaN, correct: 0 }) };
        },
      };
      const outcome = await run(folder, {}, spoiled);
      expect(outcome).toEqual({ state: "done", finished: 0, failed: 1 });
      const [record] = await readRuns(folder, plan);
      expect(record?.fault).toMatchObject({ code: "not-finite" });
      expect(record?.curve).toHaveLength(from);
    }
  });

  it("checkpoints that are both damaged fail the run", async () => {
    const { folder } = await made();
    const pause = new AbortController();
    const pausing = after(3, () => {
      pause.abort();
    })(trainerOf(backend));
    await run(folder, { signal: pause.signal }, pausing);
    for (const name of ["checkpoint", "checkpoint.previous"])
      await writeFile(join(folder, only, name), "rubbish");
    expect(await run(folder)).toMatchObject({ state: "done", failed: 1 });
    const [record] = await readRuns(folder, plan);
    expect(record?.fault).toMatchObject({ code: "damaged-file" });
  });

  it("a record that is damaged loses its run alone, and is left as it is", async () => {
    const seeds = [1, 2];
    const { folder } = await made({ seeds, epochs: 1, warmUpEpochs: 0 });
    const record = join(folder, only, "run.json");
    await mkdir(join(folder, only));
    await writeFile(record, "{");
    const outcome = await run(folder);
    expect(outcome).toEqual({ state: "done", finished: 1, failed: 1 });
    const { runs } = await readTraining(folder, false);
    expect(runs.map(({ state }) => state)).toEqual(["failed", "done"]);
    expect(runs[0]?.fault).toMatchObject({
      code: "damaged-file",
      remedy: `Take the folder ${join(folder, only)} away to train this run from the start.`,
    });
    expect(await readFile(record, "utf8")).toBe("{");
    await rm(join(folder, only), { recursive: true });
    expect(await run(folder)).toMatchObject({ finished: 2, failed: 0 });
  });

  it("a folder that another process trains in is refused; a killed one's is not", async () => {
    const { folder } = await made({ epochs: 1, warmUpEpochs: 0 });
    const other = await holdLock(join(folder, lockFile));
    await expect(run(folder)).rejects.toMatchObject({
      code: "invalid-request",
      message: expect.stringMatching(
        `^Another Proxima \\(process ${other.pid} on .+\\) is training in ${folder}.$`,
      ) as string,
    });
    expect(await readdir(folder)).not.toContain(only);
    await killed(other);
    // what it was writing when it was killed
    await mkdir(join(folder, only));
    const torn = join(folder, only, "checkpoint.3141592653");
    await writeFile(torn, "half");
    expect(await run(folder)).toMatchObject({ state: "done", finished: 1 });
    expect(await readdir(folder)).not.toContain(lockFile);
    expect((await readdir(join(folder, only))).sort()).toEqual([
      "best",
      "run.json",
    ]);
  });

  it("an experiment of another version is refused and not touched", async () => {
    const { folder } = await made();
    const path = join(folder, "experiment.json");
    const text = (await readFile(path, "utf8")).replace(
      '"version": 1',
      '"version": 2',
    );
    await writeFile(path, text);
    const before = await readdir(folder);
    await expect(run(folder)).rejects.toThrow(
      "was written by another version of Proxima (version 2 of the record)",
    );
    expect(await readFile(path, "utf8")).toBe(text);
    expect(await readdir(folder)).toEqual(before);
    await writeFile(path, "{");
    await expect(run(folder)).rejects.toThrow("is no record of a training");
  });

  it("a folder that cannot be written ends the job, and what is there stays", async () => {
    const { folder } = await made();
    const copy = `${folder}-copy`;
    await cp(folder, copy, { recursive: true });
    await rm(join(folder, only), { recursive: true, force: true });
    // a file where the run's folder would be
    await writeFile(join(folder, only), "in the way");
    await expect(run(folder)).rejects.toMatchObject({ code: "export-failed" });
    await chmod(join(folder, only), 0o600);
    await rm(join(folder, only));
    expect(await run(folder)).toMatchObject({ state: "done" });
    expect(await run(copy)).toMatchObject({ state: "done" });
  });
});
