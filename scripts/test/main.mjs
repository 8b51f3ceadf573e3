// @ts-check
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { electronEnvironment, electronRuntime } from "../electron-runtime.mjs";
import { projectRoot, stateFolder } from "../lib/places.mjs";
import { createReporter } from "../lib/progress.mjs";
import { Refusal } from "../lib/refusal.mjs";
import {
  nativeEnvironment,
  windowEnvironment,
} from "../setup/native-status.mjs";
import { setUp } from "../setup/set-up.mjs";
import { buildIfStale } from "../lib/build-app.mjs";
import { runChecks } from "./checks.mjs";
import { add, lastLine, one } from "./counts.mjs";
import { runEndToEnd, runUnitTests } from "./suites.mjs";

/** @typedef {import("./counts.mjs").Counts} Counts */

/**
 * Every stage runs, whatever happened to those before it.
 * @returns {Promise<number>} 1 on any failure
 */
export async function main() {
  const counts = await runAll().catch((/** @type {unknown} */ error) => {
    console.error(error instanceof Refusal ? error.message : error);
    return one.failed;
  });
  console.log(`\n${lastLine(counts)}`);
  return counts.failed > 0 ? 1 : 0;
}

/** @returns {Promise<Counts>} */
async function runAll() {
  const { native, problems } = await setUp({
    purpose: "test",
    reporter: createReporter(),
  });
  for (const problem of problems) console.error(problem);
  if (native.state === "unavailable")
    console.error(
      `The tests of the native backend will be skipped. ${native.reason}`,
    );
  const results = join(stateFolder(projectRoot), "test");
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const electron = electronRuntime();

  let counts = await runChecks(process.env);
  counts = add(
    counts,
    await runUnitTests(nativeEnvironment(native, process.env), results),
  );
  const built = await stage("build", async () => {
    await buildIfStale({ say: console.log });
    return one.passed;
  });
  counts = add(counts, built);
  if (built.failed > 0)
    return add(counts, failed("the window's tests cannot run without a build"));
  if (!electron)
    return add(
      counts,
      failed("the window's tests cannot run without Electron"),
    );
  const env = {
    ...windowEnvironment(native, process.env),
    ...electronEnvironment(electron),
  };
  return add(counts, await runEndToEnd(env, results));
}

/** @returns {Promise<number>} */
export async function checkOnly() {
  const env = nativeEnvironment(null, process.env);
  let counts = await runChecks(env);
  const results = join(stateFolder(projectRoot), "check");
  mkdirSync(results, { recursive: true });
  counts = add(
    counts,
    await runUnitTests(env, results, ["test/architecture.test.ts"]),
  );
  console.log(`\n${lastLine(counts)}`);
  return counts.failed > 0 ? 1 : 0;
}

/**
 * @param {string} name
 * @param {() => Promise<Counts>} work
 * @returns {Promise<Counts>}
 */
async function stage(name, work) {
  console.log(`\n— ${name}`);
  try {
    return await work();
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} sentence
 * @returns {Counts}
 */
function failed(sentence) {
  console.error(`FAILED: ${sentence}`);
  return one.failed;
}
