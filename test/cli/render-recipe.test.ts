/** What a render climbs with where nothing says it: a recipe that is measured once. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runRecordSchema } from "../../src/shared/domain";
import { recipeSchema, spellRecipe } from "../../src/shared/recipe";
import { writeTinyNetwork } from "../support/tiny-network";
import { proxima } from "./run";

let root: string;
let net: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "proxima-recipe-"));
  net = await writeTinyNetwork(join(root, "net"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function render(...flags: string[]) {
  const out = join(root, `out-${++count}`);
  const ran = await proxima(
    [
      ...["render", net, "--targets", "0", "--methods", "relu"],
      ...["--out", out, ...flags],
    ],
    { terminal: true },
  );
  expect(ran.code).toBe(0);
  const text = await readFile(join(out, "0-1-relu", "run.json"), "utf8");
  const { settings } = runRecordSchema.parse(JSON.parse(text));
  const { steps, stepSize, regularization } = settings;
  return { ...ran, used: { steps, stepSize, ...regularization } };
}
/** The bar that is drawn while something is measured. */
const measuring = "measure";

it("is measured once, said in one line, and in the records and the JSON", async () => {
  const unknown = await proxima(["inspect", net, "--json"]);
  expect(unknown.lines()[0]?.["recipe"]).toMatchObject({ from: "constants" });

  const first = await render();
  expect(first.err).toContain(measuring);
  expect(first.out.split("\n")[0]).toBe(
    `measured for this network: ${spellRecipe(first.used)}`,
  );

  const second = await render("--json");
  expect(second.err).not.toContain(measuring);
  expect(second.used).toEqual(first.used);
  expect(second.lines()).toHaveLength(1);
  expect(second.lines()[0]?.["recipe"]).toEqual({
    ...first.used,
    from: "measured",
    because: "",
  });

  const known = await proxima(["inspect", net, "--json"]);
  expect(known.lines()[0]?.["recipe"]).toMatchObject({
    ...first.used,
    from: "measured",
  });
  const words = await proxima(["inspect", net]);
  expect(words.out).toContain(
    `measured for this network: ${spellRecipe(first.used)}`,
  );
});

it("belongs to the network with its answers: others are measured again", async () => {
  const { err } = await render("--preprocess", "caffe");
  expect(err).toContain(measuring);
});

it("leaves given numbers as they are, and measures the others", async () => {
  const { used, err } = await render("--blur", "0.7", "--steps", "3");
  expect(err).toContain(measuring);
  expect(used).toMatchObject({ blur: 0.7, steps: 3 });
});

it("is not asked where the step size is given: what is not given is off", async () => {
  const plain = await render("--step-size", "0.5", "--steps", "3", "--json");
  expect(plain.err).not.toContain(measuring);
  expect(plain.used).toMatchObject({ stepSize: 0.5, blur: 0, rotate: 0 });
  expect(plain.lines()[0]).not.toHaveProperty("recipe");
});

it("is constants under --no-measure, whatever was measured before, and says so", async () => {
  const { used, out, err } = await render("--no-measure");
  expect(err).not.toContain(measuring);
  // 6 x 6 x 3: 0.1 * sqrt(108) = 1.04; 0.5 * (6 / 227) ** 0.25 = 0.2016
  expect(used).toEqual({
    steps: 240,
    stepSize: 1,
    blur: 0.2,
    rotate: 6,
    rotateProbability: 0.3,
  });
  expect(out.split("\n")[0]).toBe(
    `constants: ${spellRecipe(recipeSchema.parse(used))} (--no-measure was given)`,
  );
});

it("is not measured where a card says how images climb", async () => {
  const carded = await writeTinyNetwork(join(root, "carded"), {
    card: { ascent: { blur: 0.3 } },
  });
  const out = join(root, "carded-out");
  const ran = await proxima([
    ...["render", carded, "--targets", "0", "--methods", "relu"],
    ...["--steps", "2", "--out", out],
  ]);
  expect(ran.code).toBe(0);
  expect(ran.out).not.toContain("measured");
  const text = await readFile(join(out, "0-1-relu", "run.json"), "utf8");
  expect(runRecordSchema.parse(JSON.parse(text)).settings).toMatchObject({
    stepSize: 5,
    regularization: { blur: 0.3, rotate: 0 },
  });
});
