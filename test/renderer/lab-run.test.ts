import { describe, expect, it, vi } from "vitest";
import type { EngineTable, LabRowData } from "../../src/shared/contract";
import { Fault } from "../../src/shared/fault";
import type { LabSettings } from "../../src/shared/lab";
import type { Handlers, JobContext } from "../../src/shared/rpc";
import { type fakeWorld, networkInfo } from "../support/fake-world";
import { useApps } from "./state/start-app";

const { start } = useApps();

type Context = JobContext<EngineTable["lab.run"]>;
type Answer = Awaited<ReturnType<Handlers<EngineTable>["lab.run"]>>;

function rowOf(slope: number): LabRowData {
  const row = { slope, mean: slope, variance: 1, sampledMean: 0, sampledVariance: 1 }; // prettier-ignore
  return { key: String(slope), row };
}

/** A host that keeps the rows of slopes, and whose runs the test drives. */
function host(kept: readonly number[] = []) {
  const there = new Set(kept);
  const asked: { network: string | null; slopes: number[] }[] = [];
  const runs: {
    fresh: boolean;
    context: Context;
    end: (answer: Answer) => void;
    fail: (error: unknown) => void;
  }[] = [];
  // The fake's own settings of the moments.
  const slopesOf = (settings: unknown) =>
    (settings as LabSettings<"moments">).slopes;
  const result = (slopes: readonly number[]) => {
    const found = slopes.filter((slope) => there.has(slope));
    return {
      rows: found.map(rowOf),
      missing: slopes.length - found.length,
      summary: { count: found.length },
    };
  };
  const lab: Pick<
    Handlers<EngineTable>,
    "lab.stored" | "lab.run" | "lab.picture"
  > = {
    "lab.stored": ({ network, settings }) => {
      const slopes = slopesOf(settings);
      asked.push({ network, slopes });
      return slopes.includes(0.666)
        ? Promise.reject(new Fault("invalid-request", "Not this one."))
        : Promise.resolve(result(slopes));
    },
    "lab.run": ({ fresh }, context) =>
      new Promise((resolve, reject) => {
        runs.push({ fresh, context, end: resolve, fail: reject });
        context.signal.addEventListener("abort", () => {
          const rows = result([0, 0.5, 1]);
          resolve({ ...rows, state: "cancelled" });
        });
      }),
    "lab.picture": ({ key }) =>
      Promise.resolve(
        key === "0"
          ? {
              reply: { shape: [1, 2, 1] as [number, number, number] },
              bytes: new Uint8Array(new Int16Array([7, -7]).buffer),
            }
          : null,
      ),
  };
  return {
    lab,
    asked,
    runs,
    compute: (slope: number, context: Context) => {
      there.add(slope);
      context.progress({
        done: there.size,
        total: 3,
        elapsedMs: 10,
        leftMs: 20,
        rows: [rowOf(slope)],
      });
    },
    result,
  };
}

const slopes = (run: {
  rows: readonly { row: { slope: number } }[];
}): number[] => run.rows.map(({ row }) => row.slope);

/** The moments at three slopes, with what is there looked up. */
async function startMoments(kept: readonly number[] = []) {
  const engine = host(kept);
  const { app, fake } = await start({ lab: engine.lab });
  const run = app.lab.of("moments");
  expect(run.change({ slopes: [0, 0.5, 1] })).toBeNull();
  await vi.waitFor(() => {
    expect(run.missing).toBe(3 - kept.length);
  });
  return { app, fake, run, ...engine };
}

/** What main was told would be lost, in turn. */
function busyWords(fake: ReturnType<typeof fakeWorld>): unknown[] {
  return fake.calls
    .filter(({ name }) => name === "busy")
    .map(({ request }) => (request as { what: string | null }).what);
}

