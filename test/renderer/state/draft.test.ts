import { describe, expect, it } from "vitest";
import { Columns } from "../../../src/renderer/state/columns.svelte";
import { Notices } from "../../../src/renderer/state/notices.svelte";
import { savedSets } from "../../../src/renderer/state/choices";
import { Picks } from "../../../src/renderer/state/picks.svelte";
import { RunSettings } from "../../../src/renderer/state/run-settings.svelte";
import { Scrubber } from "../../../src/renderer/state/scrubber.svelte";
import { Selection } from "../../../src/renderer/state/selection.svelte";
import { Undo } from "../../../src/renderer/state/undo.svelte";
import { galleryRecord } from "../../support/records";

function undoable() {
  const notices = new Notices();
  return { notices, undo: new Undo(notices) };
}

describe("picks", () => {
  it("hold each class once and keep their order", () => {
    const picks = new Picks(undoable().undo);
    expect(picks.add([3, 1, 3])).toBe(2);
    expect(picks.add([1, 5])).toBe(1);
    picks.toggle(1);
    picks.toggle(7);
    expect(picks.list).toEqual([3, 5, 7]);
    expect(picks.has(5)).toBe(true);
    picks.move(2, 0);
    expect(picks.list).toEqual([7, 3, 5]);
  });

  it("come back in place when what removed them is undone", async () => {
    const { undo, notices } = undoable();
    const picks = new Picks(undo);
    picks.add([1, 2, 3]);
    picks.remove(2, "two");
    picks.clear();
    expect(picks.list).toEqual([]);
    expect(notices.list.at(-1)?.text).toBe("Cleared what was picked.");
    await undo.take();
    expect(picks.list).toEqual([1, 3]);
    await undo.take();
    expect(picks.list).toEqual([1, 2, 3]);
    await undo.take();
    expect(picks.list).toEqual([]);
  });

  it("are saved in named sets, in the order of the names", async () => {
    const { undo } = undoable();
    const picks = new Picks(undo);
    picks.save("nothing");
    picks.add([4, 2]);
    picks.save("  birds ");
    picks.save("animals");
    picks.toggle(2);
    picks.save("birds");
    expect(picks.sets).toEqual([
      { name: "animals", classes: [4, 2] },
      { name: "birds", classes: [4] },
    ]);
    picks.deleteSet("animals");
    expect(picks.sets).toHaveLength(1);
    await undo.take();
    expect(picks.sets).toHaveLength(2);
  });

  it("minimise a class in its place, or beside itself, and take it back", async () => {
    const { undo, notices } = undoable();
    const picks = new Picks(undo);
    picks.list = [3, 0, 5];
    picks.turn(0, "−ant");
    expect(notices.list.at(-1)?.text).toBe("Picked −ant instead.");
    expect(picks.list).toEqual([3, -1, 5]);
    expect([picks.has(0), picks.has(-1), picks.hasClass(0)]).toEqual([
      false,
      true,
      true,
    ]);
    picks.turn(-1, "ant");
    expect(picks.list).toEqual([3, 0, 5]);
    picks.addOpposite(0, "−ant");
    picks.addOpposite(0, "−ant");
    expect(picks.list).toEqual([3, 0, -1, 5]);
    expect(notices.list.at(-1)?.text).toBe("Picked −ant too.");
    // what is there already is not there twice
    picks.turn(0, "−ant");
    expect(picks.list).toEqual([3, -1, 5]);
    for (const before of [
      [3, 0, -1, 5],
      [3, 0, 5],
      [3, -1, 5],
      [3, 0, 5],
    ]) {
      await undo.take();
      expect(picks.list).toEqual(before);
    }
    // the box of a class takes it away however it is picked
    picks.list = [3, 0, -1, 5];
    picks.toggle(0);
    expect(picks.list).toEqual([3, 5]);
  });

  it("save what is minimised", () => {
    const picks = new Picks(undoable().undo);
    picks.list = [2, -8];
    picks.save("both");
    expect(picks.sets).toEqual([{ name: "both", classes: [2, -8] }]);
    expect(savedSets(JSON.parse(JSON.stringify(picks.sets)))).toEqual(
      picks.sets,
    );
  });
});

