/** Whether the window sees in a reference's input what the framework computed (see test/support/reference.ts). */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, type Locator, type Page } from "@playwright/test";
import { readNpy } from "../../src/main/host/npy";
import { dropFiles } from "./drop";
import { asShare } from "./tiny-reference";

/** The best classes that are shown in a card: ["class 2 41.3 %", ...]. */
export async function seenIn(card: Locator): Promise<string[]> {
  const rows = await card
    .getByRole("region", { name: "Try a picture" })
    .getByRole("listitem")
    .allInnerTexts();
  return rows.map((row) => row.replaceAll(/\s+/g, " ").trim());
}

/**
 * Sets the preprocessing to what leaves an image as it is, drops the reference's input on the window, and
 * expects the framework's five best classes with their probabilities.
 */
export async function expectSeenAsReference(
  page: Page,
  card: Locator,
  folder: string,
): Promise<void> {
  const logits = readNpy(
    await readFile(join(folder, "logits.npy")),
    "logits.npy",
  ).values;
  const most = Math.max(...logits);
  const all = [...logits].map((logit) => Math.exp(logit - most));
  const total = all.reduce((a, b) => a + b, 0);
  const expected = all
    .map((e, index) => ({ index, probability: e / total }))
    .toSorted((a, b) => b.probability - a.probability)
    .slice(0, 5)
    .map(({ index, probability }) => `class ${index} ${asShare(probability)}`);
  await card.getByRole("radio", { name: "−1 to 1" }).check();
  await expect(
    card.getByRole("region", { name: "Preprocessing" }).locator(".origin"),
  ).not.toHaveText("a guess");
  await dropFiles(page, [join(folder, "input.npy")]);
  await expect.poll(() => seenIn(card)).toEqual(expected);
}
