import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { calibrate, Calibration } from "../../../src/engine";
import type { Backend } from "../../../src/main/host/backend";
import { Recipes } from "../../../src/main/host/recipes";
import type { NetworkInfo } from "../../../src/shared/domain";
import { plainRecipe, type Recipe } from "../../../src/shared/recipe";
import { temporaryFolders } from "../../support/temporary-folder";
import { toyBackend, toyOpened } from "../../support/toy";

const folder = temporaryFolders();

const found: Recipe = {
  steps: 240,
  stepSize: 0.24,
  blur: 0.21,
  rotate: 12,
  rotateProbability: 0.1,
};
const never = () => {
  throw new Error("nothing is computed in this test");
};
const native: Backend = {
  status: { ...toyBackend.status, backend: "tensorflow" },
  runtime: { encode: never, load: never, run: never, unload: never },
};
const { signal } = new AbortController();
const log = () => undefined;

/** Counts its calls. */
function counting(give: () => Promise<Calibration | null>) {
  const fixed: unknown[] = [];
  const measure: typeof calibrate = (request) => {
    fixed.push(request.fixed);
    return give();
  };
  return { measure, fixed };
}
const finds = () =>
  counting(() => Promise.resolve({ recipe: found, finalists: [] }));

function opened(changes: Partial<NetworkInfo> = {}) {
  const { info } = toyOpened;
  return { ...toyOpened, info: { ...info, ...changes } };
}

it("measures once, and knows it at the next start without any work", async () => {
  const data = await folder();
  const { measure, fixed } = finds();
  const first = await Recipes.open(data, log, measure);
  expect(first.known(opened(), native)).toMatchObject({
    from: "constants",
    measurable: true,
  });
  const measured = await first.measure(opened(), native, { signal });
  expect(measured).toEqual({
    ...found,
    from: "measured",
    measurable: true,
    because: "",
  });
  expect(await first.measure(opened(), native, { signal })).toEqual(measured);
  const second = await Recipes.open(data, log, measure);
  expect(second.known(opened(), native)).toEqual(measured);
  expect(await second.measure(opened(), native, { signal })).toEqual(measured);
  expect(fixed).toHaveLength(1);
});

it("measures again for another identity, other arithmetic and other given numbers", async () => {
  const { measure, fixed } = finds();
  const recipes = await Recipes.open(null, log, measure);
  await recipes.measure(opened(), native, { signal });
  await recipes.measure(opened({ identity: "f".repeat(64) }), native, {
    signal,
  });
  await recipes.measure(
    opened(),
    { ...native, status: { ...native.status, device: "GPU" } },
    { signal },
  );
  await recipes.measure(opened(), native, { signal, fixed: { blur: 0.5 } });
  await recipes.measure(opened(), native, { signal, fixed: { blur: 0.5 } });
  expect(fixed).toEqual([{}, {}, {}, { blur: 0.5 }]);
});

it("gives constants on the fallback, and says so; nothing is measured", async () => {
  const { measure, fixed } = finds();
  const recipes = await Recipes.open(null, log, measure);
  // the toy's input is 2 x 2 x 1: 0.1 * sqrt(4) = 0.2; 0.5 * (2 / 227) ** 0.25 = 0.153
  const expected = {
    steps: 240,
    stepSize: 0.2,
    blur: 0.15,
    rotate: 6,
    rotateProbability: 0.3,
    from: "constants",
    measurable: false,
  };
  const recipe = await recipes.measure(opened(), toyBackend, { signal });
  expect(recipe).toMatchObject(expected);
  expect(recipe.because).toContain("native TensorFlow");
  expect(fixed).toEqual([]);
});

it("keeps nothing of what was cancelled, and constants where nothing was found", async () => {
  const abort = new AbortController();
  const cancelling = counting(() => {
    abort.abort();
    return Promise.reject(abort.signal.reason as Error);
  });
  const data = await folder();
  const recipes = await Recipes.open(data, log, cancelling.measure);
  await expect(
    recipes.measure(opened(), native, { signal: abort.signal }),
  ).rejects.toBe(abort.signal.reason);
  expect(recipes.known(opened(), native).from).toBe("constants");
  const nothing = counting(() => Promise.resolve(null));
  const silent = await Recipes.open(data, log, nothing.measure);
  const recipe = await silent.measure(opened(), native, { signal });
  expect(recipe.from).toBe("constants");
  expect(recipe.because).toContain("No class");
});

it("leaves a card's numbers as they are", async () => {
  const { measure, fixed } = finds();
  const recipes = await Recipes.open(null, log, measure);
  const carded = opened({ defaultsFrom: "card" });
  const { steps, stepSize, regularization } = carded.info.defaults;
  expect(await recipes.measure(carded, native, { signal })).toEqual({
    steps,
    stepSize,
    ...regularization,
    from: "card",
    measurable: false,
    because: "",
  });
  expect(fixed).toEqual([]);
});

it("does not overwrite a file of a later version", async () => {
  const data = await folder();
  const path = join(data, "recipes.json");
  const later = JSON.stringify({ version: 9, recipes: plainRecipe });
  await writeFile(path, later);
  const { measure } = finds();
  const recipes = await Recipes.open(data, log, measure);
  const recipe = await recipes.measure(opened(), native, { signal });
  expect(recipe.from).toBe("measured");
  expect(await readFile(path, "utf8")).toBe(later);
});
