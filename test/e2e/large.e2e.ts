import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import {
  axeFindings,
  colourAt,
  rawColour,
  scoreAt,
  storeGallery,
  tilesOf,
  valueAt,
} from "./stored-gallery";

test.beforeEach(async ({ userData }) => {
  await storeGallery(userData);
});

/** Opens columns of the first row large, with values as they are. */
async function openLarge(page: Page, columns: number[]): Promise<Locator> {
  const tiles = await tilesOf(page);
  await page.getByRole("button", { name: "raw" }).click();
  for (const [i, column] of columns.entries())
    await tiles
      .nth(column)
      .click({ modifiers: i === 0 ? [] : ["ControlOrMeta"] });
  await page.keyboard.press("Space");
  const view = page.getByRole("dialog");
  await expect(
    view.getByRole("group", { name: "Pictures", exact: true }),
  ).toBeVisible();
  return view;
}

function pane(view: Locator, place = 0): Locator {
  return view.locator(".stage canvas").nth(place);
}

/** The inspected pixel, counted from the top left. */
async function inspected(view: Locator): Promise<{ x: number; y: number }> {
  const text = (await view.getByTestId("inspector").textContent()) ?? "";
  const [, x, y] = /x (\d+) · y (\d+)/.exec(text) ?? [];
  return { x: Number(x), y: Number(y) };
}

/**
 * Points at a share of a canvas: the pixel under the pointer, and the colour that is painted there.
 * The middle itself is the border of two pixels.
 */
async function pointAt(view: Locator, canvas: Locator, x: number, y = 0.47) {
  const box = await canvas.boundingBox();
  if (!box) throw new Error("The canvas is not on the screen.");
  const at = { x: Math.floor(x * box.width), y: Math.floor(y * box.height) };
  await canvas.page().mouse.move(box.x + at.x, box.y + at.y);
  const ratio = await canvas.evaluate(() => devicePixelRatio);
  return {
    pixel: await inspected(view),
    colour: await colourAt(canvas, { x: at.x * ratio, y: at.y * ratio }),
  };
}

/** A pane shows a column of the first row, pixel by pixel. */
async function expectColumn(
  view: Locator,
  canvas: Locator,
  column: number,
  x: number,
  y = 0.47,
) {
  const { pixel, colour } = await pointAt(view, canvas, x, y);
  expect([...colour]).toEqual(rawColour(pixel, { row: 0, column, step: 6 }));
}

test("pictures side by side share zoom and pan", async ({
  proxima: { page },
}) => {
  const view = await openLarge(page, [0, 2]);
  const bothOwn = async (x: number, y: number) => {
    await expectColumn(view, pane(view, 0), 0, x, y);
    await expectColumn(view, pane(view, 1), 2, x, y);
  };
  await bothOwn(0.47, 0.52);
  await bothOwn(0.41, 0.57);

  // The inspector says what the picture holds, for both.
  const { pixel } = await pointAt(view, pane(view), 0.41, 0.57);
  const read = await view.getByTestId("inspector").textContent();
  const values = [...(read ?? "").matchAll(/[+−]\d\.\d{3}/g)].map(([text]) =>
    Number(text.replace("−", "-")),
  );
  const wanted = [0, 2].flatMap((column) =>
    [0, 1, 2].map((channel) =>
      valueAt({ ...pixel, channel }, { row: 0, column, step: 6 }),
    ),
  );
  expect(values).toEqual(wanted.map((x) => expect.closeTo(x, 2)));

  // The wheel zooms at the cursor: the pixel under it stays under it.
  const zoom = view.getByRole("status", { name: "Zoom" });
  for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -300);
  await expect(zoom).toHaveText(/^6400 %$/);
  expect(await inspected(view)).toEqual(pixel);
  await bothOwn(0.41, 0.57);

  // A drag takes the picture along, in both panes.
  const box = await pane(view).boundingBox();
  if (!box) throw new Error("The canvas is not on the screen.");
  const at = { x: box.x + 0.41 * box.width, y: box.y + 0.57 * box.height };
  await page.mouse.move(at.x, at.y);
  const held = await inspected(view);
  await page.mouse.down();
  await page.mouse.move(at.x + 128, at.y + 64, { steps: 3 });
  await page.mouse.up();
  expect(await inspected(view)).toEqual(held);
  expect((await pointAt(view, pane(view), 0.41, 0.57)).pixel).toEqual({
    x: held.x - 2,
    y: held.y - 1,
  });
  await bothOwn(0.47, 0.52);

  await page.keyboard.press("0");
  const fit = view.getByRole("button", { name: "Fit", exact: true });
  await expect(fit).toHaveAttribute("aria-pressed", "true");
});

test("the wipe shows each picture on its side of the divider", async ({
  proxima: { page },
}) => {
  const view = await openLarge(page, [0, 2]);
  await page.keyboard.press("w");
  await expect(pane(view, 1)).toBeHidden();
  const divider = view.getByRole("slider", {
    name: "Divider between ReLU and ProxyGrad 0.2",
  });
  await expect(divider).toHaveAttribute("aria-valuenow", "50");
  await expectColumn(view, pane(view), 0, 0.46);
  await expectColumn(view, pane(view), 2, 0.54);

  await divider.focus();
  await page.keyboard.press("Home");
  await expectColumn(view, pane(view), 2, 0.46);
  await page.keyboard.press("End");
  await expectColumn(view, pane(view), 0, 0.54);
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(divider).toHaveAttribute("aria-valuenow", "11");

  // By hand, to the right of the middle.
  const box = await pane(view).boundingBox();
  const handle = await divider.boundingBox();
  if (!box || !handle) throw new Error("The divider is not on the screen.");
  const middle = handle.y + handle.height / 2;
  await page.mouse.move(handle.x + handle.width / 2, middle);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.56 * box.width, middle, { steps: 4 });
  await page.mouse.up();
  await expectColumn(view, pane(view), 0, 0.53, 0.4);
  await expectColumn(view, pane(view), 2, 0.59, 0.4);
});

