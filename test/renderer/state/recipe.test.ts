import { expect, it, vi } from "vitest";
import type { NetworkRecipe } from "../../../src/shared/recipe";
import { networkInfo } from "../../support/fake-world";
import { useApps } from "./start-app";

const { start } = useApps();

const numbers = {
  steps: 240,
  stepSize: 24,
  blur: 0.35,
  rotate: 8,
  rotateProbability: 0.1,
};
const measured: NetworkRecipe = {
  ...numbers,
  from: "measured",
  measurable: true,
  because: "",
};
const constants: NetworkRecipe = {
  ...{ steps: 240, stepSize: 39, blur: 0.5, rotate: 6, rotateProbability: 0.3 },
  from: "constants",
  measurable: true,
  because: "They have not been measured yet.",
};
const networks = [networkInfo({ defaultsFrom: "app" })];

/** What a run would climb with. */
function climb(settings: {
  readonly steps: number;
  readonly stepSize: number;
  readonly regularization: object;
}) {
  const { steps, stepSize, regularization } = settings;
  return { steps, stepSize, ...regularization };
}
const numbersOf = ({ from, measurable, because, ...rest }: NetworkRecipe) => {
  void from;
  void measurable;
  void because;
  return rest;
};

it("takes what was measured before as the network's defaults", async () => {
  const { app, fake } = await start({ networks, recipe: measured });
  await vi.waitFor(() => {
    expect(app.recipe.current).toEqual(measured);
  });
  expect(climb(app.settings.values)).toEqual(numbers);
  expect(climb(app.settings.defaults)).toEqual(numbers);
  // about twenty kept steps
  expect(app.settings.values.keep).toBe(12);
  app.run();
  await vi.waitFor(() => {
    expect(fake.runs).toHaveLength(1);
  });
  expect(fake.measured).toEqual([]);
  expect(climb(fake.runs[0]?.request.settings ?? app.settings.values)).toEqual(
    numbers,
  );
});

it("measures at the first run, and runs with what was found", async () => {
  const shares: number[] = [];
  const { app, fake } = await start({
    networks,
    recipe: constants,
    measure: async ({ progress }) => {
      progress({ done: 1, total: 4 });
      await vi.waitFor(() => {
        expect(app.recipe.measuring).toBe(0.25);
      });
      shares.push(app.recipe.measuring ?? NaN);
      return measured;
    },
  });
  await vi.waitFor(() => {
    expect(app.recipe.current).toEqual(constants);
  });
  expect(climb(app.settings.values)).toEqual(numbersOf(constants));
  app.run();
  // a second press does not run twice
  app.run();
  await vi.waitFor(() => {
    expect(fake.runs).toHaveLength(1);
  });
  expect(shares).toEqual([0.25]);
  expect(fake.measured).toEqual(["toy"]);
  expect(climb(fake.runs[0]?.request.settings ?? app.settings.values)).toEqual(
    numbers,
  );
  expect(app.recipe.measuring).toBeNull();
});

it("runs with constants where measuring is skipped, and not at all where it is stopped", async () => {
  const { app, fake } = await start({
    networks,
    recipe: constants,
    measure: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      }),
  });
  await vi.waitFor(() => {
    expect(app.recipe.wanted).toBe(true);
  });
  app.run();
  await vi.waitFor(() => {
    expect(fake.measured).toHaveLength(1);
  });
  app.runs.stop();
  await vi.waitFor(() => {
    expect(app.recipe.measuring).toBeNull();
  });
  expect(fake.runs).toEqual([]);
  expect(app.recipe.current?.because).toBe("Measuring was cancelled.");
  // asked for by hand it is measured all the same
  const again = app.recipe.measure();
  await vi.waitFor(() => {
    expect(fake.measured).toHaveLength(2);
  });
  app.recipe.skip();
  expect(await again).toBe(true);
  app.run();
  await vi.waitFor(() => {
    expect(fake.runs).toHaveLength(1);
  });
  expect(fake.measured).toHaveLength(2);
  expect(climb(fake.runs[0]?.request.settings ?? app.settings.values)).toEqual(
    numbersOf(constants),
  );
});

it("does not measure for settings of the user's own, nor for a card's", async () => {
  const { app, fake } = await start({ networks, recipe: constants });
  await vi.waitFor(() => {
    expect(app.recipe.wanted).toBe(true);
  });
  app.settings.set("stepSize", 7);
  expect(app.recipe.wanted).toBe(false);
  app.run();
  await vi.waitFor(() => {
    expect(fake.runs).toHaveLength(1);
  });
  expect(fake.measured).toEqual([]);

  const carded = await start();
  carded.app.run();
  await vi.waitFor(() => {
    expect(carded.fake.runs).toHaveLength(1);
  });
  expect(carded.fake.measured).toEqual([]);
  expect(carded.app.recipe.current).toBeNull();
});

it("has the paper's plain step one click away, and the own numbers another", async () => {
  const { app } = await start({ networks, recipe: measured });
  await vi.waitFor(() => {
    expect(app.recipe.current).toEqual(measured);
  });
  expect(app.recipe.plain).toBe(false);
  app.recipe.usePlain();
  expect(app.recipe.plain).toBe(true);
  expect(climb(app.settings.values)).toMatchObject({
    ...{ steps: 500, stepSize: 5, blur: 0, rotate: 0 },
  });
  app.recipe.useOwn();
  expect(climb(app.settings.values)).toEqual(numbers);
});
