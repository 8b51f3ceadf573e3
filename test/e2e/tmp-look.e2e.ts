import { test } from "./fixtures";
import { dropFiles } from "./drop";
import { ready, sheet } from "./network-card";
test.setTimeout(300_000);
test("look", async ({ launch }) => {
  const { page, app } = await launch();
  await ready(page);
  await dropFiles(page, [process.env["LOOK_NET"]!]);
  const card = sheet(page);
  await card.waitFor({ timeout: 90_000 });
  await page.waitForFunction(() => document.querySelector('aside[aria-label="The network"]')?.textContent?.includes("Preprocessing"));
  for (const [w, h] of [[1440, 900], [1024, 700], [2560, 1400]] as const) {
    await app.evaluate(({ BrowserWindow }, [w, h]) => { BrowserWindow.getAllWindows()[0]!.setContentSize(w!, h!); }, [w, h]);
    for (const scheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.waitForTimeout(400);
      await page.screenshot({ path: `/tmp/look/card-${w}-${scheme}.png` });
    }
  }
  await app.evaluate(({ BrowserWindow }) => { BrowserWindow.getAllWindows()[0]!.setContentSize(1440, 1300); });
  await card.getByLabel("Own numbers").first().check().catch(() => undefined);
  await page.waitForTimeout(1500);
  await page.emulateMedia({ colorScheme: "dark" });
  await card.getByRole("group", { name: "Unit of mean and std" }).scrollIntoViewIfNeeded().catch(() => undefined);
  await card.getByRole("button", { name: "0..255" }).click().catch(() => undefined);
  await page.screenshot({ path: `/tmp/look/own.png` });
});
