import { flushSync } from "svelte";
import { describe, expect, it, vi } from "vitest";
import { choicesKey } from "../../../src/renderer/state/choices";
import { Fault } from "../../../src/shared/fault";
import { networkInfo, type fakeWorld } from "../../support/fake-world";
import { galleryRecord, runRecord } from "../../support/records";
import { useApps } from "./start-app";

const { start, frames } = useApps();

/** Waits for the run the host got; there must be `count` of them by now. */
async function driven(fake: ReturnType<typeof fakeWorld>, count = 1) {
  await vi.waitFor(() => {
    expect(fake.runs).toHaveLength(count);
  });
  const run = fake.runs[count - 1];
  if (!run) throw new Error("no run");
  return run;
}

describe("the first start", () => {
  it("opens the bundled network, with eight classes and three columns", async () => {
    const { app } = await start({
      networks: [
        networkInfo({ id: "other", bundled: false }),
        networkInfo({ id: "bundled" }),
      ],
    });
    expect(app.networks.current?.id).toBe("bundled");
    expect(app.picks.list).toHaveLength(8);
    expect(app.columns.list.map((c) => c.method)).toEqual([
      { kind: "relu" },
      { kind: "leaky", slope: 0.2 },
      { kind: "proxygrad", slope: 0.2 },
    ]);
    expect(app.settings.changed).toBe(false);
    expect(app.runs.obstacle).toBeNull();
    expect(app.bench.pictureCount).toBe(24);
  });

  it("says what stands in the way where there is no network", async () => {
    const { app, fake } = await start({ networks: [] });
    expect(app.networks.current).toBeNull();
    app.run();
    expect(app.notices.list.at(-1)?.text).toBe("No network is open.");
    expect(fake.runs).toEqual([]);
  });

  it("keeps steps for the scrubber where the card does not say", async () => {
    const plain = networkInfo();
    const { app } = await start({
      networks: [
        networkInfo({ defaults: { ...plain.defaults, steps: 300, keep: 0 } }),
      ],
    });
    expect(app.settings.values.keep).toBe(15);
  });
});

describe("a later start", () => {
  const last = {
    gallery: galleryRecord(),
    runs: [
      runRecord(),
      runRecord({
        id: "7-1-proxygrad",
        tile: { row: 1, column: 1, seed: 0 },
        target: { kind: "logit", index: 7 },
        state: "cancelled",
      }),
    ],
  };

  it("shows the last gallery with its classes, methods and settings", async () => {
    const { app, fake } = await start({ last });
    expect(app.picks.list).toEqual([3, 7]);
    expect(app.columns.list).toHaveLength(2);
    expect(app.bench.tileOf(3, 0)?.record?.id).toBe("3-1-relu");
    expect(app.bench.tileOf(7, 0)?.condition).toBe("cancelled");
    expect(app.bench.drift).toEqual([]);
    const tile = app.bench.tileOf(3, 0);
    if (!tile || !app.gallery) throw new Error("no tile");
    app.pictures.want(app.gallery, tile, null);
    await vi.waitFor(() => {
      expect(tile.picture?.values[0]).toBe(10);
    });
    expect(fake.pictures).toEqual([
      { gallery: "first", run: "3-1-relu", step: 10 },
    ]);
  });

  it("brings back the choices made for the network instead, where there are", async () => {
    const network = networkInfo();
    const { app } = await start({
      last,
      remembered: {
        view: {
          contrast: "raw",
          tileSize: 200,
          tab: "run",
          classesShown: true,
          panelShown: false,
        },
        [choicesKey(network.identity)]: {
          picks: [19, 3, 400],
          columns: [{ kind: "proxygrad", slope: 0.1 }],
          settings: { ...last.gallery.request.settings, seed: 5 },
        },
      },
    });
    expect(app.picks.list).toEqual([19, 3]);
    expect(app.view.contrast).toBe("raw");
    expect(app.view.tileSize).toBe(200);
    expect(app.view.panelShown).toBe(false);
    // Class 3 was run with that method before; class 19 never.
    expect(app.bench.tileOf(3, 0)?.place).toMatchObject({ row: 0, column: 1 });
    expect(app.bench.tileOf(19, 0)).toBeUndefined();
    expect(app.bench.drift).toEqual(["seed"]);
  });

  it("shows the pictures of a network that cannot be opened any more", async () => {
    const { app } = await start({ last, networks: [] });
    expect(app.networks.current).toBeNull();
    expect(app.picks.list).toEqual([3, 7]);
    expect(app.bench.labelOf(7)).toBe("bee");
    expect(app.runs.obstacle).toBe("Open the network Toy to run this again.");
  });

  it("forgets nothing it did not understand", async () => {
    const { app } = await start({
      remembered: { view: { contrast: "sepia" }, network: 7 },
    });
    expect(app.view.contrast).toBe("sigma");
    expect(app.networks.current?.id).toBe("toy");
  });
});

