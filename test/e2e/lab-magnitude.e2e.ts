import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator } from "@playwright/test";
import { encodePng } from "../../src/main/host/images";
import { answerDialogs } from "./dialogs";
import { expect, test } from "./fixtures";
import { cellsOf, inBothThemes, openLabPage, shoot } from "./lab-page";
import { axeFindings } from "./stored-gallery";

/** Small enough for a test. */
async function makeSmall(content: Locator, slopes: string): Promise<void> {
  for (const [name, value] of [
    ["Batch", "4"],
    ["Repetitions", "2"],
    ["Picture size", "32"],
  ] as const) {
    const field = content.getByRole("spinbutton", { name });
    await field.fill(value);
    await field.press("Enter");
  }
  const field = content.getByRole("textbox", { name: "Slopes" });
  await field.fill(slopes);
  await field.press("Enter");
}

function numbersOf(cells: readonly string[]): number[] {
  return cells.map((cell) => Number(cell.split(" ±")[0]));
}

test("gradients on a random ResNet-18 stand in the published order, and the open network has its own", async ({
  proxima: { page, app },
  userData,
}) => {
  const content = await openLabPage(page, "Gradient magnitude");
  const words = content.getByRole("status").first();
  await expect(words).toHaveText("88 cells to compute.");
  await makeSmall(content, "0.1 0.3");
  // ReLU, two slopes of two methods; two networks, two repetitions
  await expect(words).toHaveText("20 cells to compute.");
  await content.getByRole("button", { name: "Run", exact: true }).click();
  await expect(words).toHaveText("All 20 cells are computed.", {
    timeout: 60_000,
  });
  await expect(content.getByTestId("fed")).toContainText(
    "No pictures: seeded noise",
  );
  await expect(content.getByTestId("fed")).toContainText(
    "derivative after layer1.0.conv1",
  );
  const table = content.getByRole("table", {
    name: "Gradient magnitude relative to ReLU",
  });
  const rows = await cellsOf(table);
  expect(rows.map(([method, norm]) => [method, norm])).toEqual([
    ["Leaky ReLU", "no"],
    ["ProxyGrad", "no"],
    ["Leaky ReLU", "yes"],
    ["ProxyGrad", "yes"],
  ]);
  for (const [method, norm, ...ratios] of rows) {
    const [small = NaN, large = NaN] = numbersOf(ratios);
    if (method === "Leaky ReLU" && norm === "yes") {
      expect(small).toBeLessThan(1);
      expect(large).toBeLessThan(small);
    } else {
      expect(small).toBeGreaterThan(1);
      expect(large).toBeGreaterThan(small);
    }
  }
  // what the page says is the quotient of what the engine measured
  const numbers = await cellsOf(
    content.getByRole("table", { name: "Gradient magnitude, all numbers" }),
  );
  for (const [, , , , meanAbs, relu, ratio] of numbers)
    expect(figure(meanAbs) / figure(relu) / figure(ratio)).toBeCloseTo(1, 2);
  await shoot(page, "magnitude");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });

  await content.getByRole("button", { name: "The open one" }).click();
  await expect(words).toHaveText("10 cells to compute.");
  await expect(
    content.getByRole("spinbutton", { name: "Picture size" }),
  ).toBeHidden();
  const pictures = join(userData, "pictures");
  for (const [c, name] of ["one", "two"].entries()) {
    await mkdir(join(pictures, name), { recursive: true });
    for (const k of [0, 1])
      await writeFile(
        join(pictures, name, `${k}.png`),
        await encodePng(
          [8, 8, 3],
          Float32Array.from({ length: 192 }, (_, i) =>
            Math.sin(i * (c + k + 1)),
          ),
        ),
      );
  }
  await answerDialogs(app, { open: [pictures] });
  await content.getByRole("button", { name: "Folder…" }).click();
  await expect(words).toHaveText("10 cells to compute.");
  await content.getByRole("button", { name: "Run", exact: true }).click();
  await expect(words).toHaveText("All 10 cells are computed.", {
    timeout: 60_000,
  });
  // the bundled network knows neither "one" nor "two"
  await expect(content.getByTestId("fed")).toContainText(
    "Pictures of “pictures”, random labels; 2 batches.",
  );
  expect((await cellsOf(table)).map(([, norm]) => norm)).toEqual([
    "yes",
    "yes",
  ]);
  await shoot(page, "magnitude-open");

  // what was computed before is still there
  await content.getByRole("button", { name: "Without" }).click();
  await content.getByRole("button", { name: "Random ResNet-18" }).click();
  await expect(words).toHaveText("All 20 cells are computed.");
  expect(await cellsOf(table)).toEqual(rows);
});

test("what enters the batch norms widens with the slope", async ({
  proxima: { page },
}) => {
  const content = await openLabPage(page, "Batch-norm inputs");
  const words = content.getByRole("status").first();
  await expect(words).toHaveText("24 cells to compute.");
  await makeSmall(content, "0 0.3 0.6");
  await content.getByRole("button", { name: "Run", exact: true }).click();
  await expect(words).toHaveText("All 6 cells are computed.", {
    timeout: 60_000,
  });
  await expect(content.getByTestId("fed")).toContainText("20 batch norms");
  const rows = await cellsOf(
    content.getByRole("table", { name: "Batch-norm inputs by slope" }),
  );
  expect(rows.map(([slope]) => slope)).toEqual(["0", "0.3", "0.6"]);
  const deviations = rows.map(([, deviation]) => Number(deviation));
  expect(deviations).toEqual([...deviations].sort((a, b) => a - b));
  const layers = await cellsOf(
    content.getByRole("table", { name: "Batch-norm inputs by layer" }),
  );
  expect(layers).toHaveLength(20);
  // the mean of the layers is the row's
  for (const [i, deviation] of deviations.entries())
    expect(
      layers.reduce((sum, layer) => sum + Number(layer[i + 1]), 0) / 20,
    ).toBeCloseTo(deviation, 2);
  await shoot(page, "batch-norm");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });

  // a slope more is computed alone, and the networks' rows stay apart
  const field = content.getByRole("textbox", { name: "Slopes" });
  await field.fill("0 0.3 0.6 1");
  await field.press("Enter");
  await expect(words).toHaveText("6 of 8 cells are computed.");
});

/** A number as the page shows it. */
function figure(text = ""): number {
  return Number(text.replace(/−/g, "-"));
}
