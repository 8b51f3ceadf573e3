import { defineConfig, type ReporterDescription } from "@playwright/test";

/** Where a machine reads the results, beside what people see. */
const report = process.env["PROXIMA_E2E_REPORT"];
const reporters: ReporterDescription[] = [["list"]];
if (report) reporters.push(["json", { outputFile: report }]);

/** The real Electron with the real engine: `xvfb-run -a npx playwright test` where there is no display. */
export default defineConfig({
  testDir: "test/e2e",
  testMatch: "**/*.e2e.ts",
  outputDir: "test-results",
  // One app at a time: each uses all cores.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 90_000,
  forbidOnly: Boolean(process.env["CI"]),
  reporter: reporters,
});
