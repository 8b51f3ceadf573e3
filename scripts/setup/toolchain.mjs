// @ts-check
/** What native TensorFlow needs on the machine, asked before anything is downloaded. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Refusal } from "../lib/refusal.mjs";
import { runProcess } from "../lib/run-process.mjs";

const again = "and run node scripts/setup.mjs again";

/**
 * @param {{ platform: string, arch: string, glibc: string | undefined }} machine
 * @returns {string | null} why there is no native library for it
 */
export function platformRefusal({ platform, arch, glibc }) {
  if (platform !== "linux" || arch !== "x64")
    return `There is no native TensorFlow for ${platform} on ${arch}: use Linux on x86-64 for the native one.`;
  const [major = 0, minor = 0] = (glibc ?? "0.0").split(".").map(Number);
  if (major < 2 || (major === 2 && minor < 27))
    return `Native TensorFlow needs glibc 2.27 or later and this system has ${glibc ? `glibc ${glibc}` : "another C library"}: use a current glibc distribution for the native one.`;
  return null;
}

export function thisMachine() {
  // typed as `object` only
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (
    process.platform === "linux" ? process.report.getReport() : {}
  );
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: report.header?.glibcVersionRuntime,
  };
}

/**
 * The Python that has pip.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>}
 */
export async function findPython(env) {
  for (const python of ["python3", "python"]) {
    const version = await runProcess(
      python,
      ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
      { env },
    );
    if (version.code !== 0) continue;
    const [major = 0, minor = 0] = version.output.trim().split(".").map(Number);
    if (major < 3 || minor < 8) continue;
    const pip = await runProcess(python, ["-m", "pip", "--version"], { env });
    if (pip.code !== 0)
      throw new Refusal(
        `Python has no pip, which native TensorFlow is downloaded with: install it (on Debian and Ubuntu: sudo apt-get install python3-pip) ${again}.`,
      );
    return python;
  }
  throw new Refusal(
    `Python 3.8 or later was not found, which native TensorFlow is downloaded with: install it with pip (on Debian and Ubuntu: sudo apt-get install python3 python3-pip) ${again}.`,
  );
}

/** @param {NodeJS.ProcessEnv} env */
export async function requireCompiler(env) {
  const compilers = env["CXX"] ? [env["CXX"]] : ["g++", "c++", "clang++"];
  const missing = [];
  if (!(await answers(compilers, env))) missing.push("a C++ compiler");
  if (!(await answers(["make", "gmake"], env))) missing.push("make");
  if (missing.length > 0)
    throw new Refusal(
      `Native TensorFlow's binding needs ${missing.join(" and ")}: install what is missing (on Debian and Ubuntu: sudo apt-get install g++ make) ${again}.`,
    );
}

/**
 * The C++ compiler that node-gyp's makefiles would not find by themselves.
 * @param {NodeJS.ProcessEnv} env
 */
export async function compilerEnvironment(env) {
  if (env["CXX"] || (await answers(["g++"], env))) return {};
  return (await answers(["c++"], env))
    ? { CXX: "c++", CC: "cc" }
    : { CXX: "clang++", CC: "clang" };
}

/**
 * @param {readonly string[]} commands
 * @param {NodeJS.ProcessEnv} env
 */
async function answers(commands, env) {
  for (const command of commands) {
    // CXX may hold a launcher and options: "ccache g++"
    const [name = "", ...args] = command.split(/\s+/);
    if ((await runProcess(name, [...args, "--version"], { env })).code === 0)
      return true;
  }
  return false;
}

/**
 * Where this very Node's headers are installed with it; null lets node-gyp fetch them.
 * @param {string} execPath
 * @param {string} version as in `process.versions.node`
 */
export function installedHeaders(execPath, version) {
  const prefix = dirname(dirname(execPath));
  const file = join(prefix, "include/node/node_version.h");
  if (!existsSync(file)) return null;
  const text = readFileSync(file, "utf8");
  /** @param {string} part */
  const number = (part) =>
    new RegExp(`#define NODE_${part}_VERSION (\\d+)`).exec(text)?.[1];
  const found = ["MAJOR", "MINOR", "PATCH"].map(number).join(".");
  return found === version ? prefix : null;
}

/**
 * True where a driver says that it drives a card.
 * @param {NodeJS.ProcessEnv} env
 */
export async function hasNvidiaCard(env) {
  if (process.platform !== "linux") return false;
  const ended = await runProcess("nvidia-smi", ["-L"], {
    env,
    limitMs: 20_000,
  });
  return ended.code === 0 && /^GPU \d+:/m.test(ended.output);
}
