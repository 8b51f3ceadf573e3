/** Every workspace is visited again and again, and lives on each time. */
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { openLabPage } from "./lab-page";
import { storeGallery, tilesOf } from "./stored-gallery";

function visit(page: Page, workspace: string): Promise<void> {
  return page
    .getByRole("navigation", { name: "Workspaces" })
    .getByRole("button", { name: new RegExp(`^${workspace}`) })
    .click();
}

test("every workspace follows what happens on its first visit and on the second", async ({
  launch,
  userData,
}) => {
  test.setTimeout(120_000);
  for (const [id, day, targets] of [
    ["old", "01", [3]],
    ["middle", "02", [20, 36]],
    ["young", "03", [5]],
  ] as const)
    await storeGallery(userData, {
      id,
      targets,
      createdAt: `2026-01-${day}T10:00:00.000Z`,
    });
  const { page } = await launch();
  const tiles = await tilesOf(page);
  const cards = page
    .getByRole("list", { name: "Galleries" })
    .getByRole("listitem");
  const search = page.getByRole("searchbox", { name: "Search the library" });
  const order = page.getByRole("combobox", { name: "Order" });
  const sets = { old: "3 pictures", middle: "6 pictures" };

  for (const round of [1, 2]) {
    // The library: search, sort, delete and take back; what came since the last visit is there.
    const there = 2 + round;
    await visit(page, "Library");
    await expect(cards).toHaveCount(there);
    await search.fill("no such class");
    await expect(page.getByText("No gallery matches.")).toBeVisible();
    await search.fill("");
    await expect(cards).toHaveCount(there);
    await order.selectOption("oldest");
    await expect(cards.first()).toContainText(sets.old);
    await expect(cards.nth(1)).toContainText(sets.middle);
    await cards.first().getByRole("button").first().focus();
    await page.keyboard.press("Delete");
    await expect(cards).toHaveCount(there - 1);
    await expect(cards.first()).toContainText(sets.middle);
    await page.keyboard.press("ControlOrMeta+z");
    await expect(cards).toHaveCount(there);
    await expect(cards.first()).toContainText(sets.old);
    await order.selectOption("newest");
    await expect(cards.last()).toContainText(sets.old);

    // Compare: a gallery of the library, its rows, the selection; a run of it is one more gallery.
    await cards.last().getByRole("button").first().click();
    await expect(tiles).toHaveCount(3);
    await tiles.last().click();
    await expect(tiles.last()).toHaveAttribute("aria-selected", "true");
    await page
      .getByRole("columnheader")
      .getByRole("button", { name: /^ProxyGrad/ })
      .click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await expect(tiles).toHaveCount(2);
    await page.keyboard.press("ControlOrMeta+z");
    await expect(tiles).toHaveCount(3);
    await page.keyboard.press("ControlOrMeta+Enter");
    await expect(page.getByText("Done: 3 pictures")).toHaveCount(1, {
      timeout: 60_000,
    });

    // The Network page and the Lab: what is open, and what is changed there, is followed.
    await visit(page, "Network");
    await expect(
      page.getByRole("heading", { name: /^ResNet-18/ }),
    ).toBeVisible();
    const lab = await openLabPage(page, "Backward by hand");
    const slope = lab.getByRole("spinbutton", { name: "Slope", exact: true });
    await slope.fill(`0.${round}5`);
    await slope.press("Enter");
    await expect(lab.getByText(`Leaky ReLU 0.${round}5`).first()).toBeVisible();
  }
});
