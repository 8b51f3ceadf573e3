// @ts-check
/** All of set-up, stage by stage; a stage that is done is skipped before any lock is taken. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { electronRuntime } from "../electron-runtime.mjs";
import { isErrno, writeJson } from "../lib/files.mjs";
import { withLock } from "../lib/lock.mjs";
import { cacheFolder, projectRoot, stateFolder } from "../lib/places.mjs";
import { Refusal } from "../lib/refusal.mjs";
import { installElectron } from "./electron.mjs";
import { nativeStatusFile, readNativeStatus } from "./native-status.mjs";
import {
  chooseTensorFlow,
  installNative,
  nativeIsInstalled,
} from "./native.mjs";
import { installPackages, packagesAreInstalled } from "./packages.mjs";
import { tensorflowCpu, tensorflowGpu } from "./pins.mjs";
import { installSystemLibraries, systemIsReady } from "./system-libraries.mjs";

/**
 * @typedef {object} Options
 * @property {"setup" | "start" | "test"} purpose a start does not try again what failed the last time
 * @property {import("../lib/progress.mjs").Reporter} reporter
 * @property {"cpu" | "gpu" | null} [tensorflow]
 * @property {"official" | "test" | null} [electron]
 * @property {string} [root]
 * @property {NodeJS.ProcessEnv} [env]
 */

/**
 * @typedef {object} SetUp
 * @property {import("./native-status.mjs").NativeStatus} native
 * @property {import("../electron-runtime.mjs").ElectronRuntime | null} electron
 * @property {string[]} problems sentences; the command line works, the window does not
 * @property {boolean} worked something had to be done
 */

/**
 * Throws a Refusal when not even the packages can be installed; everything else is in the result.
 * @param {Options} options
 * @returns {Promise<SetUp>}
 */
export async function setUp(options) {
  const { reporter, root = projectRoot, env = process.env } = options;
  const cache = cacheFolder(env);
  const log = join(stateFolder(root), "setup.log");
  const job = { ...options, root, env, cache, log };
  if (isDone(job)) return result(job, [], false);

  const onWait = (/** @type {number} */ holder) =>
    reporter.line(
      `Another set-up is at work (process ${holder}): waiting for it.`,
    );
  const interrupted = () => process.exit(130);
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    mkdirSync(stateFolder(root), { recursive: true });
    mkdirSync(cache, { recursive: true });
    return await withLock(join(stateFolder(root), "setup.lock"), onWait, () =>
      withLock(join(cache, "setup.lock"), onWait, () => work(job)),
    );
  } catch (error) {
    throw explainErrno(error, cache, root);
  } finally {
    process.removeListener("SIGINT", interrupted);
    process.removeListener("SIGTERM", interrupted);
  }
}

/** @typedef {Options & { root: string, env: NodeJS.ProcessEnv, cache: string, log: string }} Job */

/** @param {Job} job */
function isDone(job) {
  return (
    packagesAreInstalled(job.root) &&
    nativeIsDone(job) &&
    electronIsDone(job) &&
    systemIsDone(job)
  );
}

/** @param {Job} job */
function nativeIsDone({ purpose, root, cache, tensorflow }) {
  const status = readNativeStatus(root);
  if (!status) return false;
  if (status.state === "unavailable") return purpose === "start" && !tensorflow;
  if (tensorflow && tensorflow !== status.variant) return false;
  const pin = status.variant === "gpu" ? tensorflowGpu : tensorflowCpu;
  return nativeIsInstalled({ root, cache }, pin);
}

/** @param {Job} job */
function electronIsDone({ root, env, electron }) {
  const runtime = electronRuntime({ root, env });
  if (env["PROXIMA_ELECTRON"]) return true;
  return runtime !== null && (!electron || runtime.kind === electron);
}

/** @param {Job} job */
function systemNeed({ root, env, purpose }) {
  const runtime = electronRuntime({ root, env });
  if (!runtime) return null;
  const virtualDisplay =
    purpose === "test" && process.platform === "linux" && !env["DISPLAY"];
  return { root, env, electron: runtime.path, virtualDisplay };
}

/** @param {Job} job */
function systemIsDone(job) {
  const need = systemNeed(job);
  return need === null || systemIsReady(need);
}

/**
 * @param {Job} job
 * @returns {Promise<SetUp>}
 */
