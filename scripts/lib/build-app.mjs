// @ts-check
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { fingerprint } from "./fingerprint.mjs";
import { readJson, writeJson } from "./files.mjs";
import { withLock } from "./lock.mjs";
import { projectRoot, stateFolder } from "./places.mjs";
import { Refusal } from "./refusal.mjs";
import { runProcess } from "./run-process.mjs";

/** Everything the build depends on; package-lock.json stands for the packages. */
const sources = [
  "src",
  "electron.vite.config.ts",
  "svelte.config.js",
  "tsconfig.json",
  "tsconfig.web.json",
  "package.json",
  "package-lock.json",
];

/** @param {string} root */
const stampFile = (root) => join(root, "out/built-from.json");

/**
 * @param {string} root
 * @param {string} wanted
 */
function isFresh(root, wanted) {
  /** @type {{ sources: string } | null} */
  const stamp = readJson(stampFile(root));
  return (
    stamp?.sources === wanted && existsSync(join(root, "out/main/index.cjs"))
  );
}

/**
 * Builds where anything changed; of two at once the second waits and finds it done.
 * @param {object} [options]
 * @param {string} [options.root]
 * @param {boolean} [options.force]
 * @param {(text: string) => void} [options.say]
 * @returns {Promise<boolean>} true when it had to build
 */
export async function buildIfStale({
  root = projectRoot,
  force = false,
  say = () => {},
} = {}) {
  if (!force && isFresh(root, fingerprint(root, sources))) return false;
  const lock = join(stateFolder(root), "build.lock");
  const onWait = () => say("Another build is at work: waiting for it.");
  return withLock(lock, onWait, async () => {
    // taken before the build: a file that changes while it runs makes the next one due
    const wanted = fingerprint(root, sources);
    if (!force && isFresh(root, wanted)) return false;
    say("Building Proxima");
    rmSync(stampFile(root), { force: true });
    const ended = await runProcess(
      process.execPath,
      [join(root, "node_modules/electron-vite/bin/electron-vite.js"), "build"],
      {
        cwd: root,
        env: { ...process.env, NO_COLOR: "1" },
        limitMs: 10 * 60_000,
      },
    );
    if (ended.code !== 0)
      throw new Refusal(
        `The build failed:\n${stripVTControlCharacters(ended.output).trim()}`,
      );
    writeJson(stampFile(root), { sources: wanted });
    return true;
  });
}
