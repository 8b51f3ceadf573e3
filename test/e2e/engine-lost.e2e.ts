import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { GalleryRequest } from "../../src/shared/domain";
import { callEngine, callMain, keepEvents } from "./engine-calls";
import { expect, test } from "./fixtures";
import { isAlive } from "./processes";

test("the engine answers through main", async ({ proxima }) => {
  const answer = await callEngine(proxima.page, "networks.list", {});
  expect(answer).toMatchObject({
    reply: [{ id: "caltech101-resnet18", bundled: true }],
  });
});

test("a killed engine is told of, and runs again after one command", async ({
  proxima,
}) => {
  const { page } = proxima;
  const events = await keepEvents(page);
  expect(await callEngine(page, "status", {})).toHaveProperty("reply");
  const first = await proxima.engine();

  process.kill(first, "SIGKILL");
  await expect.poll(events).toEqual([
    {
      kind: "engine-gone",
      message: expect.stringMatching(/killed.*memory/),
      remedy: expect.stringMatching(/Finished pictures are kept/),
    },
  ]);
  // A window that asks meanwhile gets a port that is closed at once, and is told again.
  expect(await callEngine(page, "status", {})).toBe("closed");

  expect(await callMain(page, "engine.restart", {})).toEqual({ reply: {} });
  const second = await proxima.engine();
  expect(second).not.toBe(first);
  expect(await callEngine(page, "networks.list", {})).toMatchObject({
    reply: [{ id: "caltech101-resnet18" }],
  });
});

test("a run whose engine is killed ends, keeps what is finished, and the next run works", async ({
  proxima,
  userData,
}) => {
  const { page } = proxima;
  const engine = await proxima.engine();
  // The first batch is short work next to all of them together.
  const run = callEngine(page, "gallery.run", request({ targets: 90 }));
  let finished: string[] = [];
  await expect
    .poll(async () => (finished = await finishedRuns(userData)).length)
    .toBeGreaterThan(0);
  process.kill(engine, "SIGKILL");
  expect(await run).toBe("closed");
  const kept = await finishedRuns(userData);
  expect(kept).toEqual(expect.arrayContaining(finished));
  expect(kept.length).toBeLessThan(90);

  await callMain(page, "engine.restart", {});
  const stored = await callEngine(page, "library.get", { gallery: null });
  expect(stored).toMatchObject({
    reply: { runs: kept.map(() => ({ state: "done" })) },
  });
  const again = await callEngine(page, "gallery.run", request({ targets: 1 }));
  expect(again).toMatchObject({ reply: { state: "done" } });
  expect(await finishedRuns(userData)).toHaveLength(kept.length + 1);
});

/** A gallery in batches of one, two steps each. */
function request({ targets }: { readonly targets: number }): GalleryRequest {
  return {
    targets: Array.from({ length: targets }, (_, index) => ({
      kind: "logit",
      index,
    })),
    columns: [{ network: "caltech101-resnet18", method: { kind: "relu" } }],
    settings: {
      steps: 2,
      stepSize: 5,
      startNoise: 0.1,
      seed: 1,
      regularization: { blur: 0, rotate: 0, rotateProbability: 0 },
      batch: 1,
      precision: "float32",
      keep: 0,
    },
    seeds: 1,
    padBatch: true,
  };
}

/** The records of finished runs on disk, in every gallery. */
async function finishedRuns(userData: string): Promise<string[]> {
  const library = join(userData, "library");
  const paths = await readdir(library, { recursive: true }).catch(() => []);
  // A folder still under construction is not finished.
  return paths.filter(
    (path) => basename(path) === "run.json" && !path.includes(".part-"),
  );
}

test("the engine goes with the app, even where the app is killed", async ({
  launch,
}) => {
  const calm = await launch();
  const first = await calm.engine();
  await calm.close();
  await expect.poll(() => isAlive(first)).toBe(false);

  const killed = await launch();
  const second = await killed.engine();
  killed.app.process().kill("SIGKILL");
  await expect.poll(() => isAlive(second)).toBe(false);
});

test("without Node the window opens and says so", async ({ launch }) => {
  const { page } = await launch({ env: { PROXIMA_NODE: "/nowhere/node" } });
  const events = await keepEvents(page);
  expect(await callEngine(page, "status", {})).toBe("closed");
  await expect.poll(events).toContainEqual({
    kind: "engine-gone",
    message: expect.stringMatching(/Node was not found/),
    remedy: expect.stringMatching(/PROXIMA_NODE/),
  });
});
