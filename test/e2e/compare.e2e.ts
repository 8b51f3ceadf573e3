/** The main job in the real app with the real engine: pick, run, watch, stop, scrub, and what can go wrong. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { answerDialogs } from "./dialogs";
import { dropFiles } from "./drop";
import { callMain } from "./engine-calls";
import { expect, test } from "./fixtures";
import { axeFindings } from "./stored-gallery";

const runButton = (page: Page) =>
  page.getByRole("button", { name: /^Run \d+/ });
const stopButton = (page: Page) => page.getByRole("button", { name: /^Stop/ });
const tiles = (page: Page) => page.getByRole("gridcell");
const tile = (page: Page, row: number, column: number) =>
  tiles(page).nth(row * 3 + column);
const status = (tile: Locator) => tile.locator(".status");
const score = async (tile: Locator): Promise<number> =>
  Number((await tile.locator(".score").textContent())?.replace("−", "-"));

/** Waits for the bundled network to be laid out. */
async function ready(page: Page): Promise<void> {
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
}

/** Sets a field of the Run panel as a user does. */
async function setField(page: Page, name: string, value: number) {
  await page.getByRole("tab", { name: /^Run/ }).click();
  const field = page.getByRole("spinbutton", { name, exact: true });
  await field.fill(String(value));
  await field.press("Enter");
}

/** Two classes and few steps, so that a run takes seconds. */
async function shortRun(page: Page, steps: number): Promise<void> {
  await ready(page);
  const search = page.getByRole("searchbox");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await search.fill("94, 72");
  await search.press("Enter");
  await setField(page, "Steps", steps);
  await setField(page, "Keep every", 5);
  await page.getByRole("tab", { name: "Picture" }).click();
  await page.keyboard.press("ControlOrMeta+Enter");
}

async function finished(page: Page): Promise<void> {
  await expect(stopButton(page)).toBeHidden({ timeout: 60_000 });
}

/** The mean of a canvas' colours and how much they vary. */
function colours(canvas: Locator): Promise<{ mean: number; spread: number }> {
  return canvas.evaluate((element: HTMLCanvasElement) => {
    const image = element
      .getContext("2d")
      ?.getImageData(0, 0, element.width, element.height);
    const values = [...(image?.data ?? [])].filter((_, i) => i % 4 !== 3);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const spread = Math.sqrt(
      values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length,
    );
    return { mean, spread };
  });
}

test("first start: eight classes are picked, and Run makes pictures grow until Stop", async ({
  proxima: { page },
}) => {
  await ready(page);
  await expect(runButton(page)).toHaveText(/Run 24/);
  await expect(page.getByRole("listbox", { name: "Picked" })).toContainText(
    "dalmatian",
  );
  await runButton(page).click();
  const first = tile(page, 0, 2);
  await expect(status(first)).toHaveText(/^step \d+/, { timeout: 30_000 });
  await expect.poll(() => score(first), { timeout: 30_000 }).toBeGreaterThan(5);
  const canvas = first.locator("canvas");
  const { mean, spread } = await colours(canvas);
  // ±3 σ around the mean: middle grey, a sixth of the range either way.
  expect(mean).toBeGreaterThan(110);
  expect(mean).toBeLessThan(145);
  expect(spread).toBeGreaterThan(30);
  // All columns start alike, and then part.
  expect(await score(tile(page, 0, 0))).not.toBe(await score(first));

  await page.keyboard.press("Escape");
  await finished(page);
  await expect(status(first)).toHaveText(/^stopped: \d+$/);
  await expect(first.locator("canvas")).toBeVisible();
  await expect(runButton(page)).toBeVisible();
});

test("pick by id, run, scrub through kept steps and back", async ({
  proxima: { page },
  userData,
}) => {
  await shortRun(page, 20);
  await finished(page);
  const last = tile(page, 0, 2);
  const end = await score(last);
  await expect(last).toContainText("top-1 ✓");
  await expect(tile(page, 0, 0)).toContainText("baseline");
  await expect(last.locator(".difference")).toHaveText(/%|^[+−]/);

  await last.click();
  await page.keyboard.press("[");
  await expect(status(last)).toHaveText("step 15");
  expect(await score(last)).not.toBe(end);
  await page.keyboard.press("[");
  await page.keyboard.press("[");
  await expect(status(last)).toHaveText("step 5");
  await expect(status(tile(page, 1, 0))).toHaveText("step 5");
  expect(await score(last)).toBeLessThan(end);
  for (let i = 0; i < 3; i++) await page.keyboard.press("]");
  await expect(status(last)).toHaveText("");
  expect(await score(last)).toBe(end);

  // What the record says is in the panel, and on disk.
  const panel = page.getByRole("tabpanel");
  await expect(panel).toContainText("20 of 20");
  await expect(panel).toContainText("What the network sees");
  const galleries = await readdir(join(userData, "library"));
  expect(galleries.filter((name) => !name.startsWith("."))).toHaveLength(1);
});

