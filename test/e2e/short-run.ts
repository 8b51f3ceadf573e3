/** A run of the tiny network's four classes, and what it leaves in the grid. */
import { expect, type Page } from "@playwright/test";

/** Width and height in values of every tile's picture. */
export async function sizesOf(page: Page): Promise<number[][]> {
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
export async function shortRun(page: Page): Promise<void> {
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
