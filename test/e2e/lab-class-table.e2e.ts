import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { formatScore, formatSpread } from "../../src/renderer/lib/format";
import { showValue } from "../../src/renderer/lib/table";
import {
  clearlyBest,
  scoreAtStep,
  summarizeClassTable,
} from "../../src/shared/lab/class-scores";
import type { ClassRow } from "../../src/shared/lab/class-table";
import { expect, test } from "./fixtures";
import { cellsOf, inBothThemes, openLabPage, shoot } from "./lab-page";
import { axeFindings } from "./stored-gallery";

const steps = 60;
const methods = ["ReLU", "Leaky ReLU 0.1", "ProxyGrad 0.2"];

async function setSteps(content: Locator): Promise<void> {
  for (const [name, value] of [
    ["Steps", String(steps)],
    ["ProxyGrad slope", "0.2"],
  ] as const) {
    const field = content.getByRole("spinbutton", { name });
    await field.fill(value);
    await field.press("Enter");
  }
}

/** The rows as the engine computed and kept them. */
async function storedRows(userData: string): Promise<ClassRow[]> {
  const lab = join(userData, "lab", "class-table");
  const [store = ""] = await readdir(lab);
  const text = await readFile(join(lab, store, "rows.jsonl"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { row: ClassRow }).row); // as it was written
}

/** What is painted: whether anything is, and a sum that another picture would not have. */
function paintedIn(pictures: Locator): Promise<number[]> {
  return pictures.evaluateAll((all) =>
    all.map((one) => {
      const canvas = one as HTMLCanvasElement;
      const { width, height } = canvas;
      const data = canvas.getContext("2d")?.getImageData(0, 0, width, height);
      let sum = 0;
      for (const value of data?.data ?? []) sum = (sum * 31 + value) % 1e9;
      return sum;
    }),
  );
}

const standing = (content: Locator) =>
  content.locator('[data-part="standing"]');

/** The table of pictures and scores: shown scores by row and method. */
function scoresOf(page: Page): Promise<string[][]> {
  return page
    .getByRole("table", { name: "Pictures and scores by class and method" })
    .locator("tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.querySelectorAll(".score")].map((score) =>
          (score.firstChild?.textContent ?? "").trim(),
        ),
      ),
    );
}

