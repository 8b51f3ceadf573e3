/** What was made or opened once is there again: galleries from their records, networks after a restart. */
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { answerDialogs } from "./dialogs";
import { dropFiles } from "./drop";
import { callEngine, callMain } from "./engine-calls";
import { appFolder, expect, test } from "./fixtures";
import { axeFindings, scoreAt, storeGallery, tilesOf } from "./stored-gallery";

const bundled = join(appFolder, "resources/networks/caltech101-resnet18");
const runButton = (page: Page) =>
  page.getByRole("button", { name: /^Run \d*/ }).first();
const expectedScores = [0, 1].flatMap((row) =>
  [0, 1, 2].map((column) => scoreAt(row, column, 6).toFixed(1)),
);

/** What every tile shows: its score, and its pixels as text. */
async function shown(page: Page): Promise<[string, string][]> {
  const tiles = await (await tilesOf(page)).all();
  return Promise.all(
    tiles.map(async (tile) => [await scoreOf(tile), await pixelsOf(tile)]),
  );
}

async function scoreOf(tile: Locator): Promise<string> {
  return (await tile.locator(".score").textContent())?.trim() ?? "";
}

function pixelsOf(tile: Locator): Promise<string> {
  return tile
    .locator("canvas")
    .first()
    .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
}

/** Exports everything as records into a folder, and forgets the library. */
async function exportAndClear(page: Page): Promise<void> {
  await page.keyboard.press("ControlOrMeta+e");
  const dialog = page.getByRole("dialog", { name: "Export" });
  await dialog.getByRole("radio", { name: "Records" }).check();
  await dialog.getByRole("button", { name: "Export 6 pictures…" }).click();
  await expect(dialog).toContainText("Exported 25 files");
  await dialog.getByRole("button", { name: "Done" }).click();
  expect(await callEngine(page, "library.clear", {})).toEqual({ reply: {} });
}

test("a gallery opens again from its exported records, and is there after a restart", async ({
  launch,
  userData,
}) => {
  await storeGallery(userData);
  const records = join(userData, "records");
  await mkdir(records);
  const first = await launch();
  await answerDialogs(first.app, { open: [records] });
  await expect.poll(() => shown(first.page).then(scores)).toEqual(expectedScores); // prettier-ignore
  const before = await shown(first.page);
  expect(new Set(before.map(([, pixels]) => pixels)).size).toBe(6);
  await exportAndClear(first.page);
  await first.close();

  const second = await launch();
  const { page } = second;
  await answerDialogs(second.app, { open: [records] });
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  expect(await readdir(join(userData, "library"))).toEqual([]);
  await page.keyboard.press("ControlOrMeta+Shift+o");
  await expect.poll(() => shown(page)).toEqual(before);
  expect(await readdir(join(userData, "library"))).toEqual(["first"]);

  // Once more, from the Library's head: it is known.
  await page.getByRole("button", { name: "Library" }).click();
  await page.getByRole("button", { name: "Open gallery…" }).click();
  await expect.poll(() => shown(page)).toEqual(before);
  expect(await readdir(join(userData, "library"))).toEqual(["first"]);
  await second.close();

  const third = await launch();
  await expect.poll(() => shown(third.page)).toEqual(before);
});

function scores(tiles: readonly [string, string][]): string[] {
  return tiles.map(([score]) => score);
}

test("a dropped gallery of a network that is not there is shown, and says what to open", async ({
  proxima: { page },
  userData,
}) => {
  const folder = await foreignGallery(userData);
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await dropFiles(page, [folder]);
  await expect.poll(() => shown(page).then(scores)).toEqual(expectedScores);
  await expect(page.getByText(/is not open/)).toBeVisible();
  await expect(runButton(page)).toBeDisabled();
  await expect(runButton(page)).toHaveAttribute(
    "title",
    "Open the network ResNet-18 (half width), Caltech-101 to run this again.",
  );
  expect(await axeFindings(page)).toEqual([]);

  // A damaged run is named, the others are shown.
  await writeFile(join(folder, "20-1-relu", "steps.i16"), "short");
  await writeFile(join(folder, "36-1-relu", "image.npy"), "short");
  await callEngine(page, "library.clear", {});
  await dropFiles(page, [folder]);
  await expect(page.getByText("2 runs of gallery are damaged")).toBeVisible();
  await expect(page.getByText(/20-1-relu: steps\.i16 has 5/)).toBeVisible();

  await writeFile(join(folder, "gallery.json"), '{"format":"proxima-gallery"}');
  await dropFiles(page, [folder]);
  await expect(
    page.getByRole("alert").filter({ hasText: "gallery.json has version" }),
  ).toBeVisible();
});

