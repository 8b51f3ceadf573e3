import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { axeFindings, storeGallery, tilesOf } from "./stored-gallery";

test.beforeEach(async ({ userData }) => {
  await storeGallery(userData, { id: "old", targets: [3] });
  await storeGallery(userData, {
    id: "young",
    createdAt: "2026-02-05T10:00:00.000Z",
  });
});

async function openLibrary(page: Page): Promise<Locator> {
  await tilesOf(page);
  await page.getByRole("button", { name: "Library" }).click();
  const cards = page
    .getByRole("list", { name: "Galleries" })
    .getByRole("listitem");
  await expect(cards.first()).toBeVisible();
  return cards;
}

/** Whether all pictures of a card are painted: none is one colour only. */
async function arePainted(card: Locator): Promise<boolean> {
  return card.locator("canvas").evaluateAll((canvases) =>
    canvases.every((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const data = (canvas as HTMLCanvasElement)
        .getContext("2d")
        ?.getImageData(0, 0, width, height).data;
      return new Set(data).size > 16;
    }),
  );
}

test("galleries are shown with pictures, found, and opened", async ({
  proxima: { page },
}) => {
  const cards = await openLibrary(page);
  await expect(cards).toHaveCount(2);
  await expect(cards.first()).toContainText("6 pictures");
  await expect(cards.first()).toContainText("open");
  await expect(cards.first().locator("canvas")).toHaveCount(6);
  await expect(cards.nth(1).locator("canvas")).toHaveCount(3);
  await expect.poll(() => arePainted(cards.first())).toBe(true);
  await expect.poll(() => arePainted(cards.nth(1))).toBe(true);

  const search = page.getByRole("searchbox", { name: "Search the library" });
  await search.fill("no such class");
  await expect(page.getByText("No gallery matches.")).toBeVisible();
  await page.getByRole("button", { name: "Show all 2" }).click();
  await expect(cards).toHaveCount(2);
  await page.getByRole("combobox", { name: "Order" }).selectOption("oldest");
  await expect(cards.first()).toContainText("3 pictures");

  await cards.first().getByRole("button").first().click();
  const tiles = await tilesOf(page);
  await expect(tiles).toHaveCount(3);
  await expect(tiles.first()).toContainText("28.0");
  // What was looked for is still there when one comes back, and the other one is open now.
  await page.getByRole("button", { name: "Library" }).click();
  await expect(cards.first()).toContainText("open");
  await expect(cards.nth(1)).not.toContainText("open");
});

test("a gallery is deleted with the keyboard and comes back with an undo", async ({
  proxima: { page },
  userData,
}) => {
  const onDisk = async () =>
    (await readdir(join(userData, "library"))).filter(
      (name) => !name.startsWith("."),
    );
  const cards = await openLibrary(page);
  await cards.first().getByRole("button").first().focus();
  await page.keyboard.press("ArrowRight");
  await expect(cards.nth(1).getByRole("button").first()).toBeFocused();
  await page.keyboard.press("Delete");
  await expect(cards).toHaveCount(1);
  expect(await onDisk()).toEqual(["young"]);
  // The neighbour has the focus, so that the next key has a meaning.
  await expect(cards.first().getByRole("button").first()).toBeFocused();

  await page.keyboard.press("ControlOrMeta+z");
  await expect(cards).toHaveCount(2);
  expect((await onDisk()).sort()).toEqual(["old", "young"]);

  await cards
    .first()
    .getByRole("button", { name: /^More for/ })
    .click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(cards).toHaveCount(1);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(cards).toHaveCount(2);
});

test("clearing the library asks, says how much, and leaves nothing", async ({
  proxima: { page },
  userData,
}) => {
  await openLibrary(page);
  await page.keyboard.press("ControlOrMeta+,");
  const settings = page.getByRole("dialog", { name: "Settings" });
  await expect(settings.getByTestId("library-size")).toContainText(
    "9 runs of 2 galleries",
  );
  await settings.getByRole("button", { name: "Clear…" }).click();
  const question = page.getByRole("alertdialog", {
    name: "Clear the library?",
  });
  await expect(question).toContainText("9 runs of 2 galleries");
  await expect(
    question.getByRole("button", { name: "Keep them" }),
  ).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(question).toBeHidden();
  await expect(settings.getByTestId("library-size")).toContainText("9 runs");

  await settings.getByRole("button", { name: "Clear…" }).click();
  await question.getByRole("button", { name: "Delete everything" }).click();
  await expect(settings.getByTestId("library-size")).toContainText("0 B");
  await settings.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText("Nothing here yet.")).toBeVisible();
  expect(await readdir(join(userData, "library"))).toEqual([]);
});

test("axe finds nothing in the library and in the settings", async ({
  proxima: { page },
}) => {
  await openLibrary(page);
  for (const theme of ["dark", "light"]) {
    await page.evaluate((theme) => {
      document.documentElement.dataset["theme"] = theme;
    }, theme);
    expect(await axeFindings(page)).toEqual([]);
  }
  for (const [key, name] of [
    ["ControlOrMeta+,", "Settings"],
    ["?", "Keyboard shortcuts"],
  ] as const) {
    await page.keyboard.press(key);
    await expect(page.getByRole("dialog", { name })).toBeVisible();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog", { name })).toBeHidden();
  }
});
