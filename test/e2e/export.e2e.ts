import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { Library } from "../../src/main/host/library";
import { answerDialogs, shownDialogs } from "./dialogs";
import { expect, test, type Proxima } from "./fixtures";
import { axeFindings, scoreAt, storeGallery, tilesOf } from "./stored-gallery";

test.beforeEach(async ({ userData }) => {
  await storeGallery(userData);
});

/** Opens the export dialog for everything, and picks a format by its title. */
async function openExport(page: Page, format: string): Promise<Locator> {
  await tilesOf(page);
  await page.keyboard.press("ControlOrMeta+e");
  const dialog = page.getByRole("dialog", { name: "Export" });
  await dialog.getByRole("radio", { name: format }).check();
  return dialog;
}

/** A file or folder that the next dialog gives. */
async function chooseNext({ app }: Proxima, path: string): Promise<void> {
  await answerDialogs(app, { save: path, open: [path] });
}

test("the scores come out as a table, and nothing is replaced without a yes", async ({
  proxima,
  userData,
}) => {
  const { app, page } = proxima;
  const file = join(userData, "scores.csv");
  await chooseNext(proxima, file);
  const dialog = await openExport(page, "CSV of scores");
  await dialog.getByRole("button", { name: "Export 6 pictures…" }).click();
  await expect(dialog).toContainText("Exported 1 file");
  await expect(dialog).toContainText("scores.csv");
  expect((await shownDialogs(app)).at(-1)?.defaultPath).toMatch(
    /ResNet-18 \(half width\), Caltech-101, 6 pictures, 2026-01-05\.csv$/,
  );

  const [head, ...lines] = (await readFile(file, "utf8")).trim().split("\r\n");
  const column = (head ?? "").split(",").indexOf("score");
  // No cell before the score holds a comma.
  expect(lines.map((line) => Number(line.split(",")[column]))).toEqual(
    [0, 1].flatMap((row) => [0, 1, 2].map((col) => scoreAt(row, col, 6))),
  );

  await writeFile(file, "mine");
  await dialog.getByRole("button", { name: "Export something else" }).click();
  await dialog.getByRole("button", { name: /^Export 6/ }).click();
  await expect(dialog.getByRole("alert")).toContainText("Replace it?");
  await expect(dialog.getByRole("alert")).toContainText("scores.csv");
  await dialog.getByRole("button", { name: "Back" }).click();
  expect(await readFile(file, "utf8")).toBe("mine");
  await dialog.getByRole("button", { name: /^Export 6/ }).click();
  await dialog.getByRole("button", { name: "Replace" }).click();
  await expect(dialog).toContainText("Exported 1 file");
  expect(await readFile(file, "utf8")).toContain(head);
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
});

test("chosen tiles become one page that needs nothing else", async ({
  proxima,
  userData,
}) => {
  const { page } = proxima;
  const file = join(userData, "page.html");
  await chooseNext(proxima, file);
  const tiles = await tilesOf(page);
  await tiles.first().click({ button: "right" });
  await page.getByRole("menuitem", { name: "Export the row…" }).click();
  const dialog = page.getByRole("dialog", { name: "Export" });
  await expect(
    dialog.getByRole("radio", { name: "Chosen pictures 3" }),
  ).toBeChecked();
  await dialog.getByRole("radio", { name: "HTML page" }).check();
  await expect(dialog).toContainText("each picture’s mean ± 3 σ");
  await dialog.getByRole("button", { name: "Export 3 pictures…" }).click();
  await expect(dialog).toContainText("Exported 1 file");

  const html = await readFile(file, "utf8");
  for (const score of [0, 1, 2].map((column) => scoreAt(0, column, 6)))
    expect(html).toContain(score.toFixed(1));
  expect(html).toContain("ProxyGrad 0.2");
  // The pictures are inside, and nothing is fetched from anywhere.
  expect(html.match(/data:image\//g)?.length).toBeGreaterThanOrEqual(3);
  expect(html).not.toMatch(/(?:src|href)="https?:/);
});

test("records open again as the same gallery", async ({
  proxima,
  userData,
}) => {
  const { page } = proxima;
  const shelf = join(userData, "shelf");
  const folder = join(shelf, "copy");
  await mkdir(folder, { recursive: true });
  await chooseNext(proxima, folder);
  const dialog = await openExport(page, "Records");
  await dialog.getByRole("button", { name: "Export 6 pictures…" }).click();
  // Four files a run, and gallery.json.
  await expect(dialog).toContainText("Exported 25 files");

  const copy = await (await Library.open(shelf)).get("copy");
  const original = await (
    await Library.open(join(userData, "library"))
  ).get("first");
  expect(copy?.gallery.labels).toEqual(original?.gallery.labels);
  expect(copy?.runs.map((run) => [run.id, run.score, run.trace])).toEqual(
    original?.runs.map((run) => [run.id, run.score, run.trace]),
  );
});

test("a place that cannot be written is said, and leaves no half file", async ({
  proxima,
  userData,
}) => {
  const { page } = proxima;
  // A file where a folder is needed.
  const folder = join(userData, "exports");
  const place = join(folder, "occupied");
  await mkdir(folder);
  await writeFile(place, "mine");
  await chooseNext(proxima, place);
  const dialog = await openExport(page, "PNG pictures");
  await dialog.getByRole("button", { name: /^Export 6/ }).click();
  await expect(dialog.getByRole("alert")).toContainText("could not be written");
  expect(await axeFindings(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(dialog).toBeHidden();
  expect(await readdir(folder)).toEqual(["occupied"]);
  expect(await readFile(place, "utf8")).toBe("mine");
});

test("thinking better of it changes nothing", async ({ proxima }) => {
  const { app, page } = proxima;
  await answerDialogs(app, {});
  const dialog = await openExport(page, "Contact sheet");
  expect(await axeFindings(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await expect.poll(() => shownDialogs(app)).toHaveLength(1);
  await expect(
    dialog.getByRole("radio", { name: "Contact sheet" }),
  ).toBeChecked();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});
