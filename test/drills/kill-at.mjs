// Loaded before a drill: SIGKILL at the n-th change of the file system, before it happens.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const at = Number(process.env["DRILL_KILL_AT"] ?? "0");
let count = 0;

/** @param {unknown[]} args */
function changes(args) {
  const flags = args.find((arg) => /^(r|w|a|wx|r\+|a\+)$/.test(String(arg)));
  return flags === undefined || flags !== "r";
}

function step() {
  count += 1;
  if (count === at) process.kill(process.pid, "SIGKILL");
}

/**
 * @param {Record<string, unknown>} functions
 * @param {readonly string[]} names
 */
function watch(functions, names) {
  for (const name of names) {
    const real = /** @type {(...args: unknown[]) => unknown} */ (
      functions[name]
    );
    functions[name] = (/** @type {unknown[]} */ ...args) => {
      // opened to be read is no change
      if (!name.startsWith("open") || changes(args)) step();
      return real(...args);
    };
  }
}

watch(
  /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (fs.promises)),
  ["rm", "rename", "mkdir", "open", "writeFile", "copyFile"],
);
watch(/** @type {Record<string, unknown>} */ (/** @type {unknown} */ (fs)), [
  "rmSync",
  "renameSync",
  "linkSync",
]);
syncBuiltinESMExports();
