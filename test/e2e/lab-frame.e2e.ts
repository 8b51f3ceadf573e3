import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rectifiedMoments } from "../../src/engine/experiments/moments/moments";
import { moments } from "../../src/shared/lab/moments";
import { answerDialogs, shownDialogs } from "./dialogs";
import { expect, test } from "./fixtures";
import {
  cellsOf,
  inBothThemes,
  openExported,
  openLabPage,
  shoot,
} from "./lab-page";
import { axeFindings } from "./stored-gallery";

const slopes = moments.settings.parse({}).slopes;

test("the moments are computed, stay, and are the closed form's", async ({
  proxima: { page },
}) => {
  const content = await openLabPage(page, "Moments");
  const words = content.getByRole("status").first();
  await expect(words).toHaveText(`${slopes.length} cells to compute.`);
  await shoot(page, "moments-empty");
  expect(await axeFindings(page)).toEqual([]);

  await content.getByRole("button", { name: "Run", exact: true }).click();
  await expect(words).toHaveText(`All ${slopes.length} cells are computed.`);
  const table = content.getByRole("table", { name: "Moments by slope" });
  const cells = await cellsOf(table);
  expect(cells.map(([slope]) => Number(slope))).toEqual(slopes);
  for (const [slope, mean, sampledMean, variance, sampledVariance] of cells) {
    const exact = rectifiedMoments(Number(slope), 1);
    // Four figures are shown; a million samples are within three standard errors of 1/1000.
    expect(Number(mean)).toBeCloseTo(exact.mean, 4);
    expect(Number(variance)).toBeCloseTo(exact.variance, 4);
    expect(Math.abs(Number(sampledMean?.replace("−", "-")) - exact.mean)).toBeLessThan(0.004); // prettier-ignore
    expect(Math.abs(Number(sampledVariance) - exact.variance)).toBeLessThan(0.006); // prettier-ignore
  }
  await shoot(page, "moments");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });

  // The chart reads out what the table says, with the keys alone.
  const chart = content.getByRole("figure", { name: /^Variance/ });
  await chart.focus();
  await page.keyboard.press("End");
  await expect(chart.getByRole("status")).toContainText("slope 1");
  await expect(chart.getByRole("status")).toContainText("closed form 1.000");
  await shoot(page, "moments-read-out");

  // Another slope is one more cell; what was computed is still there.
  const field = content.getByRole("textbox", { name: "Slopes" });
  await field.fill("0 0.5 0.6 1");
  await field.press("Enter");
  await expect(words).toHaveText("3 of 4 cells are computed.");
  await field.fill("0 2");
  await field.press("Enter");
  await expect(content.getByRole("alert")).toBeVisible();
  await shoot(page, "moments-wrong");
  await field.press("Escape");
  await expect(words).toHaveText("3 of 4 cells are computed.");
});

test("a page is exported as HTML that needs nothing else, as JSON, and its table as CSV", async ({
  proxima: { app, page },
  userData,
}) => {
  const content = await openLabPage(page, "Moments");
  const field = content.getByRole("textbox", { name: "Slopes" });
  await field.fill("0 0.3");
  await field.press("Enter");
  await content.getByRole("spinbutton", { name: "Samples" }).fill("1000");
  await page.keyboard.press("Enter");
  await expect(content.getByRole("status").first()).toHaveText(
    "2 cells to compute.",
  );
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(content.getByRole("status").first()).toHaveText(
    "All 2 cells are computed.",
  );

  const json = join(userData, "moments.json");
  await answerDialogs(app, { save: json });
  await page.getByRole("button", { name: "Export page…" }).click();
  await shoot(page, "export-menu");
  await page.getByRole("menuitem", { name: /JSON/ }).click();
  await expect(page.getByText("Wrote moments.json.")).toBeVisible();
  const data = JSON.parse(await readFile(json, "utf8")) as {
    rows: Record<string, number>[];
  };
  expect(data).toMatchObject({
    experiment: "moments",
    title: "Moments",
    network: null,
    settings: { slopes: [0, 0.3], sigma: 1, samples: 1000, seed: 1 },
    missing: 0,
  });
  expect(data.rows.map(({ variance }) => variance)).toEqual(
    [0, 0.3].map((slope) => rectifiedMoments(slope, 1).variance),
  );

  const csv = join(userData, "moments.csv");
  await answerDialogs(app, { save: csv });
  await content.getByRole("button", { name: "Save CSV…" }).click();
  await expect(page.getByText("Wrote moments.csv.")).toBeVisible();
  const [head, first] = (await readFile(csv, "utf8")).split("\r\n");
  expect(head).toBe('slope,mean,"mean, sampled",variance,"variance, sampled"');
  expect(first?.split(",").map(Number)).toEqual([
    0,
    data.rows[0]?.["mean"],
    data.rows[0]?.["sampledMean"],
    data.rows[0]?.["variance"],
    data.rows[0]?.["sampledVariance"],
  ]);

  // An extension that was not typed is added; what is there under that name is not replaced unasked.
  const html = join(userData, "moments.html");
  await writeFile(html, "before");
  await answerDialogs(app, { save: join(userData, "moments"), button: 0 });
  await page.keyboard.press("ControlOrMeta+e");
  await expect
    .poll(async () => (await shownDialogs(app)).at(-1)?.message)
    .toBe('"moments.html" is there already. Replace it?');
  expect(await readFile(html, "utf8")).toBe("before");
  await answerDialogs(app, { save: html });
  await page.keyboard.press("ControlOrMeta+e");
  await expect(page.getByText("Wrote moments.html.")).toBeVisible();
  expect((await shownDialogs(app)).at(-1)?.defaultPath).toMatch(
    /Moments\.html$/,
  );
  const text = await readFile(html, "utf8");
  expect(text).not.toMatch(
    /<script|<button|<input|https?:\/\/(?!www\.w3\.org)/,
  );
  // What was typed, the numbers, both plots and the words are all in it.
  expect(text).toContain("0 0.3");
  expect(text).toContain("0.4670");
  expect(text.match(/<figure/g)).toHaveLength(2);
  expect(text).toContain("How to read this");
  expect(text).toContain("prefers-color-scheme: light");
  const seen = await openExported(app, html);
  expect(seen.text).toContain("sampled");
  expect(seen.text).not.toContain("Compute again");
  expect(seen.tooWide).toBe(false);
  // The reader's own theme, dark or light.
  expect(["rgb(27, 27, 28)", "rgb(236, 236, 237)"]).toContain(seen.ground);
});