describe("an experiment's settings", () => {
  it("are looked up once after many changes, and remembered", async () => {
    const { app, fake, run, asked } = await startMoments([0.5]);
    asked.length = 0;
    run.change({ slopes: [0] });
    run.change({ sigma: 2 });
    run.change({ slopes: [0.5] });
    await vi.waitFor(() => {
      expect(run.missing).toBe(0);
    });
    expect(asked).toEqual([{ network: null, slopes: [0.5] }]);
    expect(slopes(run)).toEqual([0.5]);
    await app.remembered.flush();
    expect(fake.remembered()["lab:moments"]).toMatchObject({
      slopes: [0.5],
      sigma: 2,
    });
  });

  it("that are wrong are refused with a word, and those of before stay", async () => {
    const { run } = await startMoments();
    expect(run.change({ slopes: [0, 2] })).toMatch(/^At most/);
    expect(run.settings.slopes).toEqual([0, 0.5, 1]);
  });

  it("come back at the next start, as far as they are understood", async () => {
    const { app } = await start({
      remembered: { "lab:moments": { sigma: 3, seed: -1 }, "lab:page": "toy" },
    });
    expect(app.lab.of("moments").settings).toMatchObject({ sigma: 3, seed: 1 });
    expect(app.lab.page).toBe("toy");
  });

  it("that the host refuses say why, and nothing is shown for them", async () => {
    const { run } = await startMoments([0]);
    run.change({ slopes: [0.666] });
    await vi.waitFor(() => {
      expect(run.fault?.message).toBe("Not this one.");
    });
    expect(run.rows).toEqual([]);
    expect(run.missing).toBeNull();
    run.change({ slopes: [0] });
    await vi.waitFor(() => {
      expect(run.missing).toBe(0);
    });
    expect(run.fault).toBeNull();
  });
});

