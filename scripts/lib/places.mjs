// @ts-check
/** Where things are: the project, its own state and the per-user cache that all clones share. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Set-up's own files inside a project: what was found, logs, half work. Safe to delete.
 * @param {string} root
 */
export const stateFolder = (root) => join(root, ".proxima");

/**
 * Downloads of this user, shared by all clones. Safe to delete.
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheFolder(env = process.env) {
  const base =
    env["XDG_CACHE_HOME"] ||
    (process.platform === "win32" && env["LOCALAPPDATA"]) ||
    join(homedir(), ".cache");
  return resolve(base, "proxima");
}