describe("columns", () => {
  function three() {
    const { undo } = undoable();
    const columns = new Columns(undo);
    columns.reset(0.2);
    return { columns, undo };
  }
  const methods = (columns: Columns) => columns.list.map((c) => c.method);
  const id = (columns: Columns, place: number) => columns.list[place]?.id ?? -1;

  it("begin with the three methods compared", () => {
    const { columns } = three();
    expect(methods(columns)).toEqual([
      { kind: "relu" },
      { kind: "leaky", slope: 0.2 },
      { kind: "proxygrad", slope: 0.2 },
    ]);
    expect(columns.twins).toEqual([null, null, null]);
  });

  it("are added and duplicated with the next slope that no column has", () => {
    const { columns } = three();
    columns.add(0.2);
    columns.duplicate(id(columns, 2));
    columns.duplicate(id(columns, 1));
    expect(methods(columns)).toEqual([
      { kind: "relu" },
      { kind: "leaky", slope: 0.2 },
      { kind: "leaky", slope: 0.3 },
      { kind: "proxygrad", slope: 0.2 },
      { kind: "proxygrad", slope: 0.4 },
      { kind: "proxygrad", slope: 0.3 },
    ]);
  });

  it("that are equal are marked, whatever they are called", () => {
    const { columns } = three();
    columns.change(id(columns, 1), { kind: "leaky", slope: 0 });
    columns.change(id(columns, 2), { kind: "slopes", forward: 0, backward: 0 });
    const [relu] = columns.list;
    expect(columns.twins).toEqual([null, relu, relu]);
  });

  it("keep the slope when their kind changes", () => {
    const { columns } = three();
    columns.changeKind(id(columns, 2), "slopes");
    columns.changeKind(id(columns, 1), "proxygrad");
    columns.changeKind(id(columns, 0), "leaky");
    expect(methods(columns)).toEqual([
      { kind: "leaky", slope: 0.1 },
      { kind: "proxygrad", slope: 0.2 },
      { kind: "slopes", forward: 0, backward: 0.2 },
    ]);
  });

  it("keep their identity when the same methods are set again", () => {
    const { columns } = three();
    const before = columns.list;
    columns.set([{ kind: "proxygrad", slope: 0.2 }, { kind: "relu" }]);
    expect(columns.list).toEqual([before[2], before[0]]);
  });

  it("can be removed but for the last, and come back", async () => {
    const { columns, undo } = three();
    columns.remove(id(columns, 0));
    columns.remove(id(columns, 0));
    columns.remove(id(columns, 0));
    expect(methods(columns)).toEqual([{ kind: "proxygrad", slope: 0.2 }]);
    await undo.take();
    await undo.take();
    expect(columns.list).toHaveLength(3);
  });

  it("are at most sixteen", () => {
    const { columns } = three();
    for (let i = 0; i < 30; i++) columns.add(0);
    expect(columns.list).toHaveLength(16);
    expect(columns.full).toBe(true);
    expect(columns.twins.filter(Boolean)).toEqual([]);
  });
});

