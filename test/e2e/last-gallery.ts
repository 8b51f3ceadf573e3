/** The newest gallery of the library, past the user interface. */
import { expect, type Page } from "@playwright/test";
import type { GalleryRecord, RunRecord } from "../../src/shared/domain";
import { callEngine } from "./engine-calls";

export interface StoredGallery {
  readonly gallery: GalleryRecord;
  readonly runs: readonly RunRecord[];
}

/** Null where the library is empty. */
export async function lastGallery(page: Page): Promise<StoredGallery | null> {
  const answer = await callEngine(page, "library.get", { gallery: null });
  if (typeof answer === "string" || "fault" in answer)
    throw new Error("The engine does not answer.");
  return answer.reply as StoredGallery | null;
}

/** Presses Run, and waits until a new gallery has so many runs and the window says that it is done. */
export async function runToEnd(
  page: Page,
  pictures: number,
): Promise<StoredGallery> {
  const before = (await lastGallery(page))?.gallery.id;
  await page.keyboard.press("ControlOrMeta+Enter");
  let found: StoredGallery | null = null;
  await expect
    .poll(
      async () => {
        found = await lastGallery(page);
        return found && found.gallery.id !== before ? found.runs.length : 0;
      },
      { timeout: 60_000 },
    )
    .toBe(pictures);
  await expect(
    page.getByRole("button", { name: /^Run \d/ }).first(),
  ).toBeEnabled({ timeout: 30_000 });
  if (!found) throw new Error("no gallery");
  return found;
}
