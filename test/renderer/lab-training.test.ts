import { describe, expect, it, vi } from "vitest";
import type { AppState } from "../../src/renderer/state/app.svelte";
import { bestRun } from "../../src/renderer/state/training.svelte";
import {
  curveSeries,
  percent,
  tonesOf,
} from "../../src/renderer/workspaces/lab/pages/training/curves";
import type { EngineTable } from "../../src/shared/contract";
import { Fault } from "../../src/shared/fault";
import type { JobContext } from "../../src/shared/rpc";
import {
  defaultTrainingPlan,
  type CurvePoint,
  type Training,
  type TrainingOutcome,
  type TrainingRun,
} from "../../src/shared/training";
import { networkInfo, type FakeOptions } from "../support/fake-world";
import { useApps } from "./state/start-app";

const { start } = useApps();

const plan = { ...defaultTrainingPlan, seeds: [1, 2], epochs: 3 };
const relu = { forward: 0, backward: 0 };
const proxy = { forward: 0, backward: 0.2 };

/** An epoch with a loss and an accuracy, the training part's twice the loss. */
function point(epoch: number, loss: number, accuracy: number): CurvePoint {
  return {
    epoch,
    train: { loss: 2 * loss, accuracy },
    validation: { loss, accuracy },
    learningRate: 0.001,
    imagesPerSecond: 100,
  };
}

function runOf(changes: Partial<TrainingRun> = {}): TrainingRun {
  return {
    format: "proxima-training-run",
    version: 1,
    id: "relu-1",
    slopes: relu,
    seed: 1,
    state: "waiting",
    curve: [],
    best: null,
    test: null,
    seconds: 0,
    fault: null,
    ...changes,
  };
}

function done(id: string, accuracy: number): TrainingRun {
  const validation = { loss: 1, accuracy };
  return runOf({ id, state: "done", best: { epoch: 2, validation } });
}

function trainingOf(changes: Partial<Training> = {}): Training {
  return {
    id: "first",
    createdAt: "2026-01-01T00:00:00Z",
    plan,
    data: {
      name: "birds",
      classes: [
        { label: "a", pictures: 10 },
        { label: "b", pictures: 10 },
      ],
      parts: { train: 12, validation: 4, test: 4 },
      leftOut: 0,
      why: [],
    },
    runs: [runOf(), runOf({ id: "proxy-1", slopes: proxy })],
    running: false,
    ...changes,
  };
}

type Context = JobContext<EngineTable["training.run"]>;

/** A host with one experiment whose job the test drives. */
function host(training = trainingOf()) {
  let there = training;
  const jobs: {
    context: Context;
    end: (outcome: TrainingOutcome) => void;
    fail: (error: unknown) => void;
  }[] = [];
  const opened: string[] = [];
  let deleted = false;
  const options: FakeOptions = {
    training: {
      "training.look": ({ token }) =>
        token.endsWith("9")
          ? Promise.reject(new Fault("damaged-file", "No class folders."))
          : Promise.resolve({ name: "birds", classes: there.data.classes }),
      "training.create": (_, { progress }) => {
        progress({ done: 5, total: 20 });
        return Promise.resolve(there);
      },
      "training.run": (_, context) =>
        new Promise((resolve, reject) => {
          jobs.push({ context, end: resolve, fail: reject });
          context.signal.addEventListener("abort", () => {
            resolve({ state: "paused", finished: 0, failed: 0 });
          });
        }),
      "training.list": () =>
        Promise.resolve(
          deleted
            ? []
            : [
                {
                  id: "first",
                  createdAt: there.createdAt,
                  data: "birds",
                  network: plan.network,
                  classes: 2,
                  runs: there.runs.length,
                  finished: 0,
                  running: false,
                  bytes: 1000,
                },
              ],
        ),
      "training.get": () => Promise.resolve(there),
      "training.delete": () => {
        deleted = true;
        return Promise.resolve({});
      },
      "training.restore": () => {
        deleted = false;
        return Promise.resolve({});
      },
      "training.open": ({ run }) => {
        opened.push(run);
        return Promise.resolve(networkInfo({ id: `trained-${run}`, name: run })); // prettier-ignore
      },
    },
    chosen: { token: "00000000-0000-0000-0000-000000000001", name: "birds" },
  };
  return {
    options,
    jobs,
    opened,
    become(next: Training) {
      there = next;
    },
  };
}

