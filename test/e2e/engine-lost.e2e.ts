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

test("a call that was open when the engine was killed ends", async ({
  proxima,
}) => {
  const { page } = proxima;
  const network = await callEngine(page, "networks.get", {
    network: "caltech101-resnet18",
  });
  if (network === "closed" || "fault" in network)
    throw new Error("the bundled network does not open");
  const { defaults } = network.reply as {
    defaults: { backwardSlope?: number; [key: string]: unknown };
  };
  const { backwardSlope: _, ...settings } = defaults;
  const engine = await proxima.engine();
  const run = callEngine(page, "gallery.run", {
    targets: [{ kind: "logit", index: 0 }],
    columns: [{ network: "caltech101-resnet18", method: { kind: "relu" } }],
    settings: { ...settings, steps: 100_000, keep: 0 },
  });
  // The gallery's folder is there once the run has begun.
  await expect
    .poll(async () => {
      const size = await callEngine(page, "library.size", {});
      return size !== "closed" && "reply" in size;
    })
    .toBe(true);
  process.kill(engine, "SIGKILL");
  expect(await run).toBe("closed");
});

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
