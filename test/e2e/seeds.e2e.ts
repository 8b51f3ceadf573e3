/** Several seeds a class: the best picture, the spread, the win rate, and every seed in the large view. */
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { runToEnd } from "./last-gallery";
import { chip } from "./network-card";
import { writeTinyNetwork } from "../support/tiny-network";

test("two seeds: tiles show the best one, the spread and the win rate, and the large view both", async ({
  launch,
  userData,
}) => {
  const folder = await writeTinyNetwork(join(userData, "net"), {
    card: { name: "Tiny", ascent: { stepSize: 1, blur: 0.5 } },
  });
  const first = await launch({ args: [folder] });
  const { page } = first;
  await expect(chip(page, /^Tiny/)).toBeVisible({ timeout: 30_000 });
  const close = page.getByRole("button", { name: "Close", exact: true });
  if (await close.isVisible()) await close.click();
  await page.getByRole("tab", { name: /^Run/ }).click();
  for (const [name, value] of [
    ["Steps", "20"],
    ["Number of seeds", "2"],
  ] as const) {
    const field = page.getByRole("spinbutton", { name, exact: true });
    await field.fill(value);
    await field.press("Enter");
  }
  await expect(page.getByRole("button", { name: /^Run 24/ })).toBeVisible();
  await page.getByRole("tab", { name: "Picture" }).click();
  await runToEnd(page, 24);

  const cell = (row: number, column: number) =>
    page.getByRole("row").nth(row).getByRole("gridcell").nth(column);
  const spread = /\d ± \d/;
  await expect(page.getByRole("row").first()).toContainText("best of 2 seeds, 1 to 2"); // prettier-ignore
  await expect(cell(1, 1).locator(".line")).toHaveText(spread);
  await expect(cell(1, 1).locator(".seeds")).toHaveText(/^all −?[\d.]+ ± [\d.]+$/); // prettier-ignore
  await expect(cell(1, 1).locator(".won")).toHaveText(/^won [012] of 2$/);
  await expect(cell(1, 1).locator(".status")).toHaveText(/^seed [12]$/);
  // the first column has nothing to win against
  await expect(cell(1, 0).locator(".won")).toHaveText("");
  const best = await cell(1, 1).locator(".score").innerText();
  await cell(1, 1).click();
  await expect(page.getByRole("tabpanel")).toContainText("mean over 2 seeds");

  await page.keyboard.press("Space");
  const large = page.getByRole("dialog");
  const seed = large.getByTestId("large-seed");
  const score = large.getByTestId("large-score");
  await expect(seed).toContainText(", best");
  await expect(score).toContainText(best);
  const bestSeed = await seed.innerText();
  const pixels = () =>
    large
      .locator("canvas")
      .first()
      .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  const before = await pixels();
  const scoreBefore = (await score.innerText()).trim();
  await large.getByRole("button", { name: "Next seed" }).click();
  await expect(seed).not.toContainText("best");
  await expect.poll(pixels).not.toBe(before);
  const other = (await score.innerText()).trim();
  expect(Number.parseFloat(other.replace("−", "-"))).toBeLessThanOrEqual(
    Number.parseFloat(scoreBefore.replace("−", "-")),
  );
  // from the last on at the first
  await large.getByRole("button", { name: "Next seed" }).click();
  await expect.poll(() => seed.innerText()).toBe(bestSeed);
  await expect.poll(pixels).toBe(before);
  await page.keyboard.press("Escape");
  const shown = await figures(page);
  for (const _ of [1, 2]) {
    await page.getByRole("button", { name: "Library" }).click();
    await page.getByRole("button", { name: "Compare" }).click();
    await expect.poll(() => figures(page)).toEqual(shown);
  }
  await first.close();

  const second = await launch();
  await expect.poll(() => figures(second.page), { timeout: 30_000 }).toEqual(shown); // prettier-ignore
});

/** What stands beside the second picture of the first row. */
async function figures(page: Page): Promise<string[]> {
  const tile = page.getByRole("row").nth(1).getByRole("gridcell").nth(1);
  const parts = ["line", "difference", "top1", "status", "seeds", "won"];
  const texts = await Promise.all(
    parts.map((part) => tile.locator(`.${part}`).allInnerTexts()),
  );
  return texts.flat();
}