test("contrast is one rule for all pictures", async ({ proxima: { page } }) => {
  await shortRun(page, 10);
  await finished(page);
  const canvas = tile(page, 0, 2).locator("canvas");
  const stretched = await colours(canvas);
  await page.getByRole("button", { name: "raw" }).click();
  await expect
    .poll(async () => (await colours(canvas)).spread)
    .toBeLessThan(stretched.spread / 2);
  await page.getByRole("button", { name: "1–99 %" }).click();
  await expect
    .poll(async () => (await colours(canvas)).spread)
    .toBeGreaterThan(stretched.spread);
});

test("a second run waits in the queue and can be removed", async ({
  proxima: { page },
}) => {
  await shortRun(page, 400);
  await expect(stopButton(page)).toBeVisible();
  await page.keyboard.press("ControlOrMeta+Enter");
  await page.keyboard.press("ControlOrMeta+Enter");
  await page.getByRole("button", { name: "Queue, 2 waiting" }).click();
  const queue = page.getByRole("dialog", { name: "Queue" });
  await queue
    .getByRole("button", { name: /^Remove/ })
    .first()
    .click();
  await expect(queue.getByRole("listitem")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(queue).toBeHidden();
  // That Esc was the popover's; the next one is the run's.
  await expect(stopButton(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await finished(page);
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(stopButton(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await finished(page);
});

test("columns: another slope, another kind, equal ones marked, undo", async ({
  proxima: { page },
}) => {
  await ready(page);
  const heads = page.getByRole("columnheader");
  await page.getByRole("button", { name: "Add a column" }).click();
  await expect(runButton(page)).toHaveText(/Run 32/);
  const slope = heads.nth(4).getByRole("spinbutton");
  await expect(slope).toHaveValue("0.3");
  await slope.fill("2");
  await slope.press("Enter");
  await expect(slope).toHaveAttribute("aria-invalid", "true");
  await slope.press("Escape");
  await expect(slope).toHaveValue("0.3");
  await heads.nth(4).getByRole("button").click();
  await page.getByRole("menuitemradio", { name: "ReLU", exact: true }).click();
  await expect(heads.nth(4)).toContainText("same as ReLU");
  await heads.nth(4).getByRole("button").click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await expect(runButton(page)).toHaveText(/Run 24/);
  await page.keyboard.press("ControlOrMeta+z");
  await expect(runButton(page)).toHaveText(/Run 32/);
  await page.keyboard.press("ControlOrMeta+Shift+z");
  await expect(runButton(page)).toHaveText(/Run 24/);
  await page.keyboard.press("ControlOrMeta+z");
  await page.keyboard.press("ControlOrMeta+z");
  await expect(heads.nth(4)).not.toContainText("same as ReLU");
  await expect(slope).toHaveValue("0.3");

  // In the field itself the key takes back the slope, or the letters while there are some.
  await slope.fill("0.45");
  await slope.press("Enter");
  await slope.pressSequentially("77");
  await slope.press("Escape");
  await expect(slope).toHaveValue("0.45");
  await slope.press("ControlOrMeta+z");
  await expect(slope).toHaveValue("0.3");
  await slope.press("ControlOrMeta+y");
  await expect(slope).toHaveValue("0.45");
  // And so with a setting.
  await setField(page, "Steps", 123);
  const steps = page.getByRole("spinbutton", { name: "Steps", exact: true });
  await steps.press("ControlOrMeta+z");
  await expect(steps).not.toHaveValue("123");
  await page.keyboard.press("ControlOrMeta+Shift+z");
  await expect(steps).toHaveValue("123");
});

test("everything of a run with the keyboard alone", async ({
  proxima: { page },
}) => {
  await ready(page);
  const search = page.getByRole("searchbox");
  await search.focus();
  await page.keyboard.type("pizz");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await expect(runButton(page)).toHaveText(/Run 21/);
  await page.keyboard.press("Space");
  await expect(runButton(page)).toHaveText(/Run 24/);
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(status(tile(page, 0, 0))).toHaveText(/^step \d+/, {
    timeout: 30_000,
  });
  await page.keyboard.press("Escape");
  await finished(page);
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("3");
  await expect(tile(page, 1, 2)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Space");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByRole("grid")).toBeFocused();
  await page.keyboard.press("Delete");
  await expect(runButton(page)).toHaveText(/Run 21/);
});

test("the last gallery is there again after a restart, with its choices", async ({
  launch,
}) => {
  const first = await launch();
  await shortRun(first.page, 12);
  await finished(first.page);
  const before = await score(tile(first.page, 1, 2));
  const seen = await colours(tile(first.page, 1, 2).locator("canvas"));
  await first.page.getByRole("button", { name: "1×" }).click();
  await first.close();

  const second = await launch();
  await ready(second.page);
  await expect(runButton(second.page)).toHaveText(/Run 6/);
  const again = tile(second.page, 1, 2);
  await expect.poll(() => score(again)).toBe(before);
  await expect
    .poll(async () => (await colours(again.locator("canvas"))).spread)
    .toBeCloseTo(seen.spread, 6);
  await expect(second.page.getByRole("button", { name: "1×" })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
});

test("a killed engine keeps what is there, says so, and goes on after one click", async ({
  proxima,
}) => {
  const { page } = proxima;
  await shortRun(page, 2000);
  const running = tile(page, 0, 2);
  await expect
    .poll(() => score(running), { timeout: 30_000 })
    .toBeGreaterThan(1);
  process.kill(await proxima.engine(), "SIGKILL");
  const banner = page.getByRole("alert").filter({ hasText: "Restart" });
  await expect(banner).toBeVisible();
  await expect(status(running)).toHaveText(/^lost: \d+$/);
  await expect(running.locator("canvas")).toBeVisible();
  await banner.getByRole("button", { name: "Restart" }).click();
  await expect(banner).toBeHidden({ timeout: 30_000 });
  // the window asks the new engine for its network first
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
  await setField(page, "Steps", 5);
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(running).toContainText("top-1", { timeout: 30_000 });
  await finished(page);
  await expect(status(running)).toHaveText("");
});

test.describe("what is no network", () => {
  let folder: string;
  test.beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "proxima-refused-"));
  });
  test.afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test("is refused with what was found and what to do; the open network stays", async ({
    proxima: { app, page },
  }) => {
    await ready(page);
    await writeFile(join(folder, "model.json"), '{"format": "layers-model"');
    await dropFiles(page, [folder]);
    const refusal = page.getByRole("dialog", { name: /cannot be opened/ });
    await expect(refusal).toContainText("model.json");
    await expect(refusal).toContainText("TensorFlow.js");
    await page.keyboard.press("Escape");
    await expect(refusal).toBeHidden();
    await expect(runButton(page)).toHaveText(/Run 24/);

    await answerDialogs(app, { open: [join(folder, "model.json")] });
    await page.keyboard.press("ControlOrMeta+o");
    await expect(refusal).toBeVisible();
    await refusal
      .getByRole("button", { name: "Close", exact: true })
      .last()
      .click();
    await expect(refusal).toBeHidden();
  });
});

for (const theme of ["dark", "light"] as const)
  test(`axe finds nothing, ${theme}`, async ({ proxima: { page } }) => {
    await callMain(page, "settings.change", { theme });
    await ready(page);
    await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
    expect(await axeFindings(page), "before the first run").toEqual([]);
    await shortRun(page, 400);
    await expect(status(tile(page, 0, 0))).toHaveText(/^step \d+/, {
      timeout: 30_000,
    });
    await page.keyboard.press("ControlOrMeta+Enter");
    expect(await axeFindings(page), "while running").toEqual([]);
    await page.keyboard.press("Escape");
    await finished(page);
    await tile(page, 0, 2).click();
    expect(await axeFindings(page), "with a record").toEqual([]);
    await page.getByRole("tab", { name: /^Run/ }).click();
    expect(await axeFindings(page), "settings of the run").toEqual([]);
    await page.getByRole("button", { name: /128 × 128/ }).click();
    expect(await axeFindings(page), "the network's card").toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "ProxyGrad" }).click();
    expect(await axeFindings(page), "a column's menu").toEqual([]);
  });