describe("remembering", () => {
  it("writes choices once the user makes them", async () => {
    const { app, fake } = await start();
    flushSync();
    app.picks.list = [1, 2];
    app.view.contrast = "percentile";
    flushSync();
    await app.remembered.flush();
    expect(fake.remembered()).toMatchObject({
      network: "toy",
      view: { contrast: "percentile" },
      [choicesKey(networkInfo().identity)]: { picks: [1, 2] },
    });
  });
});

describe("several seeds", () => {
  const record = galleryRecord();
  const request = { ...record.request, seeds: 3 };
  /** A run of 40 steps whose mean over the last ten is 34.5 * slope + shift. */
  const run = (row: number, column: number, seed: number, slope: number) => {
    const trace = Array.from({ length: 41 }, (_, k) => k * slope);
    return runRecord({
      id: `${row}-${column}-s${seed}`,
      tile: { row, column, seed },
      seed: 1 + seed,
      step: 40,
      trace,
      score: 40 * slope,
      tail: null,
    });
  };
  const last = {
    gallery: galleryRecord({ request }),
    runs: [
      ...[2, 1, 4].map((slope, seed) => run(0, 0, seed, slope)),
      ...[3, 5, 3].map((slope, seed) => run(0, 1, seed, slope)),
    ],
  };

  it("show the best run, with spread and win rate at equal seed", async () => {
    const { app } = await start({ last });
    expect(app.settings.seeds).toBe(3);
    expect(app.bench.drift).toEqual([]);
    expect(app.gallery?.size).toBe(12);
    const [first, second] = [app.bench.tileOf(3, 0), app.bench.tileOf(3, 1)];
    expect(first?.record?.id).toBe("0-0-s2");
    expect(second?.record?.id).toBe("0-1-s1");
    expect(app.bench.seedsOf(3, 1)).toMatchObject({
      runs: 3,
      mean: (35.5 * 11) / 3,
      won: 2,
      of: 3,
    });
    expect(app.bench.seedsOf(3, 0)?.won).toBeNull();
    // the best of the second column against the first column's run of that seed, not against its best
    if (!second) throw new Error("no tile");
    const baseline = app.bench.baselineOf(3, second);
    expect(baseline?.record?.id).toBe("0-0-s1");
    expect(baseline && second.differenceTo(baseline, null)?.value).toBe(
      35.5 * 4,
    );
  });

  it("are stepped through in the large view, which begins with the best", async () => {
    const { app } = await start({ last });
    app.bench.selectAt(0, 1);
    app.large.shown = true;
    const shown = () => app.large.chosen[0];
    expect(shown()?.seeds).toMatchObject({
      seed: 2,
      place: 2,
      count: 3,
      best: true,
    });
    shown()?.seeds?.go(1);
    expect(shown()?.record?.id).toBe("0-1-s2");
    expect(shown()?.seeds?.best).toBe(false);
    shown()?.seeds?.go(1);
    expect(shown()?.record?.id).toBe("0-1-s0");
    app.large.close();
    expect(app.large.chosen[0]?.record?.id).toBe("0-1-s1");
  });

  it("are asked for by the Run panel, remembered, and undone with the settings", async () => {
    const { app, fake } = await start({ last });
    expect(app.settings.setSeeds(0)).toBe("Between 1 and 1000.");
    expect(app.settings.setSeeds(2)).toBeNull();
    expect(app.bench.drift).toEqual(["number of seeds"]);
    expect(app.bench.pictureCount).toBe(8);
    flushSync();
    await app.remembered.flush();
    expect(fake.remembered()).toMatchObject({
      [choicesKey(networkInfo().identity)]: { seeds: 2 },
    });
    app.run();
    const driver = await driven(fake);
    expect(driver.request.seeds).toBe(2);
    const tile = { row: 1, column: 1, seed: 1 };
    driver.progress({ tile, step: 0, from: 0, scores: [3], score: 3 });
    await vi.waitFor(() => {
      expect(app.gallery?.at(tile)?.condition).toBe("running");
    });
    // nothing is stored yet: the run that is going is shown
    expect(app.bench.tileOf(7, 1)?.place.seed).toBe(2);
    driver.end();
    const record = run(0, 1, 2, 1);
    app.session.runAgain(record);
    expect(app.settings.values.seed).toBe(3);
    expect(app.settings.seeds).toBe(1);
    await app.undo.take();
    expect(app.settings.seeds).toBe(2);
  });
});

