/** How images climb where nobody says: measured at the first run, kept, and skipped where it is not wanted. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { writeTinyNetwork } from "../support/tiny-network";
import { appFolder, expect, test } from "./fixtures";
import { lastGallery, runToEnd } from "./last-gallery";
import { chip, ready } from "./network-card";

const measured =
  /^Measured for this network: (\d+) steps of ([\d.]+), (blur ([\d.]+) px|no blur), (rotation ±([\d.]+)°|no rotation)\.$/;
const note = (page: Page): Locator => page.locator(".recipe").getByRole("status"); // prettier-ignore
const field = (page: Page, name: string): Locator =>
  page.getByRole("spinbutton", { name, exact: true });

async function openRunPanel(page: Page): Promise<void> {
  const close = page.getByRole("button", { name: "Close", exact: true });
  if (await close.isVisible()) await close.click();
  await page.getByRole("tab", { name: /^Run/ }).click();
}

/** Counts from now on how often the foot of the window says that it measures. */
async function countMeasuring(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const counter = globalThis as unknown as { measurements: number };
    counter.measurements = 0;
    let was = false;
    new MutationObserver(() => {
      const is = document.querySelector("footer")?.textContent.includes("measuring") === true; // prettier-ignore
      if (is && !was) counter.measurements++;
      was = is;
    }).observe(document.body, { subtree: true, childList: true });
  });
  return () =>
    page.evaluate(
      () => (globalThis as unknown as { measurements: number }).measurements,
    );
}

test("a network without a card is measured at its first run, never again, and the numbers are there after a restart", async ({
  launch,
  userData,
}) => {
  const folder = await writeTinyNetwork(join(userData, "net"));
  const first = await launch({ args: [folder] });
  const { page } = first;
  await expect(chip(page, /4 classes/)).toBeVisible({ timeout: 30_000 });
  await openRunPanel(page);
  await expect(note(page)).toHaveText(
    "The first run measures step size, blur and rotation for this network.",
  );
  const measurements = await countMeasuring(page);
  const { gallery } = await runToEnd(page, 12);
  await expect(note(page)).toHaveText(measured);
  expect(await measurements()).toBe(1);
  const text = (await note(page).innerText()).trim();
  const [, steps = "", stepSize = "", , blur = "0", , rotate = "0"] =
    measured.exec(text) ?? [];
  // what is said is what is set, and what was run
  await expect(field(page, "Steps")).toHaveValue(steps);
  await expect(field(page, "Step size")).toHaveValue(stepSize);
  await expect(field(page, "Blur")).toHaveValue(blur);
  await expect(field(page, "Rotation")).toHaveValue(rotate);
  expect(gallery.request.settings).toMatchObject({
    steps: Number(steps),
    stepSize: Number(stepSize),
    regularization: { blur: Number(blur), rotate: Number(rotate) },
  });

  await runToEnd(page, 12);
  expect(await measurements()).toBe(1);

  // the paper's plain step is one click away, and the measured numbers another; on every visit
  for (const round of [1, 2]) {
    await page.getByRole("button", { name: "Library" }).click();
    await page.getByRole("button", { name: "Compare" }).click();
    await openRunPanel(page);
    await expect(note(page), `visit ${round}`).toHaveText(text);
    await page.getByRole("button", { name: "Paper’s plain step" }).click();
    await expect(field(page, "Steps")).toHaveValue("500");
    await expect(field(page, "Step size")).toHaveValue("5");
    await expect(field(page, "Blur")).toHaveValue("0");
    await page.getByRole("button", { name: "Use measured" }).click();
    await expect(field(page, "Step size")).toHaveValue(stepSize);
  }
  await first.close();

  const second = await launch();
  await ready(second.page);
  await openRunPanel(second.page);
  await expect(note(second.page)).toHaveText(text);
  await expect(field(second.page, "Step size")).toHaveValue(stepSize);
});

test("measuring can be skipped, and the run goes on with constants", async ({
  launch,
  userData,
}) => {
  // the bundled network without its card's numbers: measuring it takes a while
  const folder = join(userData, "net");
  const bundled = join(appFolder, "resources/networks/caltech101-resnet18");
  await cp(bundled, folder, { recursive: true });
  const path = join(folder, "card.json");
  const card = JSON.parse(await readFile(path, "utf8")) as { name?: string; ascent?: object }; // prettier-ignore
  delete card.ascent;
  await writeFile(path, JSON.stringify({ ...card, name: "Without numbers" }));
  const { page } = await launch({ args: [folder] });
  await expect(chip(page, /^Without numbers/)).toBeVisible({ timeout: 30_000 });
  await openRunPanel(page);
  const stepSize = await field(page, "Step size").inputValue();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByRole("progressbar", { name: "Measuring" })).toHaveCount(1); // prettier-ignore
  await page.getByRole("button", { name: "Use constants instead" }).click();
  await expect(page.getByText(/^0 of 24 done$/)).toBeVisible({ timeout: 30_000 }); // prettier-ignore
  await expect(note(page)).toHaveText(/^Constants: .*\. Measuring was cancelled\.$/); // prettier-ignore
  await expect(field(page, "Step size")).toHaveValue(stepSize);
  await page
    .getByRole("button", { name: "Stop", exact: false })
    .first()
    .click();
  await expect(page.getByRole("button", { name: /^Run 24/ })).toBeEnabled({ timeout: 30_000 }); // prettier-ignore
  const last = await lastGallery(page);
  expect(last?.gallery.request.settings.stepSize).toBe(Number(stepSize));
});
