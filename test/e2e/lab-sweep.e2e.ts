import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { quickSweep } from "../../src/shared/lab/sweep";
import { answerDialogs } from "./dialogs";
import { expect, test } from "./fixtures";
import { cellsOf, inBothThemes, openLabPage, shoot } from "./lab-page";
import { axeFindings } from "./stored-gallery";

// 7 slopes, 8 classes, 2 seeds; slower where the machine has other work
const sweepMs = 180_000;

test("the best slope is found, shown as computed, used in Compare and taken back", async ({
  proxima: { app, page },
  userData,
}) => {
  test.setTimeout(sweepMs + 120_000);
  const content = await openLabPage(page, "Slope sweep");
  const words = content.getByRole("status").first();
  await expect(words).toHaveText(/cells to compute/);
  await shoot(page, "sweep-empty");

  await content.getByRole("button", { name: "Find the best slope" }).click();
  await expect(content.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(words).toHaveText(/^[1-9]\d* of 128 cells/, {
    timeout: sweepMs,
  });
  await shoot(page, "sweep-running");
  await expect(words).toHaveText("All 128 cells are computed.", {
    timeout: sweepMs,
  });
  await shoot(page, "sweep");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });

  // What the page says is what the engine computed.
  const json = join(userData, "sweep.json");
  await answerDialogs(app, { save: json });
  await page.getByRole("button", { name: "Export page…" }).click();
  await page.getByRole("menuitem", { name: /JSON/ }).click();
  await expect(page.getByText("Wrote sweep.json.")).toBeVisible();
  const { rows, missing } = JSON.parse(await readFile(json, "utf8")) as {
    rows: { method: string; slope: number; score: number }[];
    missing: number;
  };
  expect(missing).toBe(0);
  expect(rows).toHaveLength(128);
  const meanOf = (method: string, slope: number) => {
    const scores = rows
      .filter((row) => row.method === method && row.slope === slope)
      .map(({ score }) => score);
    return scores.reduce((a, b) => a + b, 0) / scores.length;
  };
  const cells = await cellsOf(
    content.getByRole("table", { name: "Score by slope" }),
  );
  expect(cells.map(([slope]) => Number(slope))).toEqual(quickSweep.slopes);
  const means = quickSweep.slopes.map((slope) => meanOf("proxygrad", slope));
  for (const [i, [, mean, , ratio]] of cells.entries()) {
    // four figures and two decimals are shown
    expect(Number(mean) / (means[i] ?? NaN)).toBeCloseTo(1, 3);
    expect(Number(ratio)).toBeCloseTo((means[i] ?? NaN) / meanOf("relu", 0), 2);
  }
  const best = quickSweep.slopes[means.indexOf(Math.max(...means))] ?? NaN;
  await expect(content.getByText(/^Best:/)).toContainText(`Best: ${best}`);

  // Compare's ProxyGrad column takes it, and gives it back.
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  const slope = page
    .getByRole("spinbutton", { name: "Backward slope", exact: true })
    .first();
  const before = await slope.inputValue();
  await shoot(page, "sweep-compare-before");
  await page.getByRole("button", { name: "Lab" }).click();
  await content.getByRole("button", { name: "Use in Compare" }).click();
  await shoot(page, "sweep-used");
  if (Number(before) !== best) {
    await expect(page.getByText(/Compare’s ProxyGrad .* now\./)).toBeVisible();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await expect(slope).toHaveValue(String(best));
    await shoot(page, "sweep-compare");
    await page.keyboard.press("ControlOrMeta+z");
    await expect(slope).toHaveValue(before);
    // the hint brings it again
    await page
      .getByRole("button", { name: `best for this network: ${best}` })
      .click();
    await expect(slope).toHaveValue(String(best));
  } else await expect(page.getByText(/has a ProxyGrad column/)).toBeVisible();
});

test("a slope more is all that is computed, and a sweep that was stopped goes on", async ({
  proxima: { page },
}) => {
  test.setTimeout(sweepMs + 120_000);
  const content = await openLabPage(page, "Slope sweep");
  const words = content.getByRole("status").first();
  const type = async (name: string, text: string) => {
    const field = content.getByLabel(name, { exact: true });
    await field.fill(text);
    await field.press("Enter");
  };
  await type("Slopes", "0.1 0.2");
  await type("Steps", "2 4");
  await type("Seeds", "1");
  // (ReLU and two slopes of two methods) x 2 numbers of steps x 8 classes
  await expect(words).toHaveText("80 cells to compute.");
  await content.getByRole("button", { name: "Run the sweep" }).click();
  await expect(words).toHaveText("All 80 cells are computed.", {
    timeout: sweepMs,
  });
  await expect(content.getByRole("heading", { level: 3 })).toContainText([
    "After 2 steps",
    "After 4 steps",
    "How to read this",
  ]);
  await type("Slopes", "0.1 0.15 0.2");
  await expect(words).toHaveText("80 of 112 cells are computed.");
  await shoot(page, "sweep-more");
  await content.getByRole("button", { name: "Compute the rest" }).click();
  await expect(words).toHaveText("All 112 cells are computed.", {
    timeout: sweepMs,
  });

  await type("Steps", "4 100000");
  await expect(words).toHaveText("56 of 112 cells are computed.");
  await content.getByRole("button", { name: "Compute the rest" }).click();
  await expect(content.getByRole("button", { name: "Stop" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(words).toHaveText("56 of 112 cells are computed.");
});