const token = "00000000-0000-0000-0000-000000000003";
const progress = {
  id: "first",
  run: "relu-1",
  runIndex: 0,
  runCount: 2,
  phase: "training",
  epoch: 1,
  epochs: 3,
  step: 1,
  steps: 4,
  loss: 1,
  imagesPerSecond: 100,
  secondsLeft: 10,
} as const;

describe("training", () => {
  it("looks at the folder, is made and started, and shows what comes", async () => {
    const { options, jobs, become } = host();
    const { app } = await start(options);
    await app.training.draft.use({ token, name: "birds" });
    expect(app.training.draft.data?.look.classes).toHaveLength(2);
    await app.training.create();
    expect(app.training.running).toBe("first");
    await vi.waitFor(() => {
      expect(jobs).toHaveLength(1);
    });
    const changed = runOf({ state: "running", curve: [point(1, 1, 0.5)] });
    jobs[0]!.context.progress({ ...progress, changed: [changed] });
    await vi.waitFor(() => {
      expect(app.training.current?.runs[0]).toEqual(changed);
    });
    expect(app.training.current?.runs[1]?.id).toBe("proxy-1");
    const finished = trainingOf({
      runs: [done("relu-1", 0.5), done("b", 0.7)],
    });
    become(finished);
    jobs[0]!.end({ state: "done", finished: 2, failed: 0 });
    await vi.waitFor(() => {
      expect(app.training.current).toEqual(finished);
    });
    expect(app.training.running).toBeNull();
  });

  it("waits where pictures were left out, so that it is seen before it starts", async () => {
    const given = trainingOf();
    const { options, jobs } = host({
      ...given,
      data: { ...given.data, leftOut: 1, why: ["a/1.png is none."] },
    });
    const { app } = await start(options);
    await app.training.draft.use({ token, name: "birds" });
    await app.training.create();
    expect(app.training.current?.data.leftOut).toBe(1);
    expect(app.training.running).toBeNull();
    expect(jobs).toHaveLength(0);
  });

  it("takes a folder that is dropped where it is trained, and nowhere else", async () => {
    const { app } = await start({
      ...host().options,
      dropped: [{ token, name: "birds", kind: "network" }],
    });
    await app.arrivals.openDropped([new File([], "birds")], "training");
    expect(app.training.draft.data?.chosen.name).toBe("birds");
    expect(app.networks.refused).toBeNull();
  });

  it("leaves who looks at another experiment there while the next one is made", async () => {
    const { options, jobs } = host();
    let make: (made: Training) => void = () => undefined;
    const { app } = await start({
      ...options,
      training: {
        ...options.training,
        "training.create": () =>
          new Promise((resolve) => {
            make = resolve;
          }),
      },
    });
    await app.training.draft.use({ token, name: "birds" });
    const made = app.training.create();
    await app.training.select("first");
    make(trainingOf({ id: "second" }));
    await made;
    expect(app.training.current?.id).toBe("first");
    expect(app.training.running).toBe("second");
    await vi.waitFor(() => {
      expect(jobs).toHaveLength(1);
    });
  });

  it("says why a folder cannot be trained on", async () => {
    const { app } = await start(host().options);
    await app.training.draft.use({
      token: token.replace(/3$/, "9"),
      name: "x",
    });
    expect(app.training.draft.data).toBeNull();
    expect(app.training.draft.fault?.message).toBe("No class folders.");
  });

  it("pauses, and no run is running after a lost engine", async () => {
    const { options, jobs } = host(
      trainingOf({ runs: [runOf({ state: "running" })] }),
    );
    const { app, fake } = await start(options);
    await app.training.select("first");
    const paused = app.training.start("first");
    await vi.waitFor(() => {
      expect(jobs).toHaveLength(1);
    });
    app.training.pause();
    expect(app.training.pausing).toBe(true);
    await paused;
    expect(app.training.running).toBeNull();
    expect(app.training.fault).toBeNull();

    const lost = app.training.start("first");
    await vi.waitFor(() => {
      expect(jobs).toHaveLength(2);
    });
    fake.kill();
    await lost;
    expect(app.training.fault?.code).toBe("engine-gone");
    expect(app.engine.state).toBe("gone");
    expect(app.training.current?.runs[0]?.state).toBe("paused");
  });

  /** An experiment of three runs, trained to its end. */
  async function trained(before: (app: AppState) => void) {
    const runs = [done("one", 0.6), done("two", 0.8), done("three", 0.8)];
    const { options, jobs, opened } = host(trainingOf({ runs }));
    const { app, fake } = await start(options);
    before(app);
    const ended = app.training.start("first");
    await vi.waitFor(() => {
      expect(jobs).toHaveLength(1);
    });
    jobs[0]!.end({ state: "done", finished: 3, failed: 0 });
    await ended;
    return { app, fake, opened };
  }

  it("opens the best network by itself, and finds it again", async () => {
    const { app, opened } = await trained(() => undefined);
    expect(opened).toEqual(["two"]);
    expect(app.networks.current?.id).toBe("trained-two");
    expect(app.view.workspace).toBe("compare");
    expect((await app.training.networks.reach("trained-two"))?.name).toBe(
      "two",
    );
    expect(await app.training.networks.reach("another")).toBeNull();
  });

  it("opens nothing where that is not wished", async () => {
    const { opened } = await trained((app) => {
      app.training.setOpenBest(false);
    });
    expect(opened).toEqual([]);
  });

  it("offers the best network where images climb in Compare", async () => {
    const { app, fake, opened } = await trained((app) => {
      app.run();
    });
    expect(opened).toEqual([]);
    expect(app.training.openObstacle).toContain("Images climb");
    const [notice] = app.notices.list;
    expect(notice?.text).toBe("The training is done.");
    fake.runs[0]!.end();
    await vi.waitFor(() => {
      expect(app.training.openObstacle).toBeNull();
    });
    notice?.action?.run();
    await vi.waitFor(() => {
      expect(app.networks.current?.id).toBe("trained-two");
    });
  });

  it("keeps a plan that is right, refuses one that is not, and remembers", async () => {
    const { options } = host();
    const { app, fake } = await start({
      ...options,
      remembered: { "training:plan": { ...plan, batch: 16 } },
    });
    expect(app.training.draft.plan.batch).toBe(16);
    expect(app.training.draft.change({ seeds: [1, 1] })).toBe(
      "Every seed is given once.",
    );
    expect(app.training.draft.change({ learningRate: 0 })).toBe("More than 0.");
    expect(app.training.draft.change({ batch: 8 })).toBeNull();
    const { augmentation } = app.training.draft.plan;
    expect(
      app.training.draft.change({
        augmentation: { ...augmentation, rotation: 181 },
      }),
    ).not.toBeNull();
    expect(app.training.draft.plan.augmentation.rotation).toBe(0);
    await app.remembered.flush();
    expect(fake.remembered()["training:plan"]).toMatchObject({ batch: 8 });
    const { app: other } = await start({
      remembered: { "training:plan": { batch: "none" } },
    });
    expect(other.training.draft.plan).toEqual(defaultTrainingPlan);
  });

  it("remembers a plan that knew neither rotation nor noise", async () => {
    const { crop, flip, colour } = plan.augmentation;
    const old = { ...plan, batch: 16, augmentation: { crop, flip, colour } };
    const { app, fake } = await start({
      ...host().options,
      remembered: { "training:plan": old },
    });
    expect(app.training.draft.plan).toEqual({ ...plan, batch: 16 });
    const augmentation = { ...plan.augmentation, rotation: 15, noise: 0.05 };
    expect(app.training.draft.change({ augmentation })).toBeNull();
    await app.remembered.flush();
    expect(fake.remembered()["training:plan"]).toMatchObject({ augmentation });
  });

  it("deletes an experiment, and brings it back with an undo", async () => {
    const { app } = await start(host().options);
    await app.training.load();
    await app.training.select("first");
    await app.training.remove(app.training.list[0]!);
    expect(app.training.list).toEqual([]);
    expect(app.training.current).toBeNull();
    await app.undo.take();
    expect(app.training.list).toHaveLength(1);
    expect(app.training.current?.id).toBe("first");
  });
});

