// @ts-check
import { join } from "node:path";
import { projectRoot } from "../lib/places.mjs";
import { runProcess } from "../lib/run-process.mjs";
import { add, nothing, one } from "./counts.mjs";

/** @typedef {import("./counts.mjs").Counts} Counts */

/** Each counts as one test: a name, and the command of a package. The longest comes first. */
const checks = [
  {
    name: "lint",
    script: "eslint/bin/eslint.js",
    args: [".", "--max-warnings", "0"],
  },
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
    name: "format",
    script: "prettier/bin/prettier.cjs",
    args: ["--check", "--log-level", "warn", "."],
  },
];

/** Each of them computes on one core. */
const atOnce = 2;

/**
 * Each one's output is printed when it has ended.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Counts>}
 */
export async function runChecks(env) {
  let counts = nothing;
  const waiting = [...checks];
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const { name, script, args } = check;
      const { code, output } = await runProcess(
        process.execPath,
        [join(projectRoot, "node_modules", script), ...args],
        { cwd: projectRoot, env, limitMs: 10 * 60_000 },
      );
      console.log(`\n— ${name}`);
      if (output.trim()) console.log(output.trimEnd());
      if (code !== 0) console.error(`FAILED: ${name}`);
      counts = add(counts, code === 0 ? one.passed : one.failed);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return counts;
}