test("a run that was stopped keeps its cells, a lost engine says so, and it goes on", async ({
  proxima,
}) => {
  const { page } = proxima;
  const content = await openLabPage(page, "Moments");
  const words = content.getByRole("status").first();
  const samples = content.getByRole("spinbutton", { name: "Samples" });
  await samples.fill("30000000");
  await samples.press("Enter");
  await expect(words).toHaveText(`${slopes.length} cells to compute.`);
  await content.getByRole("button", { name: "Run", exact: true }).click();
  await expect(words).toHaveText(/^[1-7] of 8 cells/, { timeout: 60_000 });
  await shoot(page, "moments-running");
  // The run goes on behind another workspace, and the list says that it does.
  await page.getByRole("button", { name: "Library" }).click();
  await page.getByRole("button", { name: "Lab" }).click();
  await expect(
    page.getByRole("button", { name: "Moments , running" }),
  ).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(words).toHaveText(/^[1-7] of 8 cells are computed\.$/);
  await shoot(page, "moments-stopped");
  const kept = await content.locator("tbody tr").count();

  await content.getByRole("button", { name: "Compute the rest" }).click();
  await expect(content.getByRole("button", { name: "Stop" })).toBeVisible();
  process.kill(await proxima.engine(), "SIGKILL");
  await expect(content.getByRole("alert")).toContainText("are kept");
  expect(await content.locator("tbody tr").count()).toBeGreaterThanOrEqual(
    kept,
  );
  await shoot(page, "moments-lost");
  await page.getByRole("button", { name: "Restart" }).click();
  await content.getByRole("button", { name: "Compute the rest" }).click();
  await expect(words).toHaveText("All 8 cells are computed.", {
    timeout: 60_000,
  });
});

test("every page fits the smallest window, has its words, and axe finds nothing", async ({
  proxima: { app, page },
}) => {
  test.setTimeout(180_000);
  await app.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.setSize(960, 600);
  });
  await page.getByRole("button", { name: "Lab" }).click();
  const list = page.getByRole("navigation", { name: "Lab" });
  const titles = await list
    .getByRole("button")
    .locator("span:first-child")
    .allTextContents();
  expect(titles.length).toBeGreaterThan(1);
  for (const title of titles) {
    const content = await openLabPage(page, title);
    await expect(content.getByText("How to read this")).toBeVisible();
    await expect(page.getByRole("button", { name: "Export page…" })).toBeEnabled(); // prettier-ignore
    const tooWide = await content.evaluate(
      (main) => main.scrollWidth > main.clientWidth,
    );
    expect.soft(tooWide, `${title} is wider than the window`).toBe(false);
    await shoot(page, `narrow-${title.replaceAll(" ", "-").toLowerCase()}`);
    await inBothThemes(page, async (theme) => {
      expect.soft(await axeFindings(page), `${title}, ${theme}`).toEqual([]);
    });
  }
});