describe("a run", () => {
  it("asks for every row and column, and follows scores and records", async () => {
    const { app, fake } = await start();
    app.picks.list = [3, 7];
    app.run();
    const run = await driven(fake);
    expect(run.request.targets).toEqual([
      { kind: "logit", index: 3 },
      { kind: "logit", index: 7 },
    ]);
    expect(run.request.columns).toHaveLength(3);
    const tile = app.bench.tileOf(7, 2);
    expect(tile?.condition).toBe("waiting");

    run.progress({
      tile: { row: 1, column: 2, seed: 0 },
      step: 2,
      score: 4,
      top1: true,
      from: 0,
      scores: [1, 3, 4],
    });
    await vi.waitFor(() => {
      expect(tile?.condition).toBe("running");
    });
    expect(tile?.trace).toEqual([1, 3, 4]);
    expect(tile?.extent).toEqual({ low: 1, high: 4 });
    expect(tile?.scoreAt(1)?.value).toBe(3);
    run.progress({
      tile: { row: 1, column: 2, seed: 0 },
      state: "done",
      step: 10,
      from: 3,
      scores: [5],
      record: runRecord({ tile: { row: 1, column: 2, seed: 0 } }),
    });
    run.end();
    await vi.waitFor(() => {
      expect(app.runner.running).toBeNull();
    });
    expect(tile?.score).toBe(2.5);
    expect(app.gallery?.state).toBe("done");
    expect(app.gallery?.kept).toEqual([5, 10]);
    // Tiles that never reported have no picture to wait for.
    expect(app.bench.tileOf(3, 0)?.condition).toBe("cancelled");
    expect(fake.calls.filter((c) => c.name === "busy")).toEqual([
      {
        name: "busy",
        request: { what: "A run of 6 pictures is going." },
      },
      { name: "busy", request: { what: null } },
    ]);
  });

  it("runs a class and the same one minimised as rows of their own", async () => {
    const { app, fake } = await start();
    app.picks.list = [3, -4];
    app.run();
    const run = await driven(fake);
    expect(run.request.targets).toEqual([
      { kind: "logit", index: 3 },
      { kind: "logit", index: 3, minimise: true },
    ]);
    const label = networkInfo().labels[3] ?? "";
    expect(app.gallery?.tiles.map(([tile]) => tile?.place.label)).toEqual([
      label,
      `−${label}`,
    ]);
    expect(app.bench.labelOf(-4)).toBe(`−${label}`);
    expect(app.bench.tileOf(3, 0)).toBe(app.gallery?.tiles[0]?.[0]);
    expect(app.bench.tileOf(-4, 0)).toBe(app.gallery?.tiles[1]?.[0]);
    run.end();
    await vi.waitFor(() => {
      expect(app.runner.running).toBeNull();
    });
    // the draft comes back from what was asked for
    app.picks.list = [1];
    app.bench.adopt(run.request);
    expect(app.picks.list).toEqual([3, -4]);
  });

  it("speaks of outputs where the head has no classes", async () => {
    const { app } = await start({
      networks: [networkInfo({ head: "value", labels: [] })],
    });
    expect(app.bench.units).toEqual(["output", "outputs"]);
    expect(app.bench.labelOf(-3)).toBe("−output 2");
    app.picks.clear();
    expect(app.runs.obstacle).toBe("No output is picked.");
  });

  it("gives a frame's credit back after painting, and at once out of sight", async () => {
    const { app, fake } = await start();
    app.picks.list = [3, 7];
    app.run();
    const run = await driven(fake);
    const seen = app.bench.tileOf(3, 0);
    const hidden = app.bench.tileOf(7, 0);
    if (!seen || !hidden) throw new Error("no tiles");
    seen.watchers = 1;
    for (const step of [1, 2]) {
      run.frame(0, 0, step);
      run.frame(1, 0, step);
    }
    await vi.waitFor(() => {
      expect(hidden.pictureStep).toBe(2);
    });
    expect(seen.pictureStep).toBe(1);
    for (const frame of frames().splice(0)) frame();
    await vi.waitFor(() => {
      expect(seen.pictureStep).toBe(2);
    });
  });

  it("stops, keeps what is there and holds the queue", async () => {
    const { app, fake } = await start();
    app.run();
    const run = await driven(fake);
    app.settings.set("seed", 5);
    app.run();
    app.settings.set("seed", 6);
    app.run();
    expect(app.runner.queue.map((q) => q.request.settings.seed)).toEqual([
      5, 6,
    ]);
    app.runner.move(1, 0);
    app.runs.stop();
    expect(app.gallery?.stopping).toBe(true);
    await vi.waitFor(() => {
      expect(run.context.signal.aborted).toBe(true);
    });
    run.end("cancelled");
    await vi.waitFor(() => {
      expect(app.runner.running).toBeNull();
    });
    expect(app.gallery?.state).toBe("cancelled");
    expect(fake.runs).toHaveLength(1);
    const notice = app.notices.list.at(-1);
    expect(notice?.text).toBe("2 runs wait in the queue.");

    notice?.action?.run();
    const next = await driven(fake, 2);
    expect(next.request.settings.seed).toBe(6);
    next.end();
    const third = await driven(fake, 3);
    expect(third.request.settings.seed).toBe(5);
    third.end();
  });

  it("out of the queue shows what it was asked for, unless something else was begun", async () => {
    const { app, fake } = await start();
    app.picks.list = [1];
    app.run();
    const first = await driven(fake);
    app.picks.list = [2];
    app.run();
    app.picks.list = [3];
    app.run();
    first.end();
    const second = await driven(fake, 2);
    expect(app.picks.list).toEqual([2]);
    app.picks.list = [9];
    second.end();
    const third = await driven(fake, 3);
    expect(third.request.targets).toEqual([{ kind: "logit", index: 3 }]);
    expect(app.picks.list).toEqual([9]);
    third.end();
  });

  it("takes a removed run back into its place in the queue", async () => {
    const { app, fake } = await start();
    for (const seed of [1, 2, 3]) {
      app.settings.set("seed", seed);
      app.run();
    }
    await driven(fake);
    const [waiting] = app.runner.queue;
    app.runs.unqueue(waiting?.id ?? -1);
    expect(app.runner.queue).toHaveLength(1);
    const notice = app.notices.list.at(-1);
    expect(notice?.text).toMatch(/^Removed from the queue: .*seed 2\.$/);
    // The key takes back what is laid out; the queue is no part of that.
    await app.undo.take();
    expect(app.settings.values.seed).toBe(1);
    expect(app.runner.queue).toHaveLength(1);
    notice?.action?.run();
    await vi.waitFor(() => {
      expect(app.runner.queue.map((q) => q.request.settings.seed)).toEqual([
        2, 3,
      ]);
    });
  });

  it("that faults says so in its tiles and in a notice", async () => {
    const { app, fake } = await start();
    app.run();
    const run = await driven(fake);
    run.fail(
      new Fault("out-of-memory", "The batch does not fit.", "Use fewer."),
    );
    await vi.waitFor(() => {
      expect(app.gallery?.state).toBe("failed");
    });
    const [tile] = app.gallery?.tiles[0] ?? [];
    expect(tile?.condition).toBe("failed");
    expect(tile?.fault?.remedy).toBe("Use fewer.");
    expect(app.notices.list.at(-1)).toMatchObject({
      kind: "error",
      text: "The batch does not fit.",
      remedy: "Use fewer.",
    });
    // The batch was 2.
    app.notices.list.at(-1)?.action?.run();
    const second = await driven(fake, 2);
    expect(second.request.settings.batch).toBe(1);
    second.end();
  });
});