describe("the best run", () => {
  it("is chosen by the validation part, the first of equal ones", () => {
    const runs = [done("a", 0.4), done("b", 0.9), done("c", 0.9), runOf()];
    expect(bestRun(runs)?.id).toBe("b");
    expect(bestRun([runOf()])).toBeNull();
    const unseen = runOf({
      id: "last",
      state: "done",
      best: { epoch: 3, validation: null },
    });
    expect(bestRun([unseen])?.id).toBe("last");
  });
});

describe("learning curves", () => {
  const runs = [
    runOf({
      curve: [point(1, 1, 0.2), point(2, 0.5, 0.4), point(3, 0.2, 0.8)],
    }),
    runOf({ id: "relu-2", seed: 2, curve: [point(1, 3, 0.4), point(2, 1.5, 0.6)] }), // prettier-ignore
    runOf({ id: "proxy-1", slopes: proxy, curve: [point(1, 2, 0.1)] }),
  ];

  it("are the mean over the seeds at epochs all have, and each seed thin behind it", () => {
    const series = curveSeries({ plan, runs }, "accuracy", "validation");
    expect(
      series.map(({ name, named, line }) => [name, named ?? true, line]),
    ).toEqual([
      ["ReLU, seed 1", false, "thin"],
      ["ReLU, seed 2", false, "thin"],
      ["ReLU", true, undefined],
      ["ProxyGrad 0.2", true, undefined],
    ]);
    const [, , mean, proxyMean] = series;
    expect(mean?.points.map(({ x }) => x)).toEqual([1, 2]);
    expect(mean?.points[0]?.y).toBeCloseTo(0.3, 12);
    expect(mean?.points[1]?.y).toBeCloseTo(0.5, 12);
    expect(proxyMean?.points).toEqual([{ x: 1, y: 0.1 }]);
  });

  it("have the mean of what is done, so that a run that begins does not cut it short", () => {
    const [first, second] = runs;
    const series = curveSeries(
      { plan, runs: [{ ...first!, state: "done" }, second!] },
      "loss",
      "validation",
    );
    expect(series[2]?.points.map(({ y }) => y)).toEqual([1, 0.5, 0.2]);
    expect(series.slice(0, 2).map(({ line }) => line)).toEqual([
      "thin",
      "thin",
    ]);
  });

  it("of long trainings have points at every so many epochs and at the last, and the means of all", () => {
    const epochs = 1203;
    const curve = (seed: number) =>
      Array.from({ length: epochs }, (_, i) => point(i + 1, seed * i, 0.5));
    const series = curveSeries(
      {
        plan: { ...plan, slopes: [relu], epochs },
        runs: [1, 3].map((seed) => runOf({ id: `${seed}`, seed, curve: curve(seed) })), // prettier-ignore
      },
      "loss",
      "validation",
    );
    expect(series).toHaveLength(3);
    for (const { points } of series) {
      expect(points).toHaveLength(402);
      expect(points.slice(0, 3).map(({ x }) => x)).toEqual([1, 4, 7]);
      expect(points.at(-1)?.x).toBe(epochs);
    }
    expect(series[2]?.points.map(({ y }) => y).slice(0, 3)).toEqual([0, 6, 12]);
  });

  it("are of the part and the measure that is asked for", () => {
    const [first] = curveSeries({ plan, runs }, "loss", "train");
    expect(first?.points.map(({ y }) => y)).toEqual([2, 1, 0.4]);
  });

  it("are coloured by what they bend: ProxyGrad alone has the accent", () => {
    expect(tonesOf([relu, proxy, { forward: 0.1, backward: 0.1 }])).toEqual([
      "soft",
      "accent",
      "strong",
    ]);
    const [weak, strong] = tonesOf([proxy, { forward: 0, backward: 0.3 }]);
    expect(weak).toBeCloseTo(0.7, 12);
    expect(strong).toBeCloseTo(1, 12);
  });

  it("shares are per cent", () => {
    expect([0.1234, 1, null].map(percent)).toEqual(["12.3 %", "100.0 %", "–"]);
  });
});
