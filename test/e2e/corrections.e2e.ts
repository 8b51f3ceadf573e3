/** What a file leaves open and the user corrects: assumptions, output, meaning of the output, another checkpoint's answers. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "@playwright/test";
import { writeTinyNetwork, type TinyModel } from "../support/tiny-network";
import { writeTinyResNet } from "../support/tiny-safetensors";
import { dropFiles } from "./drop";
import { appFolder, expect, test } from "./fixtures";
import { chip, classRows, origin, preprocessing, ready, sheet } from "./network-card"; // prettier-ignore
import { runToEnd } from "./last-gallery";
import { seenIn } from "./reference-check";
import { asShare, testPixels, writePng } from "./tiny-reference";

/** What the command line sees in a picture, as the card writes it. */
async function seenByCommandLine(
  network: string,
  picture: string,
  ...flags: string[]
): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(appFolder, "bin/proxima"), "score", network, "--image", picture, "--json", ...flags], // prettier-ignore
    { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "1" } },
  );
  const found = JSON.parse(stdout) as { top: { label: string; probability: number }[] }; // prettier-ignore
  return found.top.map(({ label, probability }) => `${label} ${asShare(probability)}`); // prettier-ignore
}

test("a correction shows at once in a picture on the card, and is offered to the next checkpoint", async ({
  launch,
  userData,
}) => {
  const [one, two] = [join(userData, "one.safetensors"), join(userData, "two.safetensors")] as const; // prettier-ignore
  await writeTinyResNet(one);
  await writeTinyResNet(two, { phase: 1 });
  const picture = join(userData, "picture.png");
  await writePng(picture, testPixels(224, 224));
  const { page } = await launch();
  await ready(page);
  await dropFiles(page, [one]);
  const card = sheet(page);
  await expect(card).toBeVisible({ timeout: 30_000 });
  await dropFiles(page, [picture]);
  const asBuilt = await seenByCommandLine(one, picture);
  await expect.poll(() => seenIn(card)).toEqual(asBuilt.slice(0, 5));

  const activation = card.getByLabel("Activation", { exact: true });
  await activation.selectOption("silu");
  const corrected = await seenByCommandLine(one, picture, "--assume", "activation=silu"); // prettier-ignore
  expect(corrected).not.toEqual(asBuilt);
  await expect.poll(() => seenIn(card)).toEqual(corrected.slice(0, 5));
  await expect(origin(card, "Not in the file")).toHaveText("a guess");
  await preprocessing(card).getByLabel("−1 to 1").check();
  await expect(origin(card, "Preprocessing")).toHaveText("your answer");

  await dropFiles(page, [two]);
  await expect(chip(page, /^two/)).toBeVisible({ timeout: 30_000 });
  await expect(activation).toHaveValue("relu");
  const offer = card.getByRole("note").filter({ hasText: "same architecture" });
  await expect(offer).toContainText(
    "one.safetensors has the same architecture, and you answered for it.",
  );
  await offer.getByRole("button", { name: "Use its answers" }).click();
  await expect(activation).toHaveValue("silu");
  await expect(preprocessing(card).getByLabel("−1 to 1")).toBeChecked();
  await expect(offer).toBeHidden();
  const taken = await seenByCommandLine(two, picture, "--assume", "activation=silu", "--preprocess", "signed"); // prettier-ignore
  await expect.poll(() => seenIn(card)).toEqual(taken.slice(0, 5));
});

/** A second output of two values, made of the same features as the classes. */
function withValues(model: TinyModel): void {
  const { config } = model.modelTopology.model_config;
  const values = {
    class_name: "Dense",
    name: "values",
    config: { name: "values", units: 2, activation: "linear", use_bias: true },
    inbound_nodes: [[["pool", 0, 0, {}]]],
  };
  config.layers.push(values);
  config.output_layers = [["logits", 0, 0], ["values", 0, 0]]; // prettier-ignore
  model.weightsManifest[0]?.weights.push(
    { name: "values/kernel", shape: [8, 2], dtype: "float32" },
    { name: "values/bias", shape: [2], dtype: "float32" },
  );
}

/** Runs twelve steps of everything that is picked. */
async function run(page: Page, pictures: number): Promise<void> {
  const close = page.getByRole("button", { name: "Close", exact: true });
  if (await close.isVisible()) await close.click();
  await page.getByRole("tab", { name: /^Run/ }).click();
  const steps = page.getByRole("spinbutton", { name: "Steps", exact: true });
  await steps.fill("12");
  await steps.press("Enter");
  await page.getByRole("tab", { name: "Picture" }).click();
  await runToEnd(page, pictures);
}

test("another output has its own rows and scores, and another meaning other numbers beside them", async ({
  launch,
  userData,
}) => {
  const folder = await writeTinyNetwork(join(userData, "net"), {
    labels: null,
    // numbers of a card: nothing is to be measured
    card: { name: "Two ends", ascent: { stepSize: 1 } },
    edit: withValues,
    weights: (values) => {
      const more = Array.from({ length: 18 }, (_, i) => Math.cos(i * 7.7));
      return new Uint8Array(Float32Array.from([...values, ...more]).buffer);
    },
  });
  const { page } = await launch({ args: [folder] });
  await expect(chip(page, /4 classes/)).toBeVisible({ timeout: 30_000 });
  const cell = page.getByRole("row").nth(1).getByRole("gridcell").first();
  const score = cell.locator(".score");
  await run(page, 12);
  const ofClasses = await score.innerText();
  await expect(cell).toContainText("top-1");

  // as independent classes: the same logit, a probability of its own, and no first choice
  await page.getByRole("button", { name: /^Two ends/ }).click();
  await page.getByRole("button", { name: "Details and answers…" }).click();
  const card = sheet(page);
  const meaning = card.getByRole("radiogroup", { name: "Meaning of the output" }); // prettier-ignore
  await meaning.getByLabel("Independent classes").check();
  await expect(origin(card, "Meaning of the output")).toHaveText("your answer");
  await run(page, 12);
  await expect(score).toHaveText(ofClasses);
  await expect(cell).toContainText(/p\s*[<>]?\s*\d+\.\d %/);
  await expect(cell).not.toContainText("top-1");

  // the other output: two rows, another score
  await page.getByRole("button", { name: /^Two ends/ }).click();
  await page.getByRole("button", { name: "Details and answers…" }).click();
  await card.getByRole("combobox", { name: "Output" }).selectOption("values");
  await expect(chip(page, /2 classes/)).toBeVisible({ timeout: 30_000 });
  await meaning.getByLabel("Plain values").check();
  await expect(chip(page, /2 outputs/)).toBeVisible({ timeout: 30_000 });
  await expect(classRows(page, "Outputs")).toHaveText([/^\s*output 0/, /^\s*output 1/]); // prettier-ignore
  await run(page, 6);
  await expect(score).not.toHaveText(ofClasses);
  for (const word of ["top-1", "probability", /\bclass/i])
    await expect(page.locator("body")).not.toContainText(word);
});