describe("the large view", () => {
  it("shows the chosen tiles, and its list stays while frames come", async () => {
    const { app, fake } = await start();
    app.picks.list = [3, 7];
    app.large.open();
    expect(app.large.shown).toBe(false);
    app.run();
    const run = await driven(fake);
    run.frame(1, 2, 1);
    const tile = app.bench.tileOf(7, 2);
    await vi.waitFor(() => {
      expect(tile?.picture).not.toBeNull();
    });
    app.bench.selectAt(1, 2);
    app.large.open();
    expect(app.large.shown).toBe(true);
    expect(app.large.chosen).toMatchObject([
      { row: 1, column: 2, label: "class-7", step: 1 },
    ]);
    const { all } = app.large;
    expect(all).toHaveLength(6);
    run.frame(1, 2, 2);
    await vi.waitFor(() => {
      expect(tile?.pictureStep).toBe(2);
    });
    expect(app.large.all).toBe(all);
    expect(all[5]?.step).toBe(2);
    app.large.go(all.slice(0, 2));
    expect(app.selection.cells.map((c) => c.target)).toEqual([3, 3]);
    run.end();
  });
});

describe("a lost engine", () => {
  it("keeps last pictures, says so, and goes on after a restart", async () => {
    const { app, fake } = await start();
    app.picks.list = [3];
    app.run();
    const run = await driven(fake);
    run.progress({ tile: { row: 0, column: 0, seed: 0 }, step: 4, score: 1 });
    run.frame(0, 0, 4);
    const tile = app.bench.tileOf(3, 0);
    await vi.waitFor(() => {
      expect(tile?.pictureStep).toBe(4);
    });
    app.run();
    fake.kill();
    await vi.waitFor(() => {
      expect(app.engine.state).toBe("gone");
    });
    await vi.waitFor(() => {
      expect(tile?.condition).toBe("lost");
    });
    expect(tile?.picture?.values[0]).toBe(4);
    expect(app.runs.obstacle).toBe("The engine is not running.");
    expect(app.runner.queue).toHaveLength(1);

    await app.engine.restart();
    await vi.waitFor(() => {
      expect(app.runs.obstacle).toBeNull();
    });
    expect(app.networks.current?.id).toBe("toy");
    app.runner.resume();
    const second = await driven(fake, 2);
    second.end();
    await vi.waitFor(() => {
      expect(app.gallery?.state).toBe("done");
    });
  });
});

