/** What Ctrl+Z takes back and Ctrl+Shift+Z does once more. */
import { beforeEach, describe, expect, it } from "vitest";
import type { AppState } from "../../../src/renderer/state/app.svelte";
import { Columns } from "../../../src/renderer/state/columns.svelte";
import { Notices } from "../../../src/renderer/state/notices.svelte";
import { Picks } from "../../../src/renderer/state/picks.svelte";
import { RunSettings } from "../../../src/renderer/state/run-settings.svelte";
import { Undo } from "../../../src/renderer/state/undo.svelte";
import { networkInfo } from "../../support/fake-world";
import { runRecord } from "../../support/records";
import { useApps } from "./start-app";

/** Milliseconds. */
let now = 0;
let notices: Notices;
let undo: Undo;
beforeEach(() => {
  notices = new Notices();
  undo = new Undo(notices, () => now);
});

/** Lists what was done with it. */
function logged(label: string, log: string[]) {
  return {
    label,
    undo: () => void log.push(`-${label}`),
    redo: () => void log.push(`+${label}`),
  };
}

describe("undo and redo", () => {
  it("go back and forth, newest first, and say so", async () => {
    const log: string[] = [];
    undo.push(logged("A", log));
    undo.push(logged("B", log));
    await undo.take();
    await undo.take();
    await undo.take();
    expect(notices.list.map(({ text }) => text)).toEqual(["Undone: A."]);
    await undo.again();
    expect(notices.list.map(({ text }) => text)).toEqual(["Redone: A."]);
    await undo.again();
    await undo.again();
    expect(log).toEqual(["-B", "-A", "+A", "+B"]);
    expect(undo.nextRedo).toBeNull();
  });

  it("redo ends with what is done instead", async () => {
    const log: string[] = [];
    undo.push(logged("A", log));
    await undo.take();
    undo.push(logged("B", log));
    expect(undo.nextRedo).toBeNull();
    await undo.again();
    expect(log).toEqual(["-A"]);
  });

  it("takes the one a notice offers, and only once", async () => {
    const log: string[] = [];
    undo.push(logged("A", log), true);
    const [notice] = notices.list;
    undo.push(logged("B", log));
    notice?.action?.run();
    await undo.take();
    await undo.take();
    expect(log).toEqual(["-A", "-B"]);
    expect(undo.next).toBeNull();
  });

  it("says why when it cannot, and does not offer it again", async () => {
    const fails = () => Promise.reject(new Error("The disk is full."));
    undo.push({ label: "A", undo: fails, redo: fails });
    await undo.take();
    expect(notices.list).toMatchObject([
      { kind: "error", text: "The disk is full." },
    ]);
    expect([undo.next, undo.nextRedo]).toEqual([null, null]);
  });

  it("waits for the one before, which the host takes back", async () => {
    const log: string[] = [];
    let answer = () => {};
    const asked = new Promise<void>((resolve) => (answer = resolve));
    undo.push(logged("A", log));
    undo.push({
      label: "B",
      undo: async () => {
        await asked;
        log.push("-B");
      },
      redo: () => undefined,
    });
    const both = Promise.all([undo.take(), undo.take()]);
    answer();
    await both;
    expect(log).toEqual(["-B", "-A"]);
    expect(undo.nextRedo?.label).toBe("A");
  });
});

describe("columns", () => {
  const slopes = (columns: Columns) =>
    columns.list.map(({ method }) => ("slope" in method ? method.slope : 0));

  it("come back as they were: slope, kind, added, copied, moved, removed", async () => {
    const columns = new Columns(undo);
    columns.reset(0.2);
    const id = columns.list[2]?.id ?? -1;
    const states = [columns.list];
    const acts = [
      () => {
        columns.change(id, { kind: "proxygrad", slope: 0.5 });
      },
      () => {
        columns.changeKind(id, "leaky");
      },
      () => {
        columns.add(0.1);
      },
      () => {
        columns.duplicate(id);
      },
      () => {
        columns.move(0, 2);
      },
      () => {
        columns.remove(id);
      },
      () => {
        columns.useBackwardSlope(0.7);
      },
    ];
    for (const act of acts) {
      now += 5000;
      act();
      expect(columns.list).not.toEqual(states.at(-1));
      states.push(columns.list);
    }
    for (const before of states.slice(0, -1).reverse()) {
      await undo.take();
      expect(columns.list).toEqual(before);
    }
    for (const after of states.slice(1)) {
      await undo.again();
      expect(columns.list).toEqual(after);
    }
  });

  it("a slope that is stepped through is one step back, a later one another", async () => {
    const columns = new Columns(undo);
    columns.reset(0.1);
    const id = columns.list[2]?.id ?? -1;
    for (const slope of [0.15, 0.2, 0.25]) {
      now += 100;
      columns.change(id, { kind: "proxygrad", slope });
    }
    now += 5000;
    columns.change(id, { kind: "proxygrad", slope: 0.9 });
    await undo.take();
    expect(slopes(columns)).toEqual([0, 0.1, 0.25]);
    await undo.take();
    expect(slopes(columns)).toEqual([0, 0.1, 0.1]);
    await undo.again();
    expect(slopes(columns)).toEqual([0, 0.1, 0.25]);
  });

  it("removed and brought back by its notice, keeps what was changed meanwhile", () => {
    const columns = new Columns(undo);
    columns.reset(0.1);
    const [first, , last] = columns.list;
    columns.remove(first?.id ?? -1);
    const notice = notices.list.at(-1);
    columns.change(last?.id ?? -1, { kind: "proxygrad", slope: 0.4 });
    notice?.action?.run();
    return expect.poll(() => slopes(columns)).toEqual([0, 0.1, 0.4]);
  });
});

