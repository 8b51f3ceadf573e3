/** A network from disk: what is asked about it, what a picture says, what is remembered, and what is refused. */
import { readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { tinyLabels, writeTinyNetwork } from "../support/tiny-network";
import { answerDialogs, shownDialogs } from "./dialogs";
import { dropFiles } from "./drop";
import { callMain } from "./engine-calls";
import { expect, test } from "./fixtures";
import { seenIn } from "./reference-check";
import { axeFindings } from "./stored-gallery";
import {
  asShare,
  testPixels,
  tinyTop,
  writePng,
  type Prepare,
} from "./tiny-reference";

const runButton = (page: Page) =>
  page.getByRole("button", { name: /^Run \d*/ }).first();
const chip = (page: Page, name: string | RegExp) =>
  page.locator("header").getByRole("button", { name });
const sheet = (page: Page) =>
  page.getByRole("complementary", { name: "The network" });
const preprocessing = (inside: Locator | Page) =>
  inside.getByRole("radiogroup", { name: "Preprocessing" });

/** The rows of the class picker. */
const options = (page: Page) =>
  page
    .getByRole("listbox", { name: "Classes", exact: true })
    .getByRole("option");

/** The answer's origin, shown at the head of its question. */
const origin = (inside: Locator | Page, title: string) =>
  inside.getByRole("region", { name: title }).locator(".origin");

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
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
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
  await expect(origin(card, "Preprocessing")).toHaveText("remembered");
  await answerDialogs(first.app, { open: [names] });
  await card.getByRole("button", { name: "From a file…" }).click();
  const dogs = named(["ant", "Bee", "cat", "dog"]);
  await expect.poll(() => seenIn(card)).toEqual(expected(signed, dogs));
  await expect(options(page)).toHaveText([
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
  await expect(runButton(second.page)).toBeEnabled({ timeout: 30_000 });
  await expect(sheet(second.page)).toBeHidden();
  await second.page.getByRole("button", { name: "Network", exact: true }).click(); // prettier-ignore
  const main = second.page.getByRole("main");
  await expect(preprocessing(main).getByLabel("−1 to 1")).toBeChecked();
  await expect(origin(main, "Names of the classes")).toHaveText("remembered");
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
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
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
  await expect(origin(card, "Input size")).toHaveText("remembered");

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
  await expect(origin(card, "Preprocessing")).toHaveText("remembered");
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

/** Width and height in values of every tile's picture. */
async function sizesOf(page: Page): Promise<number[][]> {
  return page
    .getByRole("gridcell")
    .locator("canvas")
    .evaluateAll((all) =>
      all.map((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        return [width, height];
      }),
    );
}

/** Every class, a few steps. */
async function shortRun(page: Page): Promise<void> {
  await page.getByRole("tab", { name: /^Run/ }).click();
  const steps = page.getByRole("spinbutton", { name: "Steps", exact: true });
  await steps.fill("4");
  await steps.press("Enter");
  await page.getByRole("tab", { name: "Picture" }).click();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByText("Done: 12 pictures")).toHaveCount(1, {
    timeout: 60_000,
  });
}

test("a grey network that is not square, without a rectifier, runs, and says what has no effect", async ({
  proxima: { page },
  userData,
}) => {
  const folder = join(userData, "grey");
  await writeTinyNetwork(folder, {
    channels: 1,
    edit: ({ modelTopology }) => {
      const { layers } = modelTopology.model_config.config;
      const [image, conv] = layers;
      if (!image || !conv) throw new Error("The tiny network has changed.");
      image.config["batch_input_shape"] = [null, 8, 12, 1];
      conv.config["activation"] = "sigmoid";
    },
  });
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await dropFiles(page, [folder]);
  await expect(chip(page, /12 × 8 × 1/)).toBeVisible({ timeout: 30_000 });
  await expect(
    page.getByText(
      "ProxyGrad and Leaky ReLU have no effect here: 0 of 1 activations are ReLU. All columns show the same.",
    ),
  ).toBeVisible();
  await sheet(page).getByRole("button", { name: "Close" }).click();
  await shortRun(page);
  const tiles = page.getByRole("gridcell").locator("canvas");
  const painted = await tiles.evaluateAll((all) =>
    all.map((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas
        .getContext("2d")
        ?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      const grey = [...data].every(
        (value, i) => i % 4 === 3 || value === data[i - (i % 4)],
      );
      return { size: [canvas.width, canvas.height], grey, url: canvas.toDataURL() }; // prettier-ignore
    }),
  );
  expect(painted).toHaveLength(12);
  for (const row of [0, 3, 6, 9]) {
    const [relu, ...others] = painted.slice(row, row + 3);
    expect(relu).toMatchObject({ size: [12, 8], grey: true });
    for (const other of others) expect(other.url).toBe(relu?.url);
  }
  expect(new Set(painted.map(({ url }) => url)).size).toBe(4);
});

test("pictures of seven channels show the first three, and that is said", async ({
  proxima: { page },
  userData,
}) => {
  const folder = join(userData, "seven");
  await writeTinyNetwork(folder, { channels: 7 });
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await dropFiles(page, [folder]);
  const text = "The input has 7 channels: pictures show the first three, as red, green and blue."; // prettier-ignore
  await expect(page.getByText(text).first()).toBeVisible({ timeout: 30_000 });
  const card = sheet(page);
  await expect(preprocessing(card).getByRole("radio")).toHaveCount(3);
  await preprocessing(card).getByLabel("Own numbers").check();
  const mean = card.getByRole("textbox", { name: "mean" });
  await mean.fill("1, 2");
  await mean.press("Enter");
  await expect(card).toContainText("One number is needed, or 7; these are 2.");
  await mean.fill("90");
  await mean.press("Enter");
  await expect(origin(card, "Preprocessing")).toHaveText("remembered");
  await card.getByRole("button", { name: "Close" }).click();
  await shortRun(page);
  expect(await sizesOf(page)).toEqual(new Array(12).fill([6, 6]));
});

test("a refused file says what was found, what is supported and what to do; the open network stays", async ({
  proxima: { app, page },
  userData,
}) => {
  const file = join(userData, "broken.safetensors");
  await writeFile(file, "\x10\0\0\0\0\0\0\0{broken header!!");
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await dropFiles(page, [file]);
  const refusal = page.getByRole("dialog", {
    name: "broken.safetensors cannot be opened",
  });
  await expect(refusal).toContainText("damaged-file");
  await expect(refusal).toContainText(/header/i);
  await expect(refusal).toContainText(/Proxima opens ONNX, PyTorch/);
  await expect(refusal).toContainText("ResNet-18 (half width), Caltech-101 stays open."); // prettier-ignore
  expect(await axeFindings(page)).toEqual([]);
  await refusal.getByRole("button", { name: "Copy the message" }).click();
  const copied = await app.evaluate(({ clipboard }) => clipboard.readText());
  expect(copied).toMatch(
    /^broken\.safetensors cannot be opened \(damaged-file\)\. .*header/,
  );
  const other = await writeTinyNetwork(join(userData, "other"));
  await answerDialogs(app, { open: [join(other, "model.json")] });
  await refusal.getByRole("button", { name: "Open another…" }).click();
  await expect(refusal).toBeHidden();
  await expect(chip(page, /^\S+ · 6 × 6/)).toBeVisible({ timeout: 30_000 });
  expect(await shownDialogs(app)).toMatchObject([{ kind: "open" }]);
});

test("an opening shows its stage and size and can be stopped; where the engine is lost it can be tried again", async ({
  launch,
  userData,
}) => {
  const folder = await writeWideNetwork(join(userData, "mine"));
  const proxima = await launch();
  const { page } = proxima;
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  const engine = await proxima.engine();
  const opening = page.getByRole("region", { name: "Opening a network" });
  const drop = async () => {
    await dropFiles(page, [folder]);
    // Seen at every frame: it is soon over.
    await page.waitForFunction(() =>
      document
        .querySelector("[aria-label='Opening a network']")
        ?.textContent.includes("of 260 MB"),
    );
    // From here on it goes no further, and can be looked at.
    process.kill(engine, "SIGSTOP");
  };
  await drop();
  await expect(opening).toContainText("Opening mine");
  await expect(opening.getByRole("progressbar")).toBeVisible();
  await opening.getByRole("button", { name: "Stop" }).click();
  await expect(opening).toBeHidden();
  process.kill(engine, "SIGCONT");
  await expect(chip(page, /^ResNet-18/)).toBeVisible();

  await drop();
  process.kill(engine, "SIGKILL");
  const refusal = page.getByRole("dialog", { name: "mine cannot be opened" });
  await expect(refusal).toContainText("engine-gone");
  await writeTinyNetwork(folder);
  await refusal.getByRole("button", { name: "Restart" }).click();
  await refusal.getByRole("button", { name: "Try again" }).click();
  await expect(refusal).toBeHidden();
  await expect(chip(page, /6 × 6/)).toBeVisible({ timeout: 30_000 });
});

/** Five million units in between: so large that its opening can be watched, and written in no time. */
async function writeWideNetwork(folder: string): Promise<string> {
  const units = 5_000_000;
  await writeTinyNetwork(folder, {
    edit: ({ modelTopology, weightsManifest }) => {
      const { layers } = modelTopology.model_config.config;
      const logits = layers.pop();
      const [conv, bias, kernel, last] = weightsManifest[0]?.weights ?? [];
      if (!logits || !conv || !bias || !kernel || !last || !weightsManifest[0])
        throw new Error("The tiny network has changed.");
      layers.push({
        ...logits,
        name: "wide",
        config: { ...logits.config, name: "wide", units, activation: "relu" },
        inbound_nodes: [[["pool", 0, 0, {}]]],
      });
      layers.push({ ...logits, inbound_nodes: [[["wide", 0, 0, {}]]] });
      weightsManifest[0].weights = [
        conv,
        bias,
        { name: "wide/kernel", shape: [8, units], dtype: "float32" },
        { name: "wide/bias", shape: [units], dtype: "float32" },
        { ...kernel, shape: [units, 4] },
        last,
      ];
    },
  });
  const floats = 3 * 3 * 3 * 8 + 8 + 8 * units + units + units * 4 + 4;
  // Zeros that take no place on the disk.
  await truncate(join(folder, "weights.bin"), floats * 4);
  return folder;
}

test("a network that moved is asked for, and found again", async ({
  launch,
  userData,
}) => {
  const folder = join(userData, "mine");
  await writeTinyNetwork(folder, { card: { name: "My own" } });
  const first = await launch();
  await expect(runButton(first.page)).toBeEnabled({ timeout: 30_000 });
  await dropFiles(first.page, [folder]);
  await expect(chip(first.page, /^My own/)).toBeVisible({ timeout: 30_000 });
  await first.close();
  const moved = join(userData, "moved");
  await rename(folder, moved);

  const second = await launch();
  const { app, page } = second;
  const alert = page.getByRole("alert").filter({ hasText: "My own" });
  await expect(alert).toContainText("cannot be opened again", { timeout: 30_000 }); // prettier-ignore
  await expect(alert.getByRole("button", { name: "Find it…" })).toBeVisible();
  await callMain(page, "settings.change", { theme: "light" });
  await page.getByRole("button", { name: "Network", exact: true }).click();
  const networks = page.getByRole("list", { name: "Networks", exact: true });
  const row = networks.getByRole("listitem").filter({ hasText: "My own" });
  await expect(row).toContainText("not found at its place");
  expect(await axeFindings(page)).toEqual([]);
  await answerDialogs(app, { open: [join(moved, "model.json")] });
  await row.getByRole("button", { name: "Find My own" }).click();
  await expect(chip(page, /^My own/)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText("My own was found at its new place.")).toBeVisible(); // prettier-ignore
  await expect(row).not.toContainText("not found");
  await second.close();

  const third = await launch();
  await expect(chip(third.page, /^My own/)).toBeVisible({ timeout: 30_000 });
  await expect(runButton(third.page)).toBeEnabled({ timeout: 30_000 });
});

test("the names of the classes can be dropped on their place", async ({
  proxima: { page },
  userData,
}) => {
  const folder = await writeTinyNetwork(join(userData, "mine"));
  const names = join(userData, "names.json");
  await writeFile(names, JSON.stringify(["one", "two"]));
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await dropFiles(page, [folder]);
  const card = sheet(page);
  const group = card.getByRole("radiogroup", { name: "Names of the classes" });
  await expect(group.getByLabel("As they came with it")).toBeChecked({ timeout: 30_000 }); // prettier-ignore
  const box = await group.boundingBox();
  if (!box) throw new Error("no box");
  await dropFiles(page, [names], { x: box.x + 40, y: box.y + 12 });
  await expect(group.getByLabel("Own list")).toBeChecked();
  await expect(card).toContainText(
    "2 names for 4 classes: the last ones are called by their number.",
  );
  await expect(options(page)).toHaveText([/one/, /two/, /class 2/, /class 3/]);
  await group.getByLabel("As they came with it").check();
  await expect(options(page)).toHaveText(tinyLabels.map((label) => new RegExp(label))); // prettier-ignore
});
