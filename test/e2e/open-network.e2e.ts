/** A network from disk: what is asked about it, what a picture says, and what is remembered. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { tinyLabels, writeTinyNetwork } from "../support/tiny-network";
import { answerDialogs } from "./dialogs";
import { dropFiles } from "./drop";
import { callMain } from "./engine-calls";
import { expect, test } from "./fixtures";
import {
  chip,
  classRows,
  origin,
  preprocessing,
  ready,
  sheet,
} from "./network-card";
import { seenIn } from "./reference-check";
import { shortRun, sizesOf } from "./short-run";
import { axeFindings } from "./stored-gallery";
import {
  asShare,
  testPixels,
  tinyTop,
  writePng,
  type Prepare,
} from "./tiny-reference";

const pixels = testPixels(6, 6);
const named = (labels: readonly string[]) => (index: number) =>
  labels[index] ?? `class ${index}`;
function expected(
  prepare: Prepare,
  name: (index: number) => string = (index) => `class ${index}`,
  order?: readonly [number, number, number],
): string[] {
  return tinyTop(pixels, prepare, order).map(
    ({ index, probability }) => `${name(index)} ${asShare(probability)}`,
  );
}
const unit: Prepare = (p) => p / 255;
const signed: Prepare = (p) => p / 127.5 - 1;
const caffe: Prepare = (p, channel) =>
  p - ([123.68, 116.779, 103.939][channel] ?? NaN);

test("what a file does not say is asked; a picture shows the answers at work; they are remembered", async ({
  launch,
  userData,
}) => {
  const folder = join(userData, "mine");
  await writeTinyNetwork(folder, { labels: null });
  const picture = join(userData, "blue over red.png");
  await writePng(picture, pixels);
  const names = join(userData, "names.txt");
  await writeFile(names, "ant\nBee\ncat\ndog\n");

  const first = await launch();
  const { page } = first;
  await ready(page);
  await dropFiles(page, [folder]);
  const card = sheet(page);
  await expect(card).toBeVisible({ timeout: 30_000 });
  await expect(card).toContainText("TF.js layers model");
  await expect(origin(card, "Preprocessing")).toHaveText("a guess");
  await expect(origin(card, "Names of the classes")).toHaveText("a guess");
  await expect(origin(card, "Input size")).toHaveText("from the file");
  await expect(card).toContainText("6 × 6 px, fixed by the file");
  await expect(card).toContainText("ProxyGrad bends 1 of 1 activations.");
  await expect(card.getByText("Taken off", { exact: true })).toBeVisible();
  await expect(preprocessing(card).getByLabel("0 to 1")).toBeChecked();
  expect(await axeFindings(page)).toEqual([]);

  // The picture goes in as the answers say, and every change of them shows.
  await dropFiles(page, [picture]);
  await expect.poll(() => seenIn(card)).toEqual(expected(unit));
  await preprocessing(card).getByLabel("Caffe, BGR").check();
  await expect
    .poll(() => seenIn(card))
    .toEqual(expected(caffe, undefined, [2, 1, 0]));
  await preprocessing(card).getByLabel("−1 to 1").check();
  await expect.poll(() => seenIn(card)).toEqual(expected(signed));
  await expect(origin(card, "Preprocessing")).toHaveText("your answer");
  await answerDialogs(first.app, { open: [names] });
  await card.getByRole("button", { name: "From a file…" }).click();
  const dogs = named(["ant", "Bee", "cat", "dog"]);
  await expect.poll(() => seenIn(card)).toEqual(expected(signed, dogs));
  await expect(classRows(page)).toHaveText([
    /ant\s*0/,
    /Bee\s*1/,
    /cat\s*2/,
    /dog\s*3/,
  ]);

  // Beside the file, and only with a yes over what is there.
  const beside = join(folder, "model.json.proxima.json");
  await card.getByRole("button", { name: /^Save answers/ }).click();
  await expect(card.getByRole("status")).toContainText("model.json.proxima.json"); // prettier-ignore
  const saved: unknown = JSON.parse(await readFile(beside, "utf8"));
  expect(saved).toMatchObject({
    format: "proxima-answers",
    answers: {
      preprocessing: { mean: [127.5, 127.5, 127.5] },
      labels: { kind: "list", labels: ["ant", "Bee", "cat", "dog"] },
    },
  });
  await writeFile(beside, "mine");
  await card.getByRole("button", { name: /^Save answers/ }).click();
  const question = page.getByRole("alertdialog");
  await expect(question).toContainText("Replace model.json.proxima.json?");
  await question.getByRole("button", { name: "Cancel" }).click();
  expect(await readFile(beside, "utf8")).toBe("mine");
  await card.getByRole("button", { name: /^Save answers/ }).click();
  await question.getByRole("button", { name: "Replace" }).click();
  await expect
    .poll(async () => readFile(beside, "utf8"))
    .toBe(JSON.stringify(saved, null, 2) + "\n");
  await rm(beside);
  await first.close();

  // After a restart, without the file beside it: the answers are remembered by the hash.
  const second = await launch();
  await ready(second.page);
  await expect(sheet(second.page)).toBeHidden();
  await second.page.getByRole("button", { name: "Network", exact: true }).click(); // prettier-ignore
  const main = second.page.getByRole("main");
  await expect(preprocessing(main).getByLabel("−1 to 1")).toBeChecked();
  await expect(origin(main, "Names of the classes")).toHaveText("your answer");
  expect(await axeFindings(second.page)).toEqual([]);
  await dropFiles(second.page, [picture]);
  await expect.poll(() => seenIn(main)).toEqual(expected(signed, dogs));

  // A copy elsewhere is the same network: no questions, only a line that leads to the card.
  await second.page.getByRole("button", { name: "Compare" }).click();
  await rename(folder, `${folder} again`);
  await dropFiles(second.page, [`${folder} again`]);
  const line = second.page.getByRole("status").filter({ hasText: "Opened" });
  await expect(line).toContainText("TF.js layers model · 6 × 6 · 4 classes"); // prettier-ignore
  await expect(sheet(second.page)).toBeHidden();
  await line.getByRole("button", { name: "Details" }).click();
  await expect(
    preprocessing(sheet(second.page)).getByLabel("−1 to 1"),
  ).toBeChecked();
  // Keys stay with what has the focus: Esc closes the sheet, nothing else.
  await sheet(second.page).getByRole("button", { name: "Close" }).focus();
  await second.page.keyboard.press("Escape");
  await expect(sheet(second.page)).toBeHidden();
});

test("an open size and numbers of one's own take effect at once; an answer that cannot be is refused in place", async ({
  proxima: { page },
  userData,
}) => {
  const folder = join(userData, "open");
  await writeTinyNetwork(folder, {
    size: null,
    edit: ({ modelTopology }) => {
      const { layers } = modelTopology.model_config.config;
      const conv = layers.find(({ name }) => name === "conv");
      // Nothing is left of a picture that is smaller than the kernel.
      if (conv) conv.config["padding"] = "valid";
    },
  });
  await ready(page);
  await dropFiles(page, [folder]);
  const card = sheet(page);
  await expect(origin(card, "Input size")).toHaveText("a guess");
  expect(await reachedByTab(page, card)).toEqual(
    expect.arrayContaining([
      "Keep",
      "0 to 1 p / 255",
      "Width of the input",
      "Height of the input",
      "From a file…",
      "Save answers beside the file",
      "Copy the hash",
      "Choose…",
    ]),
  );
  const width = card.getByRole("spinbutton", { name: "Width of the input" });
  const height = card.getByRole("spinbutton", { name: "Height of the input" });
  await width.fill("20");
  await height.fill("12");
  await height.press("Enter");
  await expect(chip(page, /20 × 12/)).toBeVisible({ timeout: 30_000 });
  await expect(origin(card, "Input size")).toHaveText("your answer");

  await height.fill("2");
  await height.press("Enter");
  const refusal = card.getByRole("alert");
  await expect(refusal).toContainText("The last answer stays.");
  await expect(refusal).toContainText(/conv/);
  await expect(chip(page, /20 × 12/)).toBeVisible();
  await expect(height).toHaveValue("12");
  await callMain(page, "settings.change", { theme: "light" });
  expect(await axeFindings(page)).toEqual([]);

  await preprocessing(card).getByLabel("Own numbers").check();
  await card.getByRole("button", { name: "BGR" }).click();
  const mean = card.getByRole("spinbutton", { name: "mean, blue" });
  await mean.fill("100");
  await mean.press("Enter");
  await expect(refusal).toBeHidden();
  await expect(origin(card, "Preprocessing")).toHaveText("your answer");
  const std = card.getByRole("spinbutton", { name: "std, red" });
  await std.fill("0");
  await std.press("Enter");
  await expect(card).toContainText("A std of 0 divides by zero.");
  await std.press("Escape");

  // The picture of the next run has the new shape.
  await card.getByRole("button", { name: "Close" }).click();
  await shortRun(page);
  expect(await sizesOf(page)).toEqual(new Array(12).fill([20, 12]));
});

/** What the Tab key comes to inside of the sheet, from its cross on. */
async function reachedByTab(page: Page, card: Locator): Promise<string[]> {
  await card.getByRole("button", { name: "Close" }).focus();
  const reached: string[] = [];
  for (;;) {
    await page.keyboard.press("Tab");
    const name = await card.evaluate((sheet) => {
      const { activeElement } = document;
      if (!activeElement || !sheet.contains(activeElement)) return null;
      const row = activeElement.closest("label");
      const text = row ?? activeElement;
      return (activeElement.getAttribute("aria-label") ?? text.textContent)
        .replaceAll(/\s+/g, " ")
        .trim();
    });
    if (name === null) return reached;
    reached.push(name);
  }
}

test("the names of the classes can be dropped on their place", async ({
  proxima: { page },
  userData,
}) => {
  const folder = await writeTinyNetwork(join(userData, "mine"));
  const names = join(userData, "names.json");
  await writeFile(names, JSON.stringify(["one", "two"]));
  await ready(page);
  await dropFiles(page, [folder]);
  const card = sheet(page);
  const group = card.getByRole("radiogroup", { name: "Names of the classes" });
  await expect(group.getByLabel("As they came with it")).toBeChecked({ timeout: 30_000 }); // prettier-ignore
  await group.scrollIntoViewIfNeeded();
  const box = await group.boundingBox();
  if (!box) throw new Error("no box");
  await dropFiles(page, [names], { x: box.x + 40, y: box.y + 12 });
  await expect(group.getByLabel("Own list")).toBeChecked();
  await expect(card).toContainText(
    "2 names for 4 classes: the last ones are called by their number.",
  );
  await expect(classRows(page)).toHaveText([
    /one/,
    /two/,
    /class 2/,
    /class 3/,
  ]);
  await group.getByLabel("As they came with it").check();
  await expect(classRows(page)).toHaveText(tinyLabels.map((label) => new RegExp(label))); // prettier-ignore
});