async function work(job) {
  // another set-up may have done it while we waited
  if (isDone(job)) return result(job, [], true);
  const { reporter, root, log } = job;
  writeFileSync(
    log,
    `${new Date().toISOString()} Node ${process.versions.node}\n`,
  );
  reporter.line("Setting up Proxima: this is done once.");
  /** @type {string[]} */
  const problems = [];

  if (!packagesAreInstalled(root))
    await installPackages(job, reporter.stage("Packages"));
  if (!nativeIsDone(job)) problems.push(...(await workOnNative(job)));
  if (!electronIsDone(job)) {
    const stage = reporter.stage("Electron");
    await orProblem(problems, () =>
      installElectron(job, { only: job.electron ?? null }, stage),
    );
  }
  const need = systemNeed(job);
  if (need && !systemIsReady(need)) {
    const asRoot = process.getuid?.() === 0;
    const stage = reporter.stage("System libraries");
    await orProblem(problems, () =>
      installSystemLibraries({ ...need, log, asRoot }, stage),
    );
  }
  const outcome = result(job, problems, true);
  if (problems.length === 0)
    reporter.line(
      outcome.native.state === "ready"
        ? "Set-up is complete."
        : "Set-up is complete, without native TensorFlow: Proxima computes with the slower fallback backend.",
    );
  return outcome;
}

/**
 * Native TensorFlow is never fatal: the status file tells the app why it computes with the fallback backend.
 * @param {Job} job
 * @returns {Promise<string[]>} what was asked for by name and could not be done
 */
async function workOnNative(job) {
  const { root, cache, env, reporter, tensorflow = null } = job;
  const stage = reporter.stage("Native TensorFlow");
  const earlier = readNativeStatus(root)?.variant ?? null;
  let pin = await chooseTensorFlow(tensorflow ?? earlier, env);
  /** @type {string[]} */
  const problems = [];
  if (pin.variant === "gpu") {
    const sentence = await attempt(job, pin, stage);
    if (!sentence) return [];
    if (tensorflow === "gpu") problems.push(sentence);
    else stage.note(sentence);
    stage.say("going on with the one for the CPU");
    pin = tensorflowCpu;
    if (nativeIsInstalled({ root, cache }, pin)) return problems;
  }
  const sentence = await attempt(job, pin, stage);
  if (sentence) {
    stage.note(sentence);
    writeJson(nativeStatusFile(root), unavailable(sentence));
  }
  return problems;
}

/**
 * @param {Job} job
 * @param {import("./pins.mjs").TensorFlow} pin
 * @param {import("../lib/progress.mjs").Stage} stage
 * @returns {Promise<string>} empty on success, else one sentence
 */
async function attempt(job, pin, stage) {
  try {
    const status = await installNative(job, pin, stage);
    writeJson(nativeStatusFile(job.root), status);
    return "";
  } catch (error) {
    const refusal = explainErrno(error, job.cache, job.root);
    if (refusal instanceof Refusal) return refusal.message;
    throw error;
  }
}

/**
 * @param {string[]} problems
 * @param {() => Promise<void>} stage
 */
async function orProblem(problems, stage) {
  try {
    await stage();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    problems.push(error.message);
  }
}

/**
 * @param {Job} job
 * @param {string[]} problems
 * @param {boolean} worked
 * @returns {SetUp}
 */
function result({ root, env }, problems, worked) {
  return {
    native:
      readNativeStatus(root) ??
      unavailable(
        "Set-up did not come to native TensorFlow: run node scripts/setup.mjs.",
      ),
    electron: electronRuntime({ root, env }),
    problems,
    worked,
  };
}

/**
 * @param {string} reason
 * @returns {import("./native-status.mjs").NativeStatus}
 */
function unavailable(reason) {
  return {
    state: "unavailable",
    reason,
    variant: null,
    tensorflow: null,
    libraryPath: [],
  };
}

/**
 * Full and read-only disks show up anywhere.
 * @param {unknown} error
 * @param {string} cache
 * @param {string} root
 */
function explainErrno(error, cache, root) {
  if (isErrno(error, "ENOSPC"))
    return new Refusal(
      `The disk of ${cache} or ${root} became full: make room, or let XDG_CACHE_HOME name a folder on another disk, and run node scripts/setup.mjs again.`,
    );
  for (const code of ["EACCES", "EPERM", "EROFS"])
    if (isErrno(error, code))
      return new Refusal(
        `Set-up may not write in ${cache} or ${root}: make both yours, or let XDG_CACHE_HOME name a folder that is, and run node scripts/setup.mjs again.`,
      );
  return error;
}
