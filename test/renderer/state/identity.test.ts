/** What is remembered and measured goes by files and answers together. */
import { flushSync } from "svelte";
import { describe, expect, it, vi } from "vitest";
import { choicesKey, setsKey } from "../../../src/renderer/state/choices";
import type { NetworkRecipe } from "../../../src/shared/recipe";
import { answered, importReport, networkInfo } from "../../support/fake-world";
import { galleryRecord } from "../../support/records";
import { useApps } from "./start-app";

const { start } = useApps();
const plain = networkInfo();
const corrected = answered(plain, {
  ...plain.report.answers,
  assumptions: { activation: "silu" },
});
const choices = (picks: number[]) => ({
  picks,
  columns: [{ kind: "relu" }],
  settings: { ...galleryRecord().request.settings, seed: 5 },
});
const sets = [{ name: "mine", classes: [1, 2] }];

describe("remembered picks and settings", () => {
  it("of the corrected and the uncorrected network are apart", async () => {
    const remembered = {
      [choicesKey(plain.identity)]: choices([1, 2]),
      [choicesKey(corrected.identity)]: choices([7]),
    };
    const one = await start({ networks: [plain], remembered });
    expect(one.app.picks.list).toEqual([1, 2]);
    const other = await start({ networks: [corrected], remembered });
    expect(other.app.picks.list).toEqual([7]);
    other.app.picks.list = [9];
    flushSync();
    await other.app.remembered.flush();
    expect(other.fake.remembered()).toMatchObject({
      [choicesKey(plain.identity)]: { picks: [1, 2] },
      [choicesKey(corrected.identity)]: { picks: [9] },
    });
  });

  it("of the time when they went by the files' hash are the first network's that is opened", async () => {
    const { app, fake } = await start({
      networks: [plain],
      remembered: {
        [choicesKey(plain.hash)]: choices([4, 5]),
        [setsKey(plain.hash)]: sets,
      },
    });
    expect(app.picks.list).toEqual([4, 5]);
    expect(app.picks.sets).toEqual(sets);
    expect(app.settings.values.seed).toBe(5);
    flushSync();
    await app.remembered.flush();
    const kept = fake.remembered();
    expect(kept).toMatchObject({
      [choicesKey(plain.identity)]: { picks: [4, 5] },
      [setsKey(plain.identity)]: sets,
    });
    // main forgets a key that is null
    expect(kept[choicesKey(plain.hash)] ?? null).toBeNull();
    expect(kept[setsKey(plain.hash)] ?? null).toBeNull();
    const later = await start({ networks: [corrected], remembered: kept });
    expect(later.app.picks.list).not.toEqual([4, 5]);
    expect(later.app.picks.sets).toEqual([]);
  });

  it("stay on the screen while an answer is tried, and are kept for it too", async () => {
    const { app, fake } = await start({ networks: [plain] });
    app.picks.list = [3, 5];
    app.answering.change("assumptions", { activation: "silu" });
    await vi.waitFor(() => {
      expect(app.networks.current?.identity).toBe(corrected.identity);
    });
    flushSync();
    await app.remembered.flush();
    expect(app.picks.list).toEqual([3, 5]);
    expect(fake.remembered()).toMatchObject({
      [choicesKey(corrected.identity)]: { picks: [3, 5] },
    });
  });

  it("are another output's where that one is chosen", async () => {
    const outputs = ["first", "second"].map((name) => ({ name, shape: [20] }));
    const first = networkInfo({ report: importReport({ outputs }) });
    const { app } = await start({
      networks: [first],
      answer: (network, answers) => {
        const next = answered(network, answers);
        const second = answers.output === "second";
        const report = {
          ...next.report,
          outputs: second ? outputs.toReversed() : outputs,
        };
        return Promise.resolve({ ...next, report });
      },
      remembered: {
        [choicesKey(
          answered(first, { ...first.report.answers, output: "second" })
            .identity,
        )]: choices([11, 12]),
      },
    });
    app.picks.list = [3, 5];
    flushSync();
    const show = async (name: string) => {
      app.answering.change("output", name);
      await vi.waitFor(() => {
        expect(app.networks.current?.report.outputs[0]?.name).toBe(name);
        expect(app.answering.draft).toBeNull();
      });
      flushSync();
    };
    app.picks.clear();
    expect(app.undo.next?.label).toBe("Cleared what was picked");
    await show("second");
    expect(app.picks.list).toEqual([11, 12]);
    // an undo would bring back rows of the first output
    expect(app.undo.next).toBeNull();
    expect(app.notices.list.filter(({ topic }) => topic === "undo")).toEqual(
      [],
    );
  });
});

describe("a measured recipe", () => {
  const numbers = { steps: 240, blur: 0.35, rotate: 8, rotateProbability: 0.1 };
  const measured = (stepSize: number): NetworkRecipe => ({
    ...numbers,
    stepSize,
    from: "measured",
    measurable: true,
    because: "",
  });

  it("is asked for again where an answer makes another network", async () => {
    const network = networkInfo({ defaultsFrom: "app" });
    const { app } = await start({
      networks: [network],
      recipe: ({ identity }) =>
        measured(identity === network.identity ? 24 : 9),
    });
    await vi.waitFor(() => {
      expect(app.settings.values.stepSize).toBe(24);
    });
    app.answering.change("assumptions", { activation: "silu" });
    await vi.waitFor(() => {
      expect(app.recipe.current?.stepSize).toBe(9);
    });
    expect(app.settings.values.stepSize).toBe(9);
    expect(app.settings.changed).toBe(false);

    // what the user has changed stays
    app.settings.set("stepSize", 3);
    app.answering.change("assumptions", {});
    await vi.waitFor(() => {
      expect(app.recipe.current?.stepSize).toBe(24);
    });
    expect(app.settings.values.stepSize).toBe(3);
    expect(app.settings.defaults.stepSize).toBe(24);
  });
});