describe("opening", () => {
  const chosen = {
    token: "00000000-0000-0000-0000-000000000001",
    name: "mine",
  };

  it("a network shows it with its own choices", async () => {
    const { app } = await start({
      opened: networkInfo({
        id: "opened",
        hash: "cd".repeat(32),
        name: "Mine",
        bundled: false,
        classes: 3,
        labels: ["a", "b", "c"],
      }),
    });
    app.picks.list = [19];
    await app.arrivals.openNetwork(chosen);
    expect(app.networks.current?.name).toBe("Mine");
    expect(app.picks.list).toEqual([0, 1, 2]);
    expect(app.networks.opening).toBeNull();
    expect(app.networks.list.map((n) => n.id)).toEqual(["toy", "opened"]);
  });

  it("a damaged one leaves everything as it was and says what to do", async () => {
    const { app } = await start();
    app.picks.list = [19];
    await app.arrivals.openNetwork(chosen);
    expect(app.networks.refused).toEqual({
      chosen,
      fault: {
        code: "damaged-file",
        message: "It is damaged.",
        remedy: "Mend it.",
      },
    });
    expect(app.networks.current?.id).toBe("toy");
    expect(app.picks.list).toEqual([19]);
  });

  it("a gallery of the library can be undone", async () => {
    const last = { gallery: galleryRecord(), runs: [runRecord()] };
    const { app } = await start({ last });
    app.bench.show(null);
    app.picks.list = [19];
    await app.openGallery("first");
    expect(app.picks.list).toEqual([3, 7]);
    expect(app.gallery?.id).toBe("first");
    await app.undo.take();
    expect(app.picks.list).toEqual([19]);
    expect(app.gallery).toBeNull();
    await app.openGallery("none");
    expect(app.notices.list.at(-1)?.text).toBe(
      "This gallery is no longer there.",
    );
  });
});