describe("a run of an experiment", () => {
  it("brings rows as they come, and ends in the order of the table", async () => {
    const { app, run, runs, compute, result } = await startMoments([1]);
    const ended = run.start();
    expect(run.state).toBe("running");
    expect(app.lab.running).toBe(true);
    expect(run.change({ sigma: 4 })).toBe("Stop the run first.");
    await vi.waitFor(() => {
      expect(runs).toHaveLength(1);
    });
    compute(0.5, runs[0]!.context);
    await vi.waitFor(() => {
      expect(slopes(run)).toEqual([1, 0.5]);
    });
    expect(run.missing).toBe(1);
    expect(run.progress).toMatchObject({ done: 2, total: 3, leftMs: 20 });
    compute(0, runs[0]!.context);
    runs[0]!.end({ ...result([0, 0.5, 1]), state: "done" });
    await ended;
    expect(run.state).toBe("done");
    expect(slopes(run)).toEqual([0, 0.5, 1]);
    expect(run.missing).toBe(0);
    expect(run.summary).toEqual({ count: 3 });
    expect(app.lab.running).toBe(false);
  });

  it("that is stopped keeps its rows and can go on", async () => {
    const { fake, run, runs, compute } = await startMoments();
    const ended = run.start();
    await vi.waitFor(() => {
      expect(runs).toHaveLength(1);
    });
    compute(0, runs[0]!.context);
    run.stop();
    expect(run.state).toBe("stopping");
    await ended;
    expect(run.state).toBe("idle");
    expect(slopes(run)).toEqual([0]);
    expect(run.missing).toBe(2);
    // What takes a moment is begun again in a moment: main asks nobody before it closes the window.
    expect(busyWords(fake)).toEqual([null]);
  });

  it("that is long is told to main, until it has ended", async () => {
    const { app, fake } = await start({});
    await app.lab.of("gradient-magnitude").start();
    expect(busyWords(fake)).toEqual([
      "An experiment of the Lab is running.",
      null,
    ]);
  });

  it("that fails says why and keeps its rows", async () => {
    const { run, runs, compute } = await startMoments();
    const ended = run.start();
    await vi.waitFor(() => {
      expect(runs).toHaveLength(1);
    });
    compute(0, runs[0]!.context);
    runs[0]!.fail(new Fault("not-finite", "It blew up.", "Smaller."));
    await ended;
    expect(run.state).toBe("failed");
    await vi.waitFor(() => {
      expect(run.missing).toBe(2);
    });
    expect(run.fault).toMatchObject({ code: "not-finite", remedy: "Smaller." });
    expect(slopes(run)).toEqual([0]);
    run.change({ sigma: 2 });
    expect(run.fault).toBeNull();
    expect(run.state).toBe("idle");
  });

  it("whose engine is lost keeps its rows, and goes on with the next one", async () => {
    const { app, fake, run, runs, compute, result } = await startMoments();
    const ended = run.start();
    await vi.waitFor(() => {
      expect(runs).toHaveLength(1);
    });
    compute(0, runs[0]!.context);
    await vi.waitFor(() => {
      expect(slopes(run)).toEqual([0]);
    });
    fake.kill();
    await ended;
    expect(run.state).toBe("failed");
    expect(run.fault?.code).toBe("engine-gone");
    expect(app.engine.state).toBe("gone");
    expect(slopes(run)).toEqual([0]);
    expect(run.obstacle).toBe("The engine is not running.");
    await app.engine.restart();
    await vi.waitFor(() => {
      expect(run.obstacle).toBeNull();
    });
    const again = run.start();
    await vi.waitFor(() => {
      expect(runs).toHaveLength(2);
    });
    compute(0.5, runs[1]!.context);
    compute(1, runs[1]!.context);
    runs[1]!.end({ ...result([0, 0.5, 1]), state: "done" });
    await again;
    expect(run.missing).toBe(0);
    expect(run.fault).toBeNull();
  });

  it("that begins right after its settings changed shows no row of the ones before", async () => {
    const { run, runs, compute, result } = await startMoments([0, 0.5, 1]);
    run.change({ slopes: [0.5, 0.7] });
    const ended = run.start();
    await vi.waitFor(() => {
      expect(runs).toHaveLength(1);
    });
    expect(slopes(run)).toEqual([0.5]);
    expect([run.missing, run.cells]).toEqual([1, 2]);
    compute(0.7, runs[0]!.context);
    await vi.waitFor(() => {
      expect(slopes(run)).toEqual([0.5, 0.7]);
    });
    expect(run.missing).toBe(0);
    runs[0]!.end({ ...result([0.5, 0.7]), state: "done" });
    await ended;
    expect(slopes(run)).toEqual([0.5, 0.7]);
  });

  it("that is stopped before it has looked computes nothing", async () => {
    const { run, runs } = await startMoments([0]);
    run.change({ slopes: [0, 0.7] });
    const ended = run.start();
    run.stop();
    await ended;
    expect(runs).toEqual([]);
    expect(run.state).toBe("idle");
    expect(run.missing).toBe(1);
  });

  it("that begins anew forgets what it had on the screen", async () => {
    const { run, runs, compute, result } = await startMoments([0, 0.5, 1]);
    const ended = run.start({ fresh: true });
    expect(run.rows).toEqual([]);
    expect(run.missing).toBe(3);
    await vi.waitFor(() => {
      expect(runs[0]?.fresh).toBe(true);
    });
    compute(0.5, runs[0]!.context);
    await vi.waitFor(() => {
      expect(slopes(run)).toEqual([0.5]);
    });
    expect(run.missing).toBe(2);
    runs[0]!.end({ ...result([0, 0.5, 1]), state: "done" });
    await ended;
    expect(slopes(run)).toEqual([0, 0.5, 1]);
  });
});

