import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator } from "@playwright/test";
import sharp from "sharp";
import { answerDialogs } from "./dialogs";
import { expect, test } from "./fixtures";
import { inBothThemes, openExported, openLabPage, shoot } from "./lab-page";
import { axeFindings } from "./stored-gallery";

const edge = 24;

/** A folder of two classes that a small network tells apart within an epoch: stripes across, and upright. */
async function writeClasses(folder: string, each: number): Promise<void> {
  for (const label of ["across", "upright"]) {
    await mkdir(join(folder, label), { recursive: true });
    for (let k = 0; k < each; k++) {
      const pixels = Buffer.alloc(edge * edge * 3);
      for (let y = 0; y < edge; y++)
        for (let x = 0; x < edge; x++) {
          const along = label === "across" ? y : x;
          const value = (along + k) % 6 < 3 ? 40 + k : 215 - k;
          pixels.fill(value, (y * edge + x) * 3, (y * edge + x) * 3 + 3);
        }
      await sharp(pixels, { raw: { width: edge, height: edge, channels: 3 } })
        .png()
        .toFile(join(folder, label, `${k}.png`));
    }
  }
}

async function set(content: Locator, name: string, value: string) {
  const field = content.getByRole("spinbutton", { name, exact: true });
  await field.fill(value);
  await field.press("Enter");
}

/** A plan that takes seconds. */
async function layOut(content: Locator, epochs: number): Promise<void> {
  await content
    .getByRole("combobox", { name: "Network" })
    .selectOption("Small CNN");
  await set(content, "Picture size", String(edge));
  await set(content, "Epochs", String(epochs));
  await set(content, "Batch", "8");
  await content.getByText("More settings").click();
  await content
    .getByRole("group", { name: "Crop" })
    .getByRole("button", { name: "none" })
    .click();
  await content.getByRole("checkbox", { name: "Flip" }).uncheck();
  await set(content, "Validation share", "0.25");
}

async function chooseData(
  content: Locator,
  app: Parameters<typeof answerDialogs>[0],
  folder: string,
): Promise<void> {
  await answerDialogs(app, { open: [folder] });
  await content.getByRole("button", { name: "Folder…" }).click();
  await expect(content.getByText("2 classes")).toBeVisible();
}

test("a folder is trained on, its curves and numbers are shown, and the best network opens", async ({
  proxima,
  userData,
}) => {
  const { app, page } = proxima;
  const folder = join(userData, "stripes");
  await writeClasses(folder, 20);
  await writeFile(join(folder, "across", "broken.png"), "no picture");
  const content = await openLabPage(page, "Training");
  await expect(
    content.getByRole("button", { name: "Start training" }),
  ).toBeDisabled();
  await shoot(page, "training-empty");
  expect(await axeFindings(page)).toEqual([]);

  await chooseData(content, app, folder);
  await expect(content.getByText("41 pictures")).toBeVisible();
  await layOut(content, 4);
  const seeds = content.getByRole("textbox", { name: "Seeds" });
  await seeds.fill("1 2");
  await seeds.press("Enter");
  await content.getByRole("textbox", { name: "Backward slope" }).fill("0.2");
  await content.getByRole("button", { name: "Add" }).click();
  await expect(content.getByRole("alert")).toContainText("given once");
  await content.getByRole("textbox", { name: "Backward slope" }).fill("0.1");
  await content.getByRole("button", { name: "Add" }).click();
  await expect(content.getByText("ProxyGrad 0.1")).toBeVisible();
  await content.getByRole("button", { name: "Without ProxyGrad 0.1" }).click();
  await expect(content.getByText("4 runs of 4 epochs.")).toBeVisible();
  await shoot(page, "training-draft");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });

  await content.getByRole("button", { name: "Start training" }).click();
  // What cannot be read is said before anything is trained on.
  await expect(
    content.getByText("1 picture could not be read and is left out."),
  ).toBeVisible();
  await expect(content.getByText("4 runs of 4 epochs.")).toBeVisible();
  await shoot(page, "training-ready");
  await content.getByRole("button", { name: "Start", exact: true }).click();
  // The best network opens in Compare by itself.
  await expect(page.getByRole("banner")).toContainText("24 × 24", {
    timeout: 60_000,
  });
  await expect(page.getByRole("banner")).toContainText("2 classes");
  await shoot(page, "training-opened");
  await openLabPage(page, "Training");
  await expect(content.getByText("All 4 runs are done.")).toBeVisible();
  await shoot(page, "training-done");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });
  const rows = content
    .getByRole("table", { name: "Accuracy by method" })
    .locator("tbody tr");
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText("2 of 2");
  const runs = content.getByRole("table", { name: "Runs" }).locator("tbody tr");
  await expect(runs).toHaveCount(4);
  await expect(runs.first()).toContainText("4 of 4");

  const json = join(userData, "training.json");
  await answerDialogs(app, { save: json });
  await page.getByRole("button", { name: "Export page…" }).click();
  await page.getByRole("menuitem", { name: /JSON/ }).click();
  await expect(page.getByText("Wrote training.json.")).toBeVisible();
  const data = JSON.parse(await readFile(json, "utf8")) as {
    table: { validation: { mean: number; count: number } }[];
    runs: { best: { validation: { accuracy: number } } }[];
  };
  expect(data).toMatchObject({ data: { leftOut: 1 }, plan: { epochs: 4 } });
  // The mean that is shown is the mean of the runs.
  const mean = data.table[0]?.validation.mean ?? NaN;
  const accuracies = data.runs.map(({ best }) => best.validation.accuracy);
  expect(mean).toBeCloseTo(((accuracies[0] ?? 0) + (accuracies[1] ?? 0)) / 2, 12); // prettier-ignore
  await expect(rows.first()).toContainText(`${(mean * 100).toFixed(1)} %`);

  const html = join(userData, "training.html");
  await answerDialogs(app, { save: html });
  await page.keyboard.press("ControlOrMeta+e");
  await expect(page.getByText("Wrote training.html.")).toBeVisible();
  const seen = await openExported(app, html);
  expect(seen.text).toContain("ProxyGrad 0.2");
  expect(seen.text).not.toContain("New with this plan");
  expect(seen.tooWide).toBe(false);

  // By hand, it goes back to Compare.
  await content.getByRole("button", { name: "Open the best" }).click();
  await expect(
    page.getByRole("button", { name: "Run", exact: false }).first(),
  ).toBeEnabled();
  // It is there again after the engine was lost.
  process.kill(await proxima.engine(), "SIGKILL");
  await page.getByRole("button", { name: "Restart" }).click();
  await expect(page.getByRole("banner")).toContainText("24 × 24");
  await expect(
    page.getByRole("button", { name: "Run", exact: false }).first(),
  ).toBeEnabled();

  // An engine that has forgotten it opens it again from the chip.
  const chip = page
    .getByRole("banner")
    .getByRole("button", { name: "2 classes" });
  await chip.click();
  await page
    .getByRole("list", { name: "Networks" })
    .getByRole("button", { name: "bundled" })
    .click();
  await expect(page.getByRole("banner")).toContainText("101 classes");
  process.kill(await proxima.engine(), "SIGKILL");
  await page.getByRole("button", { name: "Restart" }).click();
  await page
    .getByRole("banner")
    .getByRole("button", { name: "101 classes" })
    .click();
  const trained = page.getByRole("list", { name: "Trained here" });
  await expect(trained.getByRole("button")).toHaveCount(1);
  await shoot(page, "training-again");
  await trained.getByRole("button").click();
  await expect(page.getByRole("banner")).toContainText("2 classes");
});