describe("a folder of records", () => {
  const last = { gallery: galleryRecord(), runs: [runRecord()] };
  const dropped = {
    token: "00000000-0000-0000-0000-000000000003",
    name: "copy",
    kind: "gallery" as const,
  };

  it("is taken into the library and shown, chosen or dropped", async () => {
    const { app, fake } = await start({ last, dropped: [dropped] });
    for (const open of [
      () => app.arrivals.chooseGallery(),
      // The fake reads no file.
      () => app.arrivals.openDropped([{} as File]),
    ]) {
      app.bench.show(null);
      app.view.workspace = "library";
      await open();
      expect(app.gallery?.id).toBe("first");
      expect(app.view.workspace).toBe("compare");
      expect(app.importing.current).toBeNull();
    }
    expect(fake.imported).toEqual([
      "00000000-0000-0000-0000-000000000002",
      dropped.token,
    ]);
  });

  it("names the runs that were left out", async () => {
    const imported = { left: 1, why: ["3-1-relu: image.npy is missing."] };
    const { app } = await start({ last, imported });
    await app.arrivals.importGallery(dropped);
    expect(app.notices.list.at(-1)).toMatchObject({
      text: "1 run of copy is damaged and left out.",
      remedy: "3-1-relu: image.npy is missing.",
    });
  });

  it("that is refused leaves everything as it was", async () => {
    const imported = new Fault("damaged-file", "It is damaged.", "Mend it.");
    const { app } = await start({ imported });
    app.picks.list = [19];
    await app.arrivals.importGallery(dropped);
    expect(app.notices.list.at(-1)).toMatchObject({
      kind: "error",
      text: "It is damaged.",
    });
    expect(app.picks.list).toEqual([19]);
    expect(app.gallery).toBeNull();
  });

  it("of a network that is not there shows all the same, and says what to open", async () => {
    const request = galleryRecord().request;
    const columns = request.columns.map((c) => ({ ...c, network: "far" }));
    const gallery = galleryRecord({ request: { ...request, columns } });
    const { app } = await start({ last: { gallery, runs: [runRecord()] } });
    expect(app.gallery).toBeNull();
    await app.arrivals.importGallery(dropped);
    expect(app.bench.tileOf(3, 0)?.record?.score).toBe(2.5);
    expect(app.runs.obstacle).toBe("Open the network Toy to run this again.");
  });
});

