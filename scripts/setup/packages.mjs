// @ts-check
/** The npm packages of package-lock.json, installed beside node_modules and then moved into its place. */
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  freshStaging,
  moveIntoPlace,
  readJson,
  requireSpace,
} from "../lib/files.mjs";
import { stateFolder } from "../lib/places.mjs";
import { Refusal } from "../lib/refusal.mjs";
import { runProcess } from "../lib/run-process.mjs";

/** Measured on linux-x64: node_modules, and npm's cache of the archives. */
const bytesNeeded = 750e6;

/**
 * True when node_modules holds exactly what package-lock.json says. npm writes node_modules/.package-lock.json last,
 * so an interrupted install never looks complete.
 * @param {string} root
 */
export function packagesAreInstalled(root) {
  const wanted = readLock(join(root, "package-lock.json"));
  const found = readLock(join(root, "node_modules/.package-lock.json"));
  return wanted !== null && found !== null && installedAsLocked(wanted, found);
}

/**
 * @param {string} path
 * @returns {Record<string, LockedPackage> | null}
 */
function readLock(path) {
  /** @type {{ packages?: Record<string, LockedPackage> } | null} */
  const lock = readJson(path);
  return lock?.packages ?? null;
}

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */

/**
 * @typedef {object} Machine
 * @property {string} os
 * @property {string} cpu
 * @property {string} libc
 */

/** @returns {Machine} */
function thisMachine() {
  // a glibc system may have musl's loader too, hardly the other way round
  const loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
  const libc = loaders.some((path) => existsSync(path)) ? "glibc" : "musl";
  return { os: process.platform, cpu: process.arch, libc };
}

/**
 * @param {Record<string, LockedPackage>} wanted packages of package-lock.json
 * @param {Record<string, LockedPackage>} found packages of the lock file inside node_modules
 */
export function installedAsLocked(wanted, found, machine = thisMachine()) {
  return Object.entries(wanted).every(([path, locked]) => {
    if (path === "") return true;
    const installed = found[path];
    return installed
      ? installed.version === locked.version &&
          installed.integrity === locked.integrity
      : !isNeeded(locked, machine);
  });
}

/**
 * npm leaves out optional packages made for other machines, and what only those need (which names no machine).
 * @param {LockedPackage} locked
 * @param {Machine} machine
 */
function isNeeded({ optional, os, cpu, libc }, machine) {
  if (!optional) return true;
  if (!os || !cpu) return false;
  return (
    allows(os, machine.os) &&
    allows(cpu, machine.cpu) &&
    allows(libc, machine.libc)
  );
}

/**
 * @param {string[] | undefined} list names, or names with "!" in front
 * @param {string} name
 */
function allows(list, name) {
  if (!list) return true;
  if (list.includes(`!${name}`)) return false;
  const named = list.filter((entry) => !entry.startsWith("!"));
  return named.length === 0 || named.includes(name);
}

/**
 * @param {{ root: string, log: string, env: NodeJS.ProcessEnv }} context
 * @param {import("../lib/progress.mjs").Stage} stage
 */
export async function installPackages({ root, log, env }, stage) {
  const staging = freshStaging(stateFolder(root));
  requireSpace(root, bytesNeeded, "installing the packages");
  const place = join(staging, "project");
  mkdirSync(place);
  for (const file of ["package.json", "package-lock.json", ".npmrc"])
    if (existsSync(join(root, file)))
      copyFileSync(join(root, file), join(place, file));
  const packages = readLock(join(root, "package-lock.json"));
  if (!packages)
    throw new Refusal(
      "package-lock.json is missing or damaged: restore it (git checkout package-lock.json) and run the command again.",
    );
  const machine = thisMachine();
  const folders = Object.entries(packages)
    .filter(([path, locked]) => path !== "" && isNeeded(locked, machine))
    .map(([path]) => path);
  stage.say(`installing ${folders.length} packages (about 530 MB on disk)`);
  const npm = findNpm(env);
  const ended = await runProcess(
    npm.command,
    [
      ...npm.args,
      "ci",
      ...["--prefix", place, "--ignore-scripts", "--no-audit", "--no-fund"],
      // whatever NODE_ENV or the user's npm leaves out elsewhere
      ...["--include", "dev", "--include", "optional"],
      ...["--fetch-retries", "2", "--fetch-retry-mintimeout", "1000"],
      ...["--fetch-retry-maxtimeout", "10000"],
    ],
    {
      cwd: place,
      env: withoutNpmRun(env),
      log,
      watch: () =>
        folders.filter((path) => existsSync(join(place, path, "package.json")))
          .length,
      onWatch: (count) => stage.move(count, folders.length, "packages"),
    },
  );
  if (ended.missing)
    throw new Refusal(
      "npm was not found: install Node with npm (nodejs.org has both) and run the command again.",
    );
  if (ended.code !== 0) throw new Refusal(explainNpm(ended.output));
  moveIntoPlace(
    join(place, "node_modules"),
    join(root, "node_modules"),
    staging,
  );
  rmSync(staging, { recursive: true, force: true });
  stage.done(`${folders.length} packages checked and installed`);
}

/**
 * The npm that runs us, or the one beside this Node, or whatever PATH has.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ command: string, args: string[] }}
 */
export function findNpm(env) {
  const beside = dirname(process.execPath);
  const candidates = [
    env["npm_execpath"] ?? "",
    join(beside, "../lib/node_modules/npm/bin/npm-cli.js"),
    join(beside, "node_modules/npm/bin/npm-cli.js"),
  ];
  const script = candidates.find(
    (path) => basename(path) === "npm-cli.js" && existsSync(path),
  );
  return script
    ? { command: process.execPath, args: [script] }
    : { command: "npm", args: [] };
}

/**
 * An npm inside `npm start` would take over where the outer one works.
 * @param {NodeJS.ProcessEnv} env
 */
export function withoutNpmRun(env) {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^npm_(config_local_prefix|package_|lifecycle_)/i.test(name),
    ),
  );
}

/**
 * One sentence for what npm printed.
 * @param {string} output
 */
export function explainNpm(output) {
  if (/ENOSPC|no space left/i.test(output))
    return "The disk became full while the packages were installed: make room and run the command again.";
  if (/EINTEGRITY/.test(output))
    return "A package does not have the hash that package-lock.json names, so nothing was installed: check the npm registry or proxy in use (npm config get registry) and run the command again.";
  if (/EACCES|EPERM|EROFS/.test(output))
    return "npm may not write here or in its cache: make the project folder and ~/.npm yours (or set npm_config_cache) and run the command again.";
  if (/\b(EUSAGE|can only install packages)/.test(output))
    return "package.json and package-lock.json disagree: run npm install once, or restore both files, and run the command again.";
  if (
    /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET|CERT|network|FETCH_ERROR|\bE(403|407|5\d\d)\b/.test(
      output,
    )
  )
    return "The npm registry could not be reached, so the packages could not be installed: check the network, npm config get registry and npm's proxy settings, and run the command again.";
  if (/\bE404\b/.test(output))
    return "The npm registry in use does not have every package of package-lock.json: check npm config get registry and run the command again.";
  return "npm ci failed: see .proxima/setup.log for what it said, and run the command again.";
}
