/** What the tests of the Lab's pages share. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { expect } from "./fixtures";

/** Opens a page of the Lab by its title; resolves with its content once what is computed has been looked up. */
export async function openLabPage(page: Page, title: string): Promise<Locator> {
  await page
    .getByRole("navigation", { name: "Workspaces" })
    .getByRole("button", { name: "Lab" })
    .click();
  await page
    .getByRole("navigation", { name: "Lab" })
    .getByRole("button", { name: title })
    .click();
  const content = page.getByRole("main");
  await expect(
    content.getByRole("heading", { level: 2, name: title }),
  ).toBeVisible();
  return content;
}

/** The body of a table of the Lab, as it is shown. */
export function cellsOf(table: Locator): Promise<string[][]> {
  return table
    .locator("tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.children].map((cell) => cell.textContent.trim()),
      ),
    );
}

/** Runs something under both themes of the window. */
export async function inBothThemes(
  page: Page,
  work: (theme: "dark" | "light") => Promise<void>,
): Promise<void> {
  for (const theme of ["light", "dark"] as const) {
    await page.evaluate((theme) => {
      document.documentElement.dataset["theme"] = theme;
    }, theme);
    await work(theme);
  }
}

/** Pictures of the window in both themes, to be looked at: only where PROXIMA_SHOTS names a folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env["PROXIMA_SHOTS"];
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await inBothThemes(page, async (theme) => {
    await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
  });
}
