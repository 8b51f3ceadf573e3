/** Where things are in the window while a network is opened and asked about. */
import { expect, type Locator, type Page } from "@playwright/test";

export const runButton = (page: Page): Locator =>
  page.getByRole("button", { name: /^Run \d*/ }).first();

/** The open network at the top of the window. */
export const chip = (page: Page, name: string | RegExp): Locator =>
  page.locator("header").getByRole("button", { name });

/** The card beside the pictures. */
export const sheet = (page: Page): Locator =>
  page.getByRole("complementary", { name: "The network" });

export const preprocessing = (inside: Locator): Locator =>
  inside.getByRole("radiogroup", { name: "Preprocessing" });

/** Where an answer is from, at the head of its question. */
export const origin = (inside: Locator, title: string): Locator =>
  inside.getByRole("region", { name: title }).locator(".origin");

/** The rows of the class picker; `many`: what they are called. */
export const classRows = (page: Page, many = "Classes"): Locator =>
  page.getByRole("listbox", { name: many, exact: true }).getByRole("option");

/** The engine is there and something can be run. */
export async function ready(page: Page): Promise<void> {
  await expect(runButton(page)).toBeEnabled({ timeout: 30_000 });
}
