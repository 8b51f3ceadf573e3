// @ts-check
import { join } from "node:path";
import { readJson } from "../lib/files.mjs";
import { projectRoot } from "../lib/places.mjs";
import { runProcess } from "../lib/run-process.mjs";
import { onPath } from "../setup/system-libraries.mjs";
import { thisDesk } from "../start/desk.mjs";
import { countPlaywright, countVitest, one } from "./counts.mjs";

/** @typedef {import("./counts.mjs").Counts} Counts */

/** A suite that hangs is ended and fails, so that the last line always comes. */
const limitMs = 20 * 60_000;

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} results folder for the report
 * @param {string[]} files
 * @returns {Promise<Counts>}
 */
export async function runUnitTests(env, results, files = []) {
  console.log("\n— tests");
  const report = join(results, "vitest.json");
  const { code } = await runProcess(
    process.execPath,
    [
      join(projectRoot, "node_modules/vitest/vitest.mjs"),
      ...["run", "--reporter=default", "--reporter=json"],
      `--outputFile.json=${report}`,
      ...files,
    ],
    { cwd: projectRoot, env, inherit: true, limitMs },
  );
  /** @type {import("./counts.mjs").VitestReport | null} */
  const found = readJson(report);
  return countVitest(found, code);
}

/**
 * The built app in the real Electron; under a virtual display where there is none.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} results folder for the report
 * @returns {Promise<Counts>}
 */
export async function runEndToEnd(env, results) {
  console.log("\n— tests of the window");
  const report = join(results, "playwright.json");
  const desk = thisDesk({ env });
  const command = [
    process.execPath,
    join(projectRoot, "node_modules/@playwright/test/cli.js"),
    "test",
  ];
  if (!desk.display) {
    if (!onPath("xvfb-run", env)) {
      console.error(
        "FAILED: there is no display and no xvfb-run: install it (on Debian and Ubuntu: sudo apt-get install xvfb xauth) and run npm test again.",
      );
      return one.failed;
    }
    command.unshift("xvfb-run", "-a", "-s", "-screen 0 1680x1050x24");
  }
  const [name = "", ...args] = command;
  const { code } = await runProcess(name, args, {
    cwd: projectRoot,
    env: {
      ...env,
      PROXIMA_E2E_REPORT: report,
      ...(desk.root ? { PROXIMA_NO_SANDBOX: "1" } : {}),
    },
    inherit: true,
    limitMs,
  });
  /** @type {import("./counts.mjs").PlaywrightReport | null} */
  const found = readJson(report);
  return countPlaywright(found, code);
}