describe("pictures of an experiment", () => {
  it("are told live, and read where they are kept", async () => {
    const { run, runs, result } = await startMoments([0]);
    const seen: number[][] = [];
    const off = run.watch("0", ({ picture }) => {
      seen.push([...picture.values]);
    });
    await vi.waitFor(() => {
      expect(seen).toEqual([[7, -7]]);
    });
    const live: (number | null)[] = [];
    run.watch("x", ({ step }) => live.push(step));
    const ended = run.start();
    await vi.waitFor(() => {
      expect(runs).toHaveLength(1);
    });
    runs[0]!.context.frame(
      "x",
      { key: "x", step: 4, shape: [1, 1, 1] },
      new Uint8Array(2),
    );
    await vi.waitFor(() => {
      expect(live).toEqual([4]);
    });
    expect([...run.live]).toEqual([["x", 4]]);
    runs[0]!.end({ ...result([0, 0.5, 1]), state: "done" });
    await ended;
    off();
    // Who comes later is shown the newest at once.
    const later: (number | null)[] = [];
    run.watch("x", ({ step }) => later.push(step));
    expect(later).toEqual([4]);
    expect(await run.picture("none")).toBeNull();
  });
});

describe("the network of an experiment", () => {
  it("stays that of the run while it runs, and pictures of another one's cells are not its own", async () => {
    const asked: { what: string; network: string | null }[] = [];
    let end: (answer: Answer) => void = () => undefined;
    let context: Context | null = null;
    const rows = [rowOf(0)];
    const { app } = await start({
      networks: [networkInfo(), networkInfo({ id: "other", name: "Other" })],
      lab: {
        "lab.stored": ({ network }) => {
          asked.push({ what: "stored", network });
          return Promise.resolve({ rows, missing: 1, summary: {} });
        },
        "lab.run": ({ network }, given) => {
          asked.push({ what: "run", network });
          context = given;
          return new Promise((resolve) => {
            end = resolve;
          });
        },
        "lab.picture": ({ network }) => {
          asked.push({ what: "picture", network });
          const value = network === "toy" ? 1 : 2;
          return Promise.resolve({
            reply: { shape: [1, 1, 1] as [number, number, number] },
            bytes: new Uint8Array(new Int16Array([value]).buffer),
          });
        },
      },
    });
    const run = app.lab.of("class-table");
    const pictureOf = (key: string) =>
      new Promise<number | undefined>((resolve) => {
        run.watch(key, ({ picture }) => {
          resolve(picture.values[0]);
        });
      });
    await run.look();
    expect(await pictureOf("0")).toBe(1);
    const ended = run.start();
    await vi.waitFor(() => {
      expect(context).not.toBeNull();
    });
    await app.session.selectNetwork("other");
    await run.look();
    expect(run.subject?.id).toBe("toy");
    expect(run.network?.id).toBe("toy");
    expect(await pictureOf("0")).toBe(1);
    expect(asked.map(({ network }) => network)).not.toContain("other");
    end({ rows, missing: 0, summary: {}, state: "done" });
    await ended;
    await vi.waitFor(() => {
      expect(run.subject?.id).toBe("other");
    });
    expect(await pictureOf("0")).toBe(2);
    expect(asked.at(-1)).toEqual({ what: "picture", network: "other" });
    expect(run.network?.name).toBe("Other");
  });

  it("where it needs one and there is none, is asked for", async () => {
    const { app } = await start({ networks: [] });
    const run = app.lab.of("sweep");
    expect(run.homeless).toBe(true);
    expect(run.obstacle).toBe("No network is open.");
    await run.start();
    expect(run.state).toBe("idle");
    expect(app.notices.list.at(-1)?.text).toBe("No network is open.");
  });

  it("is the one that is open, and its rows are looked up when it changes", async () => {
    const asked: (string | null)[] = [];
    const { app } = await start({
      networks: [networkInfo(), networkInfo({ id: "other", name: "Other" })],
      lab: {
        "lab.stored": ({ network }) => {
          asked.push(network);
          return Promise.resolve({ rows: [], missing: 2, summary: {} });
        },
      },
    });
    const run = app.lab.of("sweep");
    run.follow();
    await vi.waitFor(() => {
      expect(run.subject?.id).toBe("toy");
    });
    run.follow();
    await app.session.selectNetwork("other");
    run.follow();
    await vi.waitFor(() => {
      expect(run.subject?.name).toBe("Other");
    });
    expect(asked).toEqual(["toy", "other"]);
  });
});
