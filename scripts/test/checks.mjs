// @ts-check
import { join } from "node:path";
import { projectRoot } from "../lib/places.mjs";
import { runProcess } from "../lib/run-process.mjs";
import { add, nothing, one } from "./counts.mjs";

/** @typedef {import("./counts.mjs").Counts} Counts */

/** Each counts as one test: a name, and the command of a package. */
const checks = [
  ...["tsconfig.json", "tsconfig.e2e.json", "tsconfig.scripts.json"].map(
    (config) => ({
      name: `types, ${config}`,
      script: "typescript/bin/tsc",
      args: ["-p", config],
    }),
  ),
  {
    name: "types, tsconfig.web.json",
    script: "svelte-check/bin/svelte-check",
    args: ["--tsconfig", "./tsconfig.web.json", "--fail-on-warnings"],
  },
  {
    name: "lint",
    script: "eslint/bin/eslint.js",
    args: [".", "--max-warnings", "0"],
  },
  {
    name: "format",
    script: "prettier/bin/prettier.cjs",
    args: ["--check", "--log-level", "warn", "."],
  },
];

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Counts>}
 */
export async function runChecks(env) {
  let counts = nothing;
  for (const { name, script, args } of checks) {
    console.log(`\n— ${name}`);
    const { code } = await runProcess(
      process.execPath,
      [join(projectRoot, "node_modules", script), ...args],
      { cwd: projectRoot, env, inherit: true, limitMs: 10 * 60_000 },
    );
    if (code !== 0) console.error(`FAILED: ${name}`);
    counts = add(counts, code === 0 ? one.passed : one.failed);
  }
  return counts;
}