test("a pause keeps every run, another start of the app goes on, and a run is stopped with its best", async ({
  launch,
  userData,
}) => {
  const folder = join(userData, "stripes");
  await writeClasses(folder, 24);
  const first = await launch();
  let content = await openLabPage(first.page, "Training");
  await chooseData(content, first.app, folder);
  await layOut(content, 400);
  await content.getByRole("button", { name: "Start training" }).click();
  await expect(content.getByText(/^Run 1 of 2 · epoch [2-9]/)).toBeVisible({
    timeout: 30_000,
  });
  await shoot(first.page, "training-running");
  await expect(
    first.page.getByRole("button", { name: "Training , running" }),
  ).toBeVisible();
  await content.getByRole("button", { name: "Pause" }).click();
  await expect(content.getByText(/^Paused: 0 of 2 runs/)).toBeVisible();
  await shoot(first.page, "training-paused");
  await first.close();

  const second = await launch();
  content = await openLabPage(second.page, "Training");
  await expect(content.getByText(/^Paused: 0 of 2 runs/)).toBeVisible();
  await content.getByRole("button", { name: "Resume" }).click();
  await expect(content.getByText(/^Run 1 of 2 · epoch/)).toBeVisible();
  await content
    .getByRole("button", { name: "Stop ReLU, seed 1 and keep its best" })
    .click();
  await expect(content.getByText(/^Run 2 of 2 · epoch/)).toBeVisible();
  const runs = content.getByRole("table", { name: "Runs" }).locator("tbody tr");
  await expect(runs.first()).toContainText("stopped");
  process.kill(await second.engine(), "SIGKILL");
  await expect(content.getByRole("alert")).toContainText("last checkpoint");
  await shoot(second.page, "training-lost");
  await second.page.getByRole("button", { name: "Restart" }).click();
  await content.getByRole("button", { name: "Resume" }).click();
  await expect(content.getByText(/^Run 2 of 2 · epoch/)).toBeVisible();
  await second.page.keyboard.press("Escape");
  await expect(content.getByText(/^Paused: 1 of 2 runs/)).toBeVisible();

  await content.getByRole("button", { name: /^Delete the training/ }).click();
  await expect(
    content.getByRole("button", { name: "Start training" }),
  ).toBeVisible();
  await second.page.getByRole("button", { name: "Undo" }).click();
  await expect(content.getByText(/^Paused: 1 of 2 runs/)).toBeVisible();
});
