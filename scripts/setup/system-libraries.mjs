// @ts-check
/** Shared libraries of the system that Electron needs on Linux, and the display server that tests use. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeJson } from "../lib/files.mjs";
import { stateFolder } from "../lib/places.mjs";
import { Refusal } from "../lib/refusal.mjs";
import { runProcess } from "../lib/run-process.mjs";

/** Debian's names; where the 64-bit time change renamed one, the new name is its name and "t64". */
const debianPackages = [
  "xvfb",
  "xauth",
  "libgtk-3-0",
  "libnss3",
  "libatk-bridge2.0-0",
  "libgbm1",
  "libasound2",
  "libxss1",
  "libxtst6",
];

/**
 * @typedef {object} Need
 * @property {string} root
 * @property {string} electron the binary
 * @property {boolean} virtualDisplay tests without a display need xvfb-run
 * @property {NodeJS.ProcessEnv} env
 */

/** What was found the last time. @param {string} root */
export const foundFile = (root) => join(stateFolder(root), "system.json");

/** @param {string} path */
function fingerprint(path) {
  const { size, mtimeMs } = statSync(path);
  return `${path} ${size} ${mtimeMs}`;
}

/**
 * True when nothing was missing for this very binary the last time; asking the loader again takes longer than a start may.
 * @param {Need} need
 */
export function systemIsReady({ root, electron, virtualDisplay, env }) {
  if (process.platform !== "linux") return true;
  /** @type {{ electron: string } | null} */
  const found = readJson(foundFile(root));
  return (
    found?.electron === fingerprint(electron) &&
    (!virtualDisplay || onPath("xvfb-run", env))
  );
}

/**
 * @param {Need & { log: string, asRoot: boolean }} need
 * @param {import("../lib/progress.mjs").Stage} stage
 */
export async function installSystemLibraries(need, stage) {
  const { root, electron, env, log } = need;
  let missing = await missingParts(need);
  if (missing.length > 0 && isDebianFamily()) {
    const packages = await availableNames(env);
    const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
    if (!need.asRoot)
      throw new Refusal(sentence(missing, `run sudo ${command}`));
    stage.say(
      `installing ${packages.length} packages with apt-get (about 150 MB)`,
    );
    const apt = { env: { ...env, DEBIAN_FRONTEND: "noninteractive" }, log };
    const args = command.split(" ").slice(1);
    // the package lists may be old or absent, as in a fresh container
    if ((await runProcess("apt-get", args, apt)).code !== 0) {
      await runProcess("apt-get", ["update"], apt);
      await runProcess("apt-get", args, apt);
    }
    missing = await missingParts(need);
    if (missing.length > 0)
      throw new Refusal(
        sentence(
          missing,
          `apt-get could not install them (see .proxima/setup.log); run ${command}`,
        ),
      );
    stage.done("installed");
  }
  if (missing.length > 0)
    throw new Refusal(
      sentence(missing, "install them with the system's package manager"),
    );
  writeJson(foundFile(root), { electron: fingerprint(electron) });
}

/**
 * @param {readonly string[]} missing
 * @param {string} remedy
 */
function sentence(missing, remedy) {
  const shown = missing.slice(0, 4).join(", ");
  const more = missing.length > 4 ? ` and ${missing.length - 4} more` : "";
  return `Electron's window needs ${shown}${more} from the system: ${remedy}, and run the command again.`;
}

/** @param {Need} need */
async function missingParts({ electron, virtualDisplay, env }) {
  const loader = await runProcess("ldd", [electron], { env });
  const missing = missingLibraries(loader.output);
  if (virtualDisplay && !onPath("xvfb-run", env)) missing.push("xvfb-run");
  return missing;
}

/**
 * @param {string} output of ldd
 * @returns {string[]}
 */
export function missingLibraries(output) {
  return [...output.matchAll(/^\s*(\S+) => not found/gm)].map(
    (match) => match[1] ?? "",
  );
}

/** @param {NodeJS.ProcessEnv} env */
async function availableNames(env) {
  /** @type {Set<string>} */
  const known = new Set();
  const onLine = (/** @type {string} */ line) => void known.add(line);
  await runProcess("apt-cache", ["pkgnames"], { env, onLine });
  return debianNames(known);
}

/**
 * @param {ReadonlySet<string>} known to apt
 */
export function debianNames(known) {
  return debianPackages.map((name) =>
    known.has(`${name}t64`) ? `${name}t64` : name,
  );
}

function isDebianFamily() {
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(text);
  } catch {
    return false;
  }
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
export function onPath(name, env) {
  return (env["PATH"] ?? "")
    .split(":")
    .some((folder) => folder !== "" && existsSync(join(folder, name)));
}