describe("run settings", () => {
  const defaults = galleryRecord().request.settings;

  it("take valid values only and say what is wrong with others", () => {
    const settings = new RunSettings();
    expect(settings.set("steps", 0)).toBe("Between 1 and 100,000.");
    expect(settings.set("steps", 1.5)).toBe("A whole number is needed.");
    expect(settings.set("stepSize", NaN)).toBe("A number is needed.");
    expect(settings.set("blur", -1)).toBe("Between 0 and 20.");
    expect(settings.get("steps")).toBe(500);
    expect(settings.set("rotate", 7.5)).toBeNull();
    expect(settings.values.regularization.rotate).toBe(7.5);
  });

  it("mark what differs from the network's defaults, the seed aside", () => {
    const settings = new RunSettings();
    settings.defaults = defaults;
    settings.setAll({ ...defaults, seed: 99 });
    expect(settings.changed).toBe(false);
    expect(settings.preset?.id).toBe("defaults");
    settings.set("blur", 1);
    expect(settings.changed).toBe(true);
    expect(settings.isChanged("blur")).toBe(true);
    expect(settings.preset).toBeNull();
    settings.reset("blur");
    expect(settings.values).toEqual({ ...defaults, seed: 99 });
  });

  it("presets keep what is not theirs", () => {
    const settings = new RunSettings();
    settings.defaults = defaults;
    settings.setAll({ ...defaults, seed: 7 });
    const preset = settings.presets.find((p) => p.id === "paper-10");
    if (preset) settings.apply(preset);
    expect(settings.values).toEqual({
      ...defaults,
      seed: 7,
      steps: 10,
      keep: 1,
      regularization: { blur: 0, rotate: 0, rotateProbability: 0 },
    });
    expect(settings.preset?.id).toBe("paper-10");
  });
});

describe("the scrubber", () => {
  it("stops at kept steps, with the newest at the right end", () => {
    const scrubber = new Scrubber(() => [0, 16, 32, 40]);
    expect(scrubber.step).toBeNull();
    expect(scrubber.place).toBe(3);
    scrubber.move(-1);
    expect(scrubber.step).toBe(32);
    scrubber.goTo(-9);
    expect(scrubber.step).toBe(0);
    scrubber.goTo(2);
    scrubber.move(1);
    expect(scrubber.step).toBeNull();
    scrubber.move(1);
    expect(scrubber.step).toBeNull();
  });

  it("stays live where nothing was kept", () => {
    const scrubber = new Scrubber(() => []);
    scrubber.move(-1);
    expect(scrubber.step).toBeNull();
    expect(scrubber.places).toBe(1);
  });
});

describe("the selection", () => {
  it("moves inside the grid and starts at its first tile", () => {
    const selection = new Selection();
    const rows = [5, 7];
    const columns = [1, 2, 3];
    expect(selection.move(rows, columns, 1, 1)).toEqual({
      target: 5,
      column: 1,
    });
    selection.move(rows, columns, 1, 9);
    expect(selection.focus).toEqual({ target: 7, column: 3 });
    selection.move(rows, columns, 0, -1);
    expect(selection.focus).toEqual({ target: 7, column: 2 });
    expect(new Selection().move([], columns, 1, 0)).toBeNull();
  });

  it("is stretched from where it began, and back; every tile is chosen at once", () => {
    const selection = new Selection();
    const rows = [5, 7, 9];
    const columns = [1, 2, 3];
    const names = () => selection.cells.map((c) => `${c.target}${c.column}`);
    selection.select({ target: 7, column: 2 });
    selection.stretch(rows, columns, 0, 1);
    selection.stretch(rows, columns, 1, 0);
    expect(names()).toEqual(["72", "73", "92", "93"]);
    selection.stretch(rows, columns, -2, 0);
    expect(names()).toEqual(["52", "72", "73", "53"]);
    selection.stretch(rows, columns, 1, -1);
    expect(names()).toEqual(["72"]);
    selection.all(rows, columns);
    expect(names()).toHaveLength(9);
    expect(selection.focus).toEqual({ target: 7, column: 2 });
    selection.move(rows, columns, 0, 1);
    expect(names()).toEqual(["73"]);
    selection.stretch(rows, columns, 0, -9);
    expect(names()).toEqual(["72", "73", "71"]);
  });

  it("drops the tiles that are gone", () => {
    const selection = new Selection();
    for (const column of [1, 2, 3, 4]) selection.toggle({ target: 5, column });
    expect(selection.cells.map((c) => c.column)).toEqual([1, 2, 3, 4]);
    selection.toggle({ target: 5, column: 1 });
    selection.toggle({ target: 5, column: 3 });
    selection.keep(new Set([5]), new Set([1, 2]));
    expect(selection.cells).toEqual([{ target: 5, column: 2 }]);
  });
});