/** A gallery outside of the library, of a network nobody has. */
async function foreignGallery(userData: string): Promise<string> {
  const elsewhere = join(userData, "elsewhere");
  await storeGallery(elsewhere);
  const folder = join(elsewhere, "gallery");
  await rename(join(elsewhere, "library", "first"), folder);
  const records = (await readdir(folder, { recursive: true })).filter((name) =>
    name.endsWith(".json"),
  );
  for (const name of records) {
    const path = join(folder, name);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replaceAll("caltech101-resnet18", "far-0123"));
  }
  return folder;
}

test("a network from disk is there again after its engine was lost, and after a restart", async ({
  launch,
  userData,
}) => {
  const folder = join(userData, "mine");
  await cp(bundled, folder, { recursive: true });
  const card = join(folder, "card.json");
  const text = await readFile(card, "utf8");
  await writeFile(card, text.replace("ResNet-18 (half width)", "My own"));

  const first = await launch();
  const { page } = first;
  const chip = page.getByRole("button", { name: /^My own/ });
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await dropFiles(page, [folder]);
  await expect(chip).toBeVisible({ timeout: 30_000 });

  process.kill(await first.engine(), "SIGKILL");
  const banner = page.getByRole("alert").filter({ hasText: "killed" });
  await banner.getByRole("button", { name: "Restart" }).click();
  await expect(banner).toBeHidden();
  await shortRun(page);
  await expect(chip).toBeVisible();
  const pictures = await shown(page);
  await first.close();

  const second = await launch();
  await expect(
    second.page.getByRole("button", { name: /^My own/ }),
  ).toBeVisible({ timeout: 30_000 });
  await expect.poll(() => shown(second.page)).toEqual(pictures);
  await expect(runButton(second.page)).toBeEnabled();
  await second.close();

  await rename(folder, `${folder}-moved`);
  const third = await launch();
  await expect(
    third.page.getByText(/^My own.* cannot be opened again/),
  ).toBeVisible({ timeout: 30_000 });
  await expect(runButton(third.page)).toBeEnabled();

  await rename(`${folder}-moved`, folder);
  await third.page.getByRole("button", { name: /^ResNet-18/ }).click();
  expect(await axeFindings(third.page)).toEqual([]);
  await third.page
    .getByRole("list", { name: "Opened before" })
    .getByRole("button", { name: "My own" })
    .click();
  await expect(third.page.getByRole("button", { name: /^My own/ })).toBeVisible(
    { timeout: 30_000 },
  );
});

/** One class, a few steps. */
async function shortRun(page: Page): Promise<void> {
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  const search = page.getByRole("searchbox");
  await search.fill("94");
  await search.press("Enter");
  await page.getByRole("tab", { name: /^Run/ }).click();
  const steps = page.getByRole("spinbutton", { name: "Steps", exact: true });
  await steps.fill("4");
  await steps.press("Enter");
  await page.keyboard.press("ControlOrMeta+Enter");
  const latest = () => callEngine(page, "library.get", { gallery: null });
  await expect
    .poll(latest, { timeout: 60_000 })
    .toMatchObject({ reply: { runs: [1, 2, 3].map(() => ({ step: 4 })) } });
  await expect(runButton(page)).toBeEnabled();
}

test("a message over a dialog can be seen, heard and answered, and stays when the dialog goes", async ({
  proxima: { page },
  userData,
}) => {
  await storeGallery(userData);
  await callMain(page, "settings.change", { theme: "dark" });
  await page.getByRole("button", { name: "Library" }).click();
  const cards = page
    .getByRole("list", { name: "Galleries" })
    .getByRole("listitem");
  await expect(cards).toHaveCount(1);
  await cards.first().getByRole("button").first().focus();
  await page.keyboard.press("Delete");
  const undo = page.getByRole("button", { name: "Undo", exact: true });
  await expect(undo).toBeVisible();
  await expect(cards).toHaveCount(0);

  await page.keyboard.press("ControlOrMeta+,");
  const settings = page.getByRole("dialog", { name: "Settings" });
  await expect(settings).toBeVisible();
  // Inside the dialog nothing is inert, and a press reaches what is seen there.
  const inDialog = settings.getByRole("button", { name: "Undo", exact: true });
  await expect(inDialog).toBeVisible();
  expect(await axeFindings(page)).toEqual([]);
  await settings.getByRole("button", { name: "Close", exact: true }).click();
  await expect(settings).toBeHidden();
  await expect(undo).toBeVisible();

  await page.keyboard.press("?");
  const shortcuts = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await shortcuts.getByRole("button", { name: "Undo", exact: true }).click();
  await page.keyboard.press("Escape");
  await expect(shortcuts).toBeHidden();
  await expect(cards).toHaveCount(1);
  await expect(page.locator("[aria-live=polite]")).toHaveCount(1);
});
