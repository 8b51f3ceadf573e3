import { writeFileSync } from "node:fs";
import { expect, test } from "./fixtures";
test("look", async ({ proxima }) => {
  const { page } = proxima;
  await expect(page.getByRole("button", { name: /^Run 24/ })).toBeEnabled({
    timeout: 30000,
  });
  await page.evaluate(() => {
    const w = window as any;
    w.longs = [];
    new PerformanceObserver((l) => {
      for (const e of l.getEntries()) {
        w.longs.push([Math.round(e.startTime), Math.round(e.duration)]);
      }
    }).observe({ entryTypes: ["longtask"] });
  });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Profiler.enable");
  await cdp.send("Profiler.setSamplingInterval", { interval: 1000 });
  const t0 = await page.evaluate(() => performance.now());
  await cdp.send("Profiler.start");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("canvas").first()).toBeVisible({ timeout: 30000 });
  await page.waitForTimeout(12000);
  const { profile } = await cdp.send("Profiler.stop");
  writeFileSync(
    "/tmp/cpu.json",
    JSON.stringify({
      profile,
      t0,
      longs: await page.evaluate(() => (window as any).longs),
    }),
  );
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: /^Run 24/ })).toBeVisible({
    timeout: 30000,
  });
});
