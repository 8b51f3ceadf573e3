import type { Locator } from "@playwright/test";
import { toy } from "../../src/engine/experiments/toy";
import { formatShare } from "../../src/renderer/lib/format";
import { toyRuns, toySweeps } from "../../src/shared/lab/toy";
import { runExperiment } from "../support/run-experiment";
import { expect, test } from "./fixtures";
import { cellsOf, inBothThemes, openLabPage, shoot } from "./lab-page";
import { axeFindings, colourAt } from "./stored-gallery";

const white = [255, 255, 255];
// a run of 25 cells takes a second, and several on a busy machine
const slow = { timeout: 60_000 };

async function enter(field: Locator, text: string): Promise<void> {
  await field.fill(text);
  await field.press("Enter");
}

test("below p* the toys get stuck, above it they are white, and the page says what the engine computed", async ({
  proxima: { page },
}) => {
  const content = await openLabPage(page, "White-image toys");
  const words = content.getByRole("status").first();
  const cells = toyRuns.T4.length + toySweeps.T4.length;
  await expect(words).toHaveText(`${cells} cells to compute.`);
  await shoot(page, "toys-empty");
  await enter(content.getByRole("spinbutton", { name: "Image side" }), "16");
  await expect(words).toHaveText(`${cells} cells to compute.`);
  await content.getByRole("button", { name: "Run", exact: true }).click();
  await expect(words).toHaveText(`All ${cells} cells are computed.`, slow);

  const { rows } = await runExperiment(toy, { size: 16 });
  const table = content.getByRole("table", { name: /^White-image toys/ });
  const shown = await cellsOf(table);
  expect(shown.map(([, s, p, , w, b, stuck]) => [s, p, w, b, stuck])).toEqual(
    rows.map((row) => [
      String(row.forward),
      String(row.backward),
      ...[row.white, row.black, row.stuck].map(formatShare),
    ]),
  );
  const run = (name: string) =>
    content.getByRole("figure", { name, exact: true });
  await expect(run("ReLU")).toContainText("below p* stuck at");
  await expect(run("Leaky ReLU 0.1")).toContainText("below p* stuck at");
  await expect(run("ProxyGrad 0.1")).toContainText("below p* stuck at");
  await expect(run("ProxyGrad 0.2")).toContainText("above p* all white");
  await expect(content).toContainText("p* = N / P = 4 / 24 = 0.1667");
  await expect(content).toContainText(
    "max |k̂|² = 784 is no more than 2 S² / (1 − s) = 800",
  );
  const corner = (name: string) =>
    colourAt(run(name).getByRole("img"), { x: 8, y: 8 });
  await expect.poll(() => corner("ProxyGrad 0.2")).toEqual(white);
  await shoot(page, "toys");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });

  // The film: at step 0 everybody has the start.
  const step = content.getByRole("slider", { name: "Step" });
  await step.fill("0");
  const start = content.getByRole("img", { name: "Start" });
  const above = content.getByRole("img", { name: "ProxyGrad 0.2, step 0" });
  await expect(above).toBeVisible();
  for (const [x, y] of [
    [1, 2],
    [8, 8],
    [15, 4],
  ] as const)
    await expect
      .poll(() => colourAt(above, { x, y }))
      .toEqual(await colourAt(start, { x, y }));
  await step.fill("60");
  await shoot(page, "toys-half-way");
  await content.getByRole("button", { name: "Watch" }).click();
  await content.getByRole("button", { name: "Pause" }).click();

  // Another slope is one more cell.
  await enter(
    page.getByRole("spinbutton", { name: "backward slope of ProxyGrad 0.2" }),
    "0.5",
  );
  await expect(words).toHaveText(
    `${cells - 1} of ${cells} cells are computed.`,
  );
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(run("ProxyGrad 0.5")).toContainText("above p* all white");
});

test("the other toys have their own weights, and a kernel without a white image is refused", async ({
  proxima: { page },
}) => {
  const content = await openLabPage(page, "White-image toys");
  const words = content.getByRole("status").first();
  await enter(content.getByRole("spinbutton", { name: "Image side" }), "16");
  await enter(
    content.getByRole("spinbutton", { name: "Kernel, row 2, column 2" }),
    "-1",
  );
  await expect(content.getByRole("alert")).toContainText("no positive weight");
  await shoot(page, "toys-refused");
  await content.getByRole("combobox", { name: "Kernel size" }).selectOption("1 × 1"); // prettier-ignore
  await enter(
    content.getByRole("spinbutton", { name: "Kernel, row 1, column 1" }),
    "2",
  );
  await expect(content.getByRole("alert")).toHaveCount(0);
  await expect(content).toContainText("so p* = 0");

  await content.getByRole("button", { name: "T3 Two weights" }).click();
  await enter(content.getByRole("spinbutton", { name: "λ" }), "0.4");
  await expect(content).toContainText("p* = N / P = 0.4 / 1 = 0.4000");
  await content.getByRole("button", { name: "Run", exact: true }).click();
  await expect(words).toHaveText(/^All 25 cells/, slow);
  const table = content.getByRole("table", { name: /^White-image toys/ });
  const swept = (await cellsOf(table)).slice(4);
  for (const [, , p, side, share] of swept) {
    const slope = Number(p);
    if (slope < 0.4) expect(share).not.toBe("100.0 %");
    if (slope > 0.45) expect(share).toBe("100.0 %");
    expect(side).toBe(slope < 0.4 ? "below p*" : slope > 0.4 ? "above p*" : "at p*"); // prettier-ignore
  }
  await shoot(page, "toys-t3");
});

test("the backward pass by hand follows what is typed", async ({
  proxima: { page },
}) => {
  const content = await openLabPage(page, "Backward by hand");
  const method = (name: string) =>
    content.getByRole("region", { name, exact: true });
  const numbers = (name: string) => method(name).getByRole("cell");
  await expect(numbers("ReLU")).toHaveText(
    ["1.5", "0", "0", "3", "2", "0", "0", "0.5"],
    { timeout: 30_000 },
  );
  await expect(numbers("Leaky ReLU 0.3")).toHaveText(["1.5", "−0.15", "−0.6", "3", "2", "−0.3", "1.2", "0.5"]); // prettier-ignore
  await expect(numbers("ProxyGrad 0.3")).toHaveText(["1.5", "0", "0", "3", "2", "−0.3", "1.2", "0.5"]); // prettier-ignore
  await shoot(page, "backward");
  await inBothThemes(page, async () => {
    expect(await axeFindings(page)).toEqual([]);
  });
  await enter(content.getByRole("spinbutton", { name: "Slope" }), "0.5");
  await enter(
    content.getByRole("spinbutton", { name: "Input x, row 1, column 1" }),
    "-2",
  );
  await expect(numbers("ProxyGrad 0.5")).toHaveText(["0", "0", "0", "3", "1", "−0.5", "2", "0.5"]); // prettier-ignore
  await content.getByRole("combobox", { name: "Size" }).selectOption("3 × 3");
  await expect(numbers("ProxyGrad 0.5")).toHaveCount(18);
});
