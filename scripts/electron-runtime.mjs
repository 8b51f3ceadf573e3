// @ts-check
/** The one place that decides which Electron binary runs: the app, electron-vite and the tests ask here. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readJson, sizeOf } from "./lib/files.mjs";
import { cacheFolder, projectRoot } from "./lib/places.mjs";
import { Refusal } from "./lib/refusal.mjs";
import { testElectron } from "./setup/pins.mjs";

/**
 * @typedef {object} ElectronRuntime
 * @property {string} path the binary
 * @property {string | null} version null for a binary of the user's own
 * @property {"official" | "test" | "own"} kind `test` is old: for development and tests, never packaged
 */

/** @param {string} cache */
export const testElectronFolder = (cache) =>
  join(cache, `electron-${testElectron.version}-linux-x64`);

/**
 * PROXIMA_ELECTRON, else the current Electron where its own installer has finished, else the test runtime.
 * @param {{ root?: string, env?: NodeJS.ProcessEnv }} [where]
 * @returns {ElectronRuntime | null} null before set-up
 */
export function electronRuntime({
  root = projectRoot,
  env = process.env,
} = {}) {
  const own = env["PROXIMA_ELECTRON"];
  if (own)
    return existsSync(own) ? { path: own, version: null, kind: "own" } : null;
  return officialElectron(root) ?? testRuntime(cacheFolder(env));
}

/**
 * The same, for those who cannot do without.
 * @param {{ root?: string, env?: NodeJS.ProcessEnv }} [where]
 */
export function requireElectron(where) {
  const runtime = electronRuntime(where);
  if (runtime) return runtime;
  const own = (where?.env ?? process.env)["PROXIMA_ELECTRON"];
  throw new Refusal(
    own
      ? `PROXIMA_ELECTRON names ${own}, which does not exist: correct or unset it and run the command again.`
      : "No Electron is installed: run node scripts/setup.mjs once and then the command again.",
  );
}

/**
 * What electron-vite (ELECTRON_EXEC_PATH) and `require("electron")` (ELECTRON_OVERRIDE_DIST_PATH) read.
 * @param {ElectronRuntime} runtime
 * @returns {Record<string, string>}
 */
export function electronEnvironment({ path }) {
  return {
    ELECTRON_EXEC_PATH: path,
    // joined there with the platform's own name of the binary
    ...(/^electron(\.exe)?$/i.test(basename(path))
      ? { ELECTRON_OVERRIDE_DIST_PATH: electronDist(path) }
      : {}),
  };
}

/** @param {string} path */
function electronDist(path) {
  // macOS: Electron.app/Contents/MacOS/Electron
  return process.platform === "darwin"
    ? dirname(dirname(dirname(dirname(path))))
    : dirname(path);
}

/**
 * Electron's installer writes path.txt after everything else.
 * @param {string} root
 * @returns {ElectronRuntime | null}
 */
export function officialElectron(root) {
  const folder = join(root, "node_modules/electron");
  /** @type {{ version: string } | null} */
  const manifest = readJson(join(folder, "package.json"));
  const version = manifest?.version;
  const inside = readText(join(folder, "path.txt"));
  const unpacked = readText(join(folder, "dist/version"))?.replace(/^v/, "");
  if (!version || !inside || unpacked !== version) return null;
  const path = join(folder, "dist", inside);
  return existsSync(path) ? { path, version, kind: "official" } : null;
}

/**
 * @param {string} cache
 * @returns {ElectronRuntime | null}
 */
export function testRuntime(cache) {
  const folder = testElectronFolder(cache);
  /** @type {{ integrity: string, bytes: number } | null} */
  const lock = readJson(join(folder, "lock.json"));
  const path = join(folder, "electron");
  if (lock?.integrity !== testElectron.integrity || sizeOf(path) !== lock.bytes)
    return null;
  return { path, version: testElectron.version, kind: "test" };
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
