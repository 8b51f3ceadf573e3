/** The library's folder is missing, or taken away while the app runs; and there is no Node to run the engine. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { answerDialogs } from "./dialogs";
import { expect, test } from "./fixtures";
import { storeGallery } from "./stored-gallery";

const runButton = (page: Page) =>
  page.getByRole("button", { name: /^Run \d+/ });

/** The window looks every few seconds. */
const soon = { timeout: 15_000 };

test("a library that is not there is said in one line, and another one is chosen from it", async ({
  launch,
  userData,
}) => {
  const [lost, other, away] = ["lost", "other", "away"].map((name) =>
    join(userData, name),
  ) as [string, string, string];
  await writeFile(
    join(userData, "settings.json"),
    JSON.stringify({
      version: 1,
      theme: "dark",
      threads: 0,
      memoryLimit: 0,
      precision: "float32",
      libraryFolder: lost,
    }),
  );
  // A library with a gallery under its own name: the helper stores into `library`.
  await storeGallery(userData);
  await rename(join(userData, "library"), other);

  const { app, page } = await launch();
  const banner = page.getByRole("alert");
  await expect(banner).toHaveCount(1);
  await expect(banner).toContainText(
    `The library’s folder ${lost} is not there.`,
  );
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await expect(page.getByRole("button", { name: /^ResNet-18/ })).toBeVisible();
  await expect(page.getByText(/no network/i)).toHaveCount(0);

  await answerDialogs(app, { open: [other] });
  await banner.getByRole("button", { name: "Change folder…" }).click();
  await expect(banner).toHaveCount(0);
  await page.getByRole("button", { name: "Library" }).click();
  const cards = page
    .getByRole("list", { name: "Galleries" })
    .getByRole("listitem");
  await expect(cards).toHaveCount(1);

  // Taken away while it is looked at: nothing says that the library is empty.
  await rename(other, away);
  await expect(banner.first()).toContainText(`${other} is not there.`, soon);
  await expect(page.getByText("The library cannot be read.")).toBeVisible();
  await expect(page.getByText("Nothing here yet.")).toHaveCount(0);
  await rename(away, other);
  await expect(banner).toHaveCount(0, soon);
  await expect(cards).toHaveCount(1);
});

test("the app's own library is made again where somebody removed it", async ({
  launch,
  userData,
}) => {
  await storeGallery(userData);
  const { page } = await launch();
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await rename(join(userData, "library"), join(userData, "moved"));
  await page.getByRole("button", { name: "Library" }).click();
  await expect(page.getByText("Nothing here yet.")).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("without Node the window says so, and does not say that there is no network", async ({
  launch,
  userData,
}) => {
  await mkdir(userData, { recursive: true });
  const { page } = await launch({ env: { PROXIMA_NODE: "/nowhere/node" } });
  const banner = page.getByRole("alert");
  await expect(banner).toHaveCount(1);
  await expect(banner).toContainText(
    "The engine could not be started: Node was not found. Install Node 20.19 or later",
  );
  for (const workspace of ["Compare", "Network", "Lab", "Library"]) {
    await page
      .getByRole("navigation", { name: "Workspaces" })
      .getByRole("button", { name: workspace })
      .click();
    await expect(page.getByText(/no network/i)).toHaveCount(0);
  }
});