describe("picks", () => {
  it("come back as they were, ticked, moved or cleared", async () => {
    const picks = new Picks(undo);
    const states = [picks.list];
    for (const act of [
      () => picks.add([4, 2, 7]),
      () => {
        picks.toggle(2);
      },
      () => {
        picks.move(1, 0);
      },
      () => {
        picks.remove(4, "four");
      },
      () => {
        picks.clear();
      },
      () => {
        picks.replace([1], "Picked one");
      },
    ]) {
      now += 5000;
      act();
      states.push(picks.list);
    }
    expect(states).toEqual([[], [4, 2, 7], [4, 7], [7, 4], [7], [], [1]]);
    for (const before of states.slice(0, -1).reverse()) {
      await undo.take();
      expect(picks.list).toEqual(before);
    }
    for (const after of states.slice(1)) {
      await undo.again();
      expect(picks.list).toEqual(after);
    }
  });
});

describe("settings", () => {
  it("come back field by field, with presets, seeds and precision", async () => {
    const settings = new RunSettings(undo);
    const start = settings.values;
    expect(settings.set("steps", -1)).not.toBeNull();
    expect(undo.next).toBeNull();
    settings.set("steps", 100);
    expect(undo.next?.label).toBe("Set steps to 100");
    settings.set("stepSize", 7);
    settings.setSeeds(4);
    settings.setPrecision("bfloat16");
    settings.roll(() => 0.5);
    settings.reset("steps");
    // the same again is no change
    settings.reset("steps");
    const paper = settings.presets.find(({ id }) => id === "paper-10");
    if (paper) settings.apply(paper);
    const end = settings.values;
    for (const label of [
      `Took the preset ${paper?.label ?? ""}`,
      "Took steps back to the default",
      "Drew another seed",
      "Set precision to bfloat16",
      "Set number of seeds to 4",
      "Set step size to 7",
      "Set steps to 100",
    ]) {
      expect(undo.next?.label).toBe(label);
      await undo.take();
    }
    expect([settings.values, settings.seeds]).toEqual([start, 1]);
    for (let i = 0; i < 7; i++) await undo.again();
    expect([settings.values, settings.seeds]).toEqual([end, 4]);
  });

  it("dragged by a slider are one step back", async () => {
    const settings = new RunSettings(undo);
    for (const value of [5.5, 6, 6.5, 7]) {
      now += 50;
      settings.set("stepSize", value);
    }
    now += 50;
    settings.set("blur", 2);
    await undo.take();
    await undo.take();
    expect(settings.get("stepSize")).toBe(5);
    expect(undo.next).toBeNull();
  });
});

describe("in the app", () => {
  const { start } = useApps();
  const other = networkInfo({
    id: "other",
    name: "Other",
    hash: "cd".repeat(32),
    bundled: false,
    classes: 3,
    labels: ["a", "b", "c"],
  });
  const laidOut = (app: AppState) => [
    app.networks.current?.id,
    app.picks.list,
    app.columns.list.map(({ method }) => method),
    app.settings.values,
  ];

  it("a network is left again before what was done to the one before", async () => {
    const { app } = await start({ opened: other });
    app.picks.replace([7, 9], "Picked two");
    app.settings.set("steps", 77);
    const [notice] = app.notices.list;
    const before = laidOut(app);
    await app.arrivals.openNetwork({
      token: "00000000-0000-0000-0000-000000000007",
      name: "other.onnx",
    });
    const opened = laidOut(app);
    expect(app.picks.list).toEqual([0, 1, 2]);
    // What the notice offered was about the other network.
    expect(app.notices.list).not.toContain(notice);
    await app.undo.take();
    expect(laidOut(app)).toEqual(before);
    await app.undo.take();
    expect(app.settings.values.steps).not.toBe(77);
    await app.undo.again();
    await app.undo.again();
    expect(laidOut(app)).toEqual(opened);
  });

  it("a run's settings, the paper's and the network's own come back", async () => {
    const { app } = await start();
    const before = app.settings.values;
    app.session.runAgain(runRecord());
    app.recipe.usePlain();
    app.recipe.useOwn();
    for (let i = 0; i < 3; i++) await app.undo.take();
    expect(app.settings.values).toEqual(before);
  });
});