test("the difference is signed around grey, on the scale it names", async ({
  proxima: { page },
}) => {
  const view = await openLarge(page, [0, 2]);
  await page.keyboard.press("d");
  await expect(view.getByText("ProxyGrad 0.2 − ReLU")).toBeVisible();
  const text = await view.getByTestId("difference-scale").textContent();
  const scale = Number(/\+([\d.]+)/.exec(text ?? "")?.[1]);
  // Two waves of 0.5 are at most 1 apart.
  expect(scale).toBeGreaterThan(0.5);
  expect(scale).toBeLessThanOrEqual(1);
  for (const share of [0.42, 0.46, 0.49, 0.54, 0.58]) {
    const { pixel, colour } = await pointAt(view, pane(view), share, share);
    for (const [channel, drawn] of colour.entries()) {
      const [a = 0, b = 0] = [0, 2].map((column) =>
        valueAt({ ...pixel, channel }, { row: 0, column, step: 6 }),
      );
      const wanted = 128 + (127 * (b - a)) / scale;
      // The named scale has three digits.
      expect(Math.abs(drawn - Math.min(255, Math.max(0, wanted)))).toBeLessThan(
        1.5,
      );
    }
  }
});

test("the keyboard moves through tiles, methods, steps and modes", async ({
  proxima: { page },
}) => {
  const view = await openLarge(page, [0]);
  const heads = view.locator(".stage .head h3");
  const title = view.getByRole("heading", { level: 2 });
  const step = view.getByTestId("large-step");
  const scores = view.getByTestId("large-score");

  await expect(heads).toHaveText(["ReLU"]);
  await expect(title).toContainText("row 1 of 2");
  await page.keyboard.press("ArrowRight");
  await expect(heads).toHaveText(["Leaky ReLU 0.2"]);
  await page.keyboard.press("3");
  await expect(heads).toHaveText(["ProxyGrad 0.2"]);
  await page.keyboard.press("Shift+Digit1");
  await expect(heads).toHaveText(["ReLU", "ProxyGrad 0.2"]);
  await page.keyboard.press("ArrowDown");
  await expect(title).toContainText("row 2 of 2");
  await expect(heads).toHaveText(["ReLU", "ProxyGrad 0.2"]);

  const score = (column: number, k: number) => scoreAt(1, column, k).toFixed(1);
  await expect(step).toHaveText("step 6");
  await expect(scores).toHaveText([score(0, 6), score(2, 6)]);
  await page.keyboard.press("[");
  await expect(step).toHaveText("step 4");
  await expect(scores).toHaveText([score(0, 4), score(2, 4)]);
  await expect
    .poll(async () => {
      const { pixel, colour } = await pointAt(view, pane(view, 1), 0.48);
      const wanted = rawColour(pixel, { row: 1, column: 2, step: 4 });
      return colour.every((one, i) => one === wanted[i]);
    })
    .toBe(true);
  await page.keyboard.press("]");
  await expect(step).toHaveText("step 6");

  await page.keyboard.press("Space");
  await expect(view).toBeHidden();
  // Back where one was: the grid has the keys, and the tiles are chosen.
  await expect(page.getByRole("grid")).toBeFocused();
  await expect(page.getByRole("gridcell", { selected: true })).toHaveCount(2);
  await page.keyboard.press("Space");
  await expect(view).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(view).toBeHidden();
});

test("three tiles have two dividers, and a blink that says what it shows", async ({
  proxima: { page },
}) => {
  const view = await openLarge(page, [0, 1, 2]);
  await page.keyboard.press("w");
  const dividers = view.getByRole("slider");
  await expect(dividers).toHaveCount(2);
  await expectColumn(view, pane(view), 1, 0.48);
  await dividers.first().focus();
  await page.keyboard.press("End");
  // The first pushes the second along.
  await expect(dividers.nth(1)).toHaveAttribute("aria-valuenow", "100");

  await page.keyboard.press("b");
  const tag = view.locator(".stage .tag");
  for (const name of ["ReLU", "Leaky ReLU 0.2", "ProxyGrad 0.2", "ReLU"])
    await expect(tag).toHaveText(name);
  await page.keyboard.press("b");
  await expect(view.getByRole("button", { name: "Play" })).toBeVisible();
});

test("nothing blinks by itself where less motion is wanted", async ({
  proxima: { page },
}) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const view = await openLarge(page, [0, 2]);
  await page.keyboard.press("b");
  await expect(view.getByRole("button", { name: "Play" })).toBeVisible();
  const tag = view.locator(".stage .tag");
  await expect(tag).toHaveText("ReLU");
  await page.keyboard.press("x");
  await expect(tag).toHaveText("ProxyGrad 0.2");
});

for (const theme of ["dark", "light"] as const)
  test(`axe finds nothing in the large view, ${theme}`, async ({
    proxima: { page },
  }) => {
    const view = await openLarge(page, [0, 1, 2]);
    await page.evaluate((theme) => {
      document.documentElement.dataset["theme"] = theme;
    }, theme);
    for (const key of ["s", "w", "d"]) {
      await page.keyboard.press(key);
      await expect(view).toBeVisible();
      expect(await axeFindings(page)).toEqual([]);
    }
  });
