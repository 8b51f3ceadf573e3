/** What the tests of the Lab's pages share. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ElectronApplication, Locator, Page } from "@playwright/test";
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

/** What an exported page looks like in a browser without scripts: its words, its ground, and whether it is too wide. */
export async function openExported(
  app: ElectronApplication,
  file: string,
): Promise<{
  text: string;
  ground: string;
  tooWide: boolean;
  pictures: number;
}> {
  const { png, ...found } = await app.evaluate(
    async ({ BrowserWindow }, path) => {
      const window = new BrowserWindow({
        show: false,
        width: 1100,
        height: 1400,
        webPreferences: { sandbox: true, partition: "exported" },
      });
      try {
        await window.loadFile(path);
        const seen = (await window.webContents.executeJavaScript(`({
          text: document.body.innerText,
          ground: getComputedStyle(document.body).backgroundColor,
          tooWide: document.documentElement.scrollWidth > innerWidth,
          pictures: [...document.images].filter((i) => i.naturalWidth > 0).length,
        })`)) as {
          text: string;
          ground: string;
          tooWide: boolean;
          pictures: number;
        };
        const picture = await window.webContents.capturePage();
        return { ...seen, png: picture.toPNG().toString("base64") };
      } finally {
        window.destroy();
      }
    },
    file,
  );
  const folder = process.env["PROXIMA_SHOTS"];
  if (folder)
    await writeFile(
      join(folder, `${basename(file)}.png`),
      Buffer.from(png, "base64"),
    );
  return found;
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
