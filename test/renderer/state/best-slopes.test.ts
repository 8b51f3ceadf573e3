import { expect, it, vi } from "vitest";
import {
  sweep,
  type SweepMethod,
  type SweepRow,
} from "../../../src/shared/lab/sweep";
import { sweepCells } from "../../../src/shared/lab/sweep-cells";
import { logitTarget } from "../../../src/shared/target";
import { networkInfo } from "../../support/fake-world";
import { useApps } from "./start-app";

const apps = useApps();
const network = networkInfo();

/** What the host answers for a sweep of one class with these means under ProxyGrad. */
function answer(means: Readonly<Record<string, number>>, missing = 0) {
  const slopes = Object.keys(means).map(Number);
  const settings = sweep.settings.parse({
    methods: ["relu", "proxygrad"],
    slopes,
    seeds: [1],
  });
  const row = (
    method: SweepMethod,
    slope: number,
    score: number,
  ): SweepRow => ({
    method,
    slope,
    score,
    target: 3,
    seed: 1,
    steps: 10,
    regularized: false,
    top1: false,
    silent: false,
  });
  const rows = [
    row("relu", 0, 10),
    ...slopes.map((slope) => row("proxygrad", slope, means[slope] ?? NaN)),
  ];
  return {
    rows: rows.map((row, i) => ({ key: String(i), row })),
    missing,
    summary: {
      stepSize: 5,
      startNoise: 0.1,
      regularization: { blur: 0, rotate: 0, rotateProbability: 0 },
      batch: 8,
      targets: [{ index: 3, label: "class-3" }],
      ...sweepCells(settings, [logitTarget(3)], rows),
    },
  };
}

async function swept(means: Readonly<Record<string, number>>, missing = 0) {
  const reply = answer(means, missing);
  const { app, fake } = await apps.start({
    lab: {
      "lab.stored": () => Promise.resolve({ ...reply, missing: 5 }),
      "lab.run": () =>
        Promise.resolve({
          ...reply,
          state: missing > 0 ? ("cancelled" as const) : ("done" as const),
        }),
    },
  });
  await app.lab.of("sweep").start();
  return { app, fake };
}

it("is learned from a sweep that is complete, and remembered for its network", async () => {
  const { app } = await swept({ 0.05: 12, 0.1: 15, 0.3: 7 });
  await vi.waitFor(() => {
    expect(app.bestSlopes.of(network.identity)).toEqual({
      slope: 0.1,
      steps: 10,
    });
  });
  expect(app.bestSlopes.of("another")).toBeNull();
  expect(
    app.remembered.get(`best-slope:${network.identity}`, (value) => value),
  ).toEqual({ slope: 0.1, steps: 10 });
});

it("is not learned from a sweep that was stopped, of one that makes no difference, or of fewer than three", async () => {
  const stopped = await swept({ 0.05: 12, 0.1: 15, 0.3: 7 }, 2);
  expect(stopped.app.bestSlopes.of(network.identity)).toBeNull();
  const flat = await swept({ 0: 10, 0.1: 10, 0.3: 10 });
  expect(flat.app.bestSlopes.of(network.identity)).toBeNull();
  const short = await swept({ 0.1: 15, 0.3: 7 });
  expect(short.app.lab.of("sweep").state).toBe("done");
  expect(short.app.bestSlopes.of(network.identity)).toBeNull();
});

it("goes to Compare's first ProxyGrad column, and back by undo", async () => {
  const { app } = await apps.start();
  app.columns.set([
    { kind: "relu" },
    { kind: "proxygrad", slope: 0.2 },
    { kind: "proxygrad", slope: 0.4 },
  ]);
  const methods = () => app.columns.list.map(({ method }) => method);
  const before = methods();
  const ids = app.columns.list.map(({ id }) => id);
  expect(app.columns.useBackwardSlope(0.1)).toBe(true);
  expect(methods()).toEqual([
    { kind: "relu" },
    { kind: "proxygrad", slope: 0.1 },
    { kind: "proxygrad", slope: 0.4 },
  ]);
  expect(app.columns.list.map(({ id }) => id)).toEqual(ids);
  expect(app.undo.next?.label).toBe(
    "Compare’s ProxyGrad 0.2 is ProxyGrad 0.1 now",
  );
  await app.undo.take();
  expect(methods()).toEqual(before);
  // one has it already
  expect(app.columns.useBackwardSlope(0.4)).toBe(false);
  expect(methods()).toEqual(before);
});

it("goes into a column of its own where Compare has none", async () => {
  const { app } = await apps.start();
  app.columns.set([{ kind: "relu" }]);
  expect(app.columns.useBackwardSlope(0.15)).toBe(true);
  expect(app.columns.list.map(({ method }) => method)).toEqual([
    { kind: "relu" },
    { kind: "proxygrad", slope: 0.15 },
  ]);
  await app.undo.take();
  expect(app.columns.list).toHaveLength(1);
});