describe("a network from disk", () => {
  const token = "00000000-0000-0000-0000-000000000009";
  const mine = networkInfo({ id: "mine-1", name: "Mine", bundled: false });
  const recent = [{ token, network: "mine-1", name: "Mine", present: true }];
  const remembered = { network: "mine-1" };

  it("is remembered by main once it is open", async () => {
    const { app, fake } = await start({ opened: mine });
    await app.arrivals.openNetwork({ token, name: "folder" });
    expect(fake.calls).toContainEqual({
      name: "networks.opened",
      request: { token, network: "mine-1", name: "Mine" },
    });
    expect(app.recent.find("mine-1")?.token).toBe(token);
  });

  it("is there again after a start, with its last gallery", async () => {
    const request = galleryRecord().request;
    const columns = request.columns.map((c) => ({ ...c, network: "mine-1" }));
    const gallery = galleryRecord({ request: { ...request, columns } });
    const { app } = await start({
      opened: mine,
      recent,
      remembered,
      last: { gallery, runs: [runRecord()] },
    });
    expect(app.networks.current?.id).toBe("mine-1");
    expect(app.gallery?.id).toBe("first");
    expect(app.runs.obstacle).toBeNull();
  });

  it("is opened again after the engine was lost", async () => {
    const { app, fake } = await start({ opened: mine, recent, remembered });
    fake.kill();
    fake.emit({ kind: "engine-gone", message: "Killed.", remedy: "" });
    await vi.waitFor(() => {
      expect(app.engine.state).toBe("gone");
    });
    fake.forget("mine-1");
    await app.engine.restart();
    await vi.waitFor(() => {
      expect(app.runs.obstacle).toBeNull();
    });
    expect(app.networks.current?.id).toBe("mine-1");
    expect(app.networks.knows("mine-1")).toBe(true);
  });

  it("that is gone is said, and the bundled one is shown", async () => {
    const opened = new Fault(
      "damaged-file",
      "There is nothing at /x.",
      "Look.",
    );
    const { app } = await start({ opened, recent, remembered });
    expect(app.networks.current?.id).toBe("toy");
    expect(app.networks.refused).toBeNull();
    expect(app.notices.list).toMatchObject([
      {
        kind: "error",
        text: "Mine cannot be opened again. There is nothing at /x.",
        remedy: "Look.",
      },
    ]);
  });

  it("whose files have changed is not taken for the old one, but can be had", async () => {
    const opened = networkInfo({ ...mine, id: "mine-2", classes: 3 });
    const { app } = await start({ opened, recent, remembered });
    expect(app.networks.current?.id).toBe("toy");
    expect(app.notices.list).toMatchObject([
      { text: "The files of Mine have changed since it was opened last." },
    ]);
    expect(app.recent.list.map(({ network }) => network)).toEqual(["mine-2"]);
    await app.session.selectNetwork("mine-2");
    expect(app.networks.current?.id).toBe("mine-2");
  });
});

describe("the scrubber over tiles", () => {
  it("shows the kept step at or before its place, the newest wish last", async () => {
    const { app, fake } = await start({
      last: { gallery: galleryRecord(), runs: [runRecord()] },
    });
    const tile = app.bench.tileOf(3, 0);
    const { gallery } = app;
    if (!tile || !gallery) throw new Error("no tile");
    app.scrubber.goTo(0);
    expect(app.scrubber.step).toBe(5);
    app.pictures.want(gallery, tile, 5);
    app.pictures.want(gallery, tile, 7);
    app.pictures.want(gallery, tile, 9);
    await vi.waitFor(() => {
      expect(tile.kept?.step).toBe(5);
    });
    expect(app.bench.shownPicture(tile)).toMatchObject({
      step: 5,
      live: false,
    });
    // One kept step, one request.
    expect(fake.pictures).toHaveLength(1);
    app.scrubber.goLive();
    expect(app.bench.shownPicture(tile).live).toBe(true);
  });
});
