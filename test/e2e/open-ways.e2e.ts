/** The ways by which networks of every format come in: drop, dialog, command line, menu. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { writeTinyNetwork } from "../support/tiny-network";
import { answerDialogs } from "./dialogs";
import { dropFiles } from "./drop";
import { expect, startAgain, test } from "./fixtures";
import { chip, ready, sheet } from "./network-card";
import { expectSeenAsReference } from "./reference-check";

const references = join(import.meta.dirname, "../references");
const formats = [
  { folder: "torch/resnet18", file: "network.pth", format: "PyTorch" },
  { folder: "onnx/squeezenet1-1", file: "network.onnx", format: "ONNX" },
  { folder: "keras/grey-keras", file: "network.keras", format: "Keras" },
  { folder: "tf-saved-model/resnet", file: "network", format: "SavedModel" },
] as const;

for (const { folder, file, format } of formats)
  test(`a dropped ${format} ${file} is asked about, and sees what its framework saw`, async ({
    proxima: { page },
  }) => {
    await ready(page);
    await dropFiles(page, [join(references, folder, file)]);
    const card = sheet(page);
    await expect(card).toBeVisible({ timeout: 30_000 });
    await expect(card).toContainText(format);
    await expect(card).toContainText(/ProxyGrad bends \d+ of \d+ activations/);
    await setSize(page, join(references, folder));
    await expectSeenAsReference(page, card, join(references, folder));
  });

/** The size that the reference was made at, where the file leaves it open. */
async function setSize(page: Page, folder: string): Promise<void> {
  const text = await readFile(join(folder, "reference.json"), "utf8");
  // Of the files in this repository, as test/support/reference.ts reads them.
  const { size } = JSON.parse(text) as { size?: [number, number] };
  if (!size) return;
  const card = sheet(page);
  const field = (name: string) => card.getByRole("spinbutton", { name });
  await field("Height of the input").fill(String(size[0]));
  await field("Width of the input").fill(String(size[1]));
  await field("Width of the input").press("Enter");
  await expect(chip(page, new RegExp(`${size[1]} × ${size[0]}`))).toBeVisible({
    timeout: 30_000,
  });
}

test("a file is chosen in the dialog, a folder in its own", async ({
  proxima: { app, page },
  userData,
}) => {
  const folder = await writeTinyNetwork(join(userData, "mine"));
  await ready(page);
  await answerDialogs(app, {
    open: [join(references, "torch/resnet18/network.pth")],
  });
  await page.keyboard.press("ControlOrMeta+o");
  await expect(chip(page, /17 rectifiers · 7 classes/)).toBeVisible({
    timeout: 30_000,
  });
  await answerDialogs(app, { open: [folder] });
  await page.getByRole("button", { name: "Network", exact: true }).click();
  await page.getByRole("button", { name: "Open folder…" }).click();
  await expect(chip(page, /6 × 6/)).toBeVisible({ timeout: 30_000 });
  // Whoever looks at networks stays there.
  await expect(page.getByRole("heading", { name: "Network", exact: true })).toBeAttached(); // prettier-ignore
});

test("the command line names one, at the start and later, and the menu knows it", async ({
  launch,
  userData,
}) => {
  const first = await writeTinyNetwork(join(userData, "first"), {
    card: { name: "First" },
  });
  const second = await writeTinyNetwork(join(userData, "second"), {
    card: { name: "Second" },
  });
  const { app, page } = await launch({ args: [first] });
  await expect(chip(page, /^First/)).toBeVisible({ timeout: 30_000 });
  // Another start with the same data hands its network on to this window.
  expect(await startAgain(userData, [second])).toBe(0);
  await expect(chip(page, /^Second/)).toBeVisible({ timeout: 30_000 });

  const chosen = () =>
    app.evaluate(({ Menu }) => {
      const file = Menu.getApplicationMenu()?.items.find(
        ({ label }) => label === "&File",
      );
      const recent = file?.submenu?.items.find(({ label }) =>
        /Recent/.test(label),
      );
      const item = recent?.submenu?.items.find(
        ({ label }) => label === "First",
      );
      item?.click();
      return recent?.submenu?.items.map(({ label }) => label);
    });
  await expect.poll(chosen).toEqual(["Second", "First"]);
  await expect(chip(page, /^First/)).toBeVisible({ timeout: 30_000 });
});