test("a long run is stopped, survives a restart of the app, and ends as the engine says", async ({
  launch,
  userData,
}) => {
  test.setTimeout(300_000);
  const first = await launch();
  let { page } = first;
  let content = await openLabPage(page, "Class table");
  const words = () => content.getByRole("status").first();
  await setSteps(content);
  await expect(words()).toHaveText("24 cells to compute.");
  await shoot(page, "class-table-empty");
  expect(await axeFindings(page)).toEqual([]);

  await content.getByRole("button", { name: "Run", exact: true }).click();
  // live: pictures, and scores of runs that have not ended
  await expect
    .poll(async () => (await scoresOf(page)).flat().length, {
      timeout: 90_000,
    })
    .toBe(24);
  await expect(standing(content)).toHaveText(/Step \d+ of 60\./);
  await shoot(page, "class-table-running");
  await content.getByRole("button", { name: "Stop" }).click();
  await expect(standing(content)).toHaveText(
    /^\s*Stopped after \d+ of 60\s+steps\.[^]*“Go on”\s+continues there/,
  );
  const reached = /after (\d+) of/.exec(
    (await standing(content).textContent()) ?? "",
  )?.[1];
  await expect(words()).toHaveText("24 cells to compute.");
  await shoot(page, "class-table-stopped");
  const before = await scoresOf(page);
  await first.close();

  const second = await launch();
  page = second.page;
  content = await openLabPage(page, "Class table");
  await expect(standing(content)).toContainText(
    `Stopped after ${reached} of 60 steps.`,
  );
  expect(await scoresOf(page)).toEqual(before);
  const pictures = content.getByRole("table").first().getByRole("img");
  await expect(pictures).toHaveCount(24);
  await expect
    .poll(async () => new Set(await paintedIn(pictures)).size)
    .toBe(24);
  await content.getByRole("button", { name: "Go on" }).click();
  await expect(words()).toHaveText("All 24 cells are computed.", {
    timeout: 180_000,
  });
  await expect(standing(content)).toHaveText("");

  const rows = await storedRows(userData);
  expect(rows).toHaveLength(24);
  const labels = [...new Set(rows.map(({ label }) => label))];
  expect(labels).toHaveLength(8);
  const rowOf = (label: string, method: ClassRow["method"]) =>
    rows.find((row) => row.label === label && row.method === method);
  const kinds = ["relu", "leaky", "proxygrad"] as const;
  const shownLabels = await content
    .getByRole("table")
    .first()
    .locator("tbody th")
    .evaluateAll((all) =>
      all.map((one) => (one.firstChild?.textContent ?? "").trim()),
    );
  expect([...shownLabels].sort()).toEqual([...labels].sort());
  expect(await scoresOf(page)).toEqual(
    shownLabels.map((label) =>
      kinds.map((kind) => {
        const row = rowOf(label, kind);
        return formatScore(row?.tail?.mean ?? null);
      }),
    ),
  );
  const summary = summarizeClassTable(
    { relu: 0, leaky: 0.1, proxygrad: 0.2 },
    rows,
  );
  const means = await content.locator("tfoot td b").allTextContents();
  expect(means.map((text) => text.trim())).toEqual(
    summary.methods.map(({ mean, std }) =>
      formatSpread({ value: mean ?? NaN, std }),
    ),
  );
  expect(await content.locator("tfoot td").allTextContents()).toEqual(
    summary.methods.map(({ wins }): unknown =>
      expect.stringContaining(`clearly best of ${wins}`),
    ),
  );
  // the best of a row is the one the numbers say
  const marked = await content
    .getByRole("table")
    .first()
    .locator("tbody tr")
    .evaluateAll((all) =>
      all.map((row) =>
        [...row.querySelectorAll("td")].findIndex((cell) =>
          cell.querySelector(".mark"),
        ),
      ),
    );
  expect(marked).toEqual(
    shownLabels.map((label) => {
      const best = clearlyBest(rows.filter((row) => row.label === label));
      return best === null ? -1 : kinds.indexOf(best);
    }),
  );
  await shoot(page, "class-table");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });

  // the same runs over time
  content = await openLabPage(page, "Collapse");
  const chart = content.getByRole("figure");
  await chart.focus();
  await page.keyboard.press("End");
  const lastMeans = await chart.getByRole("status").textContent();
  // a curve's points are scores of single steps
  for (const [i, kind] of kinds.entries()) {
    const scores = labels.map((label) => rowOf(label, kind)?.score ?? NaN);
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    expect(lastMeans).toContain(`${methods[i] ?? ""} ${mean.toPrecision(4)}`);
  }
  const shots = content.getByRole("table").first().getByRole("img");
  // steps 1, 10, 50 and the last under three methods, each another picture
  await expect(shots).toHaveCount(12);
  await expect.poll(async () => new Set(await paintedIn(shots)).size).toBe(12);
  const numbers = await cellsOf(
    content.getByRole("table", { name: "Collapse", exact: true }),
  );
  for (const [label = "", method = "", , ...values] of numbers) {
    const row = rows.find(
      (one) => one.label === label && one.method === method,
    );
    const at = [1, 10, 50, 60].flatMap((step) => {
      const score = row && scoreAtStep(row, step);
      return [score?.value ?? NaN, score?.std ?? null];
    });
    expect(values.slice(0, 8)).toEqual(at.map(showValue));
  }
  await shoot(page, "collapse");
  await shots.last().scrollIntoViewIfNeeded();
  await shoot(page, "collapse-pictures");
  await content.getByRole("button", { name: "At the edge" }).click();
  await content.getByRole("button", { name: "One class" }).click();
  await content.getByRole("button", { name: "Linear" }).click();
  await shoot(page, "collapse-edge");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });
});
