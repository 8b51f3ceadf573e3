/** Keys of the grid and of the window, the menu of text fields, and where an export was written. */
import { join } from "node:path";
import { answerDialogs } from "./dialogs";
import { expect, test } from "./fixtures";
import { storeGallery, tilesOf } from "./stored-gallery";

interface Kept {
  shown?: string[];
}

test.beforeEach(async ({ userData }) => {
  await storeGallery(userData);
});

test("tiles are chosen, opened and left with the keyboard alone, and workspaces changed", async ({
  proxima: { page },
}) => {
  const tiles = await tilesOf(page);
  const chosen = page.getByRole("gridcell", { selected: true });
  await tiles.first().click();
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(chosen).toHaveCount(4);
  await page.keyboard.press("Shift+ArrowUp");
  await expect(chosen).toHaveCount(2);
  await page.keyboard.press("Enter");
  const large = page.getByRole("dialog");
  await expect(large).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(large).toBeHidden();
  await expect(page.getByRole("grid")).toBeFocused();

  await page.keyboard.press("ControlOrMeta+a");
  await expect(chosen).toHaveCount(6);
  await tiles.nth(1).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Export 6 chosen…" }).click();
  await expect(page.getByRole("dialog", { name: "Export" })).toContainText("6");
  await page.keyboard.press("Escape");
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowRight");
  await expect(chosen).toHaveCount(1);

  for (const [key, title] of [
    ["2", "Network"],
    ["3", "Lab"],
    ["4", "Library"],
    ["1", "Compare"],
  ] as const) {
    await page.keyboard.press(`ControlOrMeta+${key}`);
    await expect(
      page
        .getByRole("navigation", { name: "Workspaces" })
        .getByRole("button", { name: title }),
    ).toHaveAttribute("aria-current", "page");
  }
});

test("Esc closes the network's card, wherever the focus is", async ({
  proxima: { page },
}) => {
  await tilesOf(page);
  await page.getByRole("button", { name: /^ResNet-18/ }).click();
  await page.getByRole("button", { name: "Details and answers…" }).click();
  const card = page.getByRole("complementary", { name: "The network" });
  await expect(card).toBeVisible();
  await page.getByRole("grid").focus();
  await page.keyboard.press("Escape");
  await expect(card).toBeHidden();
});

test("a text field has its menu", async ({ proxima: { app, page } }) => {
  await tilesOf(page);
  await app.evaluate(({ Menu }) => {
    const kept = globalThis as Kept;
    Menu.prototype.popup = function () {
      kept.shown = this.items.flatMap(({ role, enabled }) =>
        role ? [`${enabled ? "" : "-"}${role.toLowerCase()}`] : [],
      );
    };
  });
  const shown = () => app.evaluate(() => (globalThis as Kept).shown ?? []);
  await page.getByRole("searchbox").fill("dalmatian");
  await page.getByRole("searchbox").click({ button: "right" });
  // Nothing is chosen, and whether there is something to paste is the system's affair.
  await expect
    .poll(async () => (await shown()).map((role) => role.replace("-", "")))
    .toEqual(["undo", "redo", "cut", "copy", "paste", "selectall"]);
  expect(await shown()).toContain("selectall");
  expect(await shown()).toContain("-cut");
});

test("what was exported is shown in its folder", async ({
  proxima: { app, page },
  userData,
}) => {
  await tilesOf(page);
  const file = join(userData, "sheet.html");
  await answerDialogs(app, { save: file });
  await app.evaluate(({ shell }) => {
    shell.showItemInFolder = (path) => {
      (globalThis as Kept).shown = [path];
    };
  });
  await page.keyboard.press("ControlOrMeta+e");
  const dialog = page.getByRole("dialog", { name: "Export" });
  await dialog.getByRole("button", { name: /^Export 6/ }).click();
  await dialog.getByRole("button", { name: "Show in folder" }).click();
  await expect
    .poll(() => app.evaluate(() => (globalThis as Kept).shown))
    .toEqual([file]);
});
