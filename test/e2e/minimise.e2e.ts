/** Rows that are minimised, and what the window says of heads without classes that exclude each other. */
import { join } from "node:path";
import type { Page } from "@playwright/test";
import {
  writeSingleNetwork,
  writeSigmoidNetwork,
} from "../support/head-networks";
import { writeTinyNetwork } from "../support/tiny-network";
import { expect, test } from "./fixtures";
import { chip } from "./network-card";

const picked = (page: Page) =>
  page.getByRole("listbox", { name: /^Picked/ }).getByRole("option");
/** Where a look at it is wanted: PROXIMA_SHOTS=folder. */
async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env["PROXIMA_SHOTS"];
  if (!folder) return;
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: null });
}
const cell = (page: Page, row: number, column: number) =>
  page.getByRole("row").nth(row).getByRole("gridcell").nth(column);

async function run(page: Page, pictures: number): Promise<void> {
  const close = page.getByRole("button", { name: "Close", exact: true });
  if (await close.isVisible()) await close.click();
  await page.getByRole("tab", { name: /^Run/ }).click();
  const steps = page.getByRole("spinbutton", { name: "Steps", exact: true });
  await steps.fill("12");
  await steps.press("Enter");
  await page.getByRole("tab", { name: "Picture" }).click();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByText(`Done: ${pictures} pictures`)).toHaveCount(1, {
    timeout: 60_000,
  });
}

test("a picked row is minimised by key and by click, taken back, run, and comes back", async ({
  launch,
  userData,
}) => {
  const folder = await writeTinyNetwork(join(userData, "net"), {
    card: { name: "Tiny" },
  });
  const first = await launch({ args: [folder] });
  const { page } = first;
  await expect(chip(page, /^Tiny/)).toBeVisible({ timeout: 30_000 });
  const list = page.getByRole("listbox", { name: "Picked classes" });
  await expect(picked(page)).toHaveText([
    /^\s*ant\b/,
    /^\s*Bee\b/,
    /^\s*cat\b/,
    /^\s*cat\b/,
  ]);

  await list.focus();
  await list.press("ArrowDown");
  await list.press("-");
  await expect(picked(page).first()).toHaveText(/^\s*−ant\b/);
  await expect(page.getByText("Picked −ant instead.")).toBeVisible();
  await page.keyboard.press("ControlOrMeta+z");
  await expect(picked(page).first()).toHaveText(/^\s*ant\b/);

  await list.focus();
  await list.press("_");
  await expect(picked(page)).toHaveText([/^\s*ant\b/, /^\s*−ant\b/, /^\s*Bee\b/, /^\s*cat\b/, /^\s*cat\b/]); // prettier-ignore
  await picked(page).nth(2).hover();
  await picked(page)
    .nth(2)
    .getByTitle(/^Minimise instead/)
    .click();
  await expect(picked(page).nth(2)).toHaveText(/^\s*−Bee\b/);
  await shot(page, "picked");

  await run(page, 15);
  // rows out of sight are not in the page
  const heads = page.getByRole("rowheader");
  for (const [row, text] of [/^\s*ant\b/, /^\s*−ant\b/, /^\s*−Bee\b/].entries())
    await expect(heads.nth(row)).toHaveText(text);
  // what is maximised is top-1 or not; what is minimised has the probability of its class
  await expect(cell(page, 1, 0)).toContainText(/top-1/);
  await expect(cell(page, 2, 0)).not.toContainText(/top-1/);
  await expect(cell(page, 2, 0)).toContainText(/p\s*\d+\.\d %/);
  await cell(page, 2, 0).click();
  await shot(page, "minimised");
  await first.close();

  const again = await launch();
  await expect(picked(again.page)).toHaveText(
    [/^\s*ant\b/, /^\s*−ant\b/, /^\s*−Bee\b/, /^\s*cat\b/, /^\s*cat\b/],
    { timeout: 30_000 },
  );
});

test("a single sigmoid has its negative, and no top-1", async ({
  launch,
  userData,
}) => {
  const folder = await writeSingleNetwork(join(userData, "one"), "sigmoid");
  const { page } = await launch({ args: [folder] });
  await expect(chip(page, /1 class\b/)).toBeVisible({ timeout: 30_000 });
  const close = page.getByRole("button", { name: "Close", exact: true });
  if (await close.isVisible()) await close.click();
  await page.getByRole("button", { name: "Also its negative" }).click();
  await expect(picked(page)).toHaveText([/^\s*cat\b/, /^\s*−cat\b/]);
  await run(page, 6);
  await cell(page, 1, 0).click();
  const panel = page.getByRole("tabpanel");
  await expect(panel).toContainText("What the network sees");
  await expect(panel).toContainText("not cat");
  await expect(page.locator("body")).not.toContainText("top-1");
  await shot(page, "one-sigmoid");
  await page.keyboard.press("Space");
  await expect(page.getByTestId("large-score").first()).toBeVisible();
  await expect(page.locator("body")).not.toContainText("top-1");
  await shot(page, "one-sigmoid-large");
});

test("several sigmoids have a probability each", async ({
  launch,
  userData,
}) => {
  const folder = await writeSigmoidNetwork(join(userData, "several"));
  const { page } = await launch({ args: [folder] });
  await expect(chip(page, /4 classes/)).toBeVisible({ timeout: 30_000 });
  await run(page, 12);
  await expect(page.getByRole("gridcell").filter({ hasText: /p\s*\d+\.\d %/ })).toHaveCount(12); // prettier-ignore
  await expect(page.locator("body")).not.toContainText("top-1");
});

test("a plain number has neither probability nor top-1", async ({
  launch,
  userData,
}) => {
  const folder = await writeSingleNetwork(join(userData, "number"), "linear");
  const { page } = await launch({ args: [folder] });
  await expect(chip(page, /1 output\b/)).toBeVisible({ timeout: 30_000 });
  await expect(
    page.getByRole("heading", { name: "Outputs", exact: true }),
  ).toBeVisible();
  await run(page, 3);
  await cell(page, 1, 0).click();
  await expect(page.getByRole("tabpanel")).toContainText("Largest outputs");
  for (const word of ["top-1", "probability", "Classes"])
    await expect(page.locator("body")).not.toContainText(word);
  await shot(page, "number");
});
