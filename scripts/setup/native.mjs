// @ts-check
/** Native TensorFlow under @tensorflow/tfjs-node-gpu: built beside the package, tried, and only then put into it. */
import { readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { moveIntoPlace, readJson, sizeOf, writeJson } from "../lib/files.mjs";
import { Refusal } from "../lib/refusal.mjs";
import {
  bindingFolder,
  buildBinding,
  copyPackage,
  freshBuildFolder,
  linkLibraries,
  packageFolder,
  tryBinding,
} from "./binding.mjs";
import { tensorflowCpu, tensorflowGpu } from "./pins.mjs";
import {
  findPython,
  hasNvidiaCard,
  platformRefusal,
  requireCompiler,
  thisMachine,
} from "./toolchain.mjs";
import {
  cudaLibraryFolders,
  fetchTensorFlow,
  libraries,
  tensorflowFolder,
  tensorflowIsUnpacked,
} from "./wheels.mjs";

/** @typedef {import("./native-status.mjs").NativeStatus} NativeStatus */

/**
 * What an installed binding was made for and tried with.
 * @typedef {object} Tried
 * @property {"cpu" | "gpu"} variant
 * @property {string} tensorflow
 * @property {number} bytes of the binding
 * @property {string[]} nodes ABI versions; Node-API lets one binding serve many, but each Node has its own trial
 */

/**
 * @param {string} root
 * @returns {Tried | null}
 */
function readTried(root) {
  /** @type {Tried | null} */
  const tried = readJson(
    join(packageFolder(root), bindingFolder, "tried.json"),
  );
  // another version of set-up may have written it
  return Array.isArray(tried?.nodes) ? tried : null;
}

/**
 * True when the installed binding was tried with this Node, against libraries that are still there.
 * @param {{ root: string, cache: string }} context
 * @param {import("./pins.mjs").TensorFlow} pin
 */
export function nativeIsInstalled(context, pin) {
  return (
    nativeIsBuilt(context, pin) &&
    readTried(context.root)?.nodes.includes(process.versions.modules) === true
  );
}

/**
 * @param {{ root: string, cache: string }} context
 * @param {import("./pins.mjs").TensorFlow} pin
 */
function nativeIsBuilt({ root, cache }, pin) {
  const folder = packageFolder(root);
  const tried = readTried(root);
  return (
    tried?.variant === pin.variant &&
    tried.tensorflow === pin.version &&
    sizeOf(join(folder, bindingFolder, "tfjs_binding.node")) === tried.bytes &&
    tensorflowIsUnpacked(cache, pin) &&
    libraries.every(
      (name) =>
        linkOf(join(folder, "deps/lib", name)) ===
        join(tensorflowFolder(cache, pin), "tensorflow", name),
    )
  );
}

/** @param {string} path */
function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/**
 * @param {"cpu" | "gpu" | null} wanted null lets the machine decide
 * @param {NodeJS.ProcessEnv} env
 */
export async function chooseTensorFlow(wanted, env) {
  const gpu =
    wanted === "gpu" || (wanted === null && (await hasNvidiaCard(env)));
  return gpu ? tensorflowGpu : tensorflowCpu;
}

/**
 * Fetches, builds, tries and installs; throws a Refusal and leaves nothing behind where that cannot be done.
 * @param {{ root: string, cache: string, log: string, env: NodeJS.ProcessEnv }} context
 * @param {import("./pins.mjs").TensorFlow} pin
 * @param {import("../lib/progress.mjs").Stage} stage
 * @returns {Promise<NativeStatus>}
 */
export async function installNative(context, pin, stage) {
  const { root, cache, log, env } = context;
  const refusal = platformRefusal(thisMachine());
  if (refusal) throw new Refusal(refusal);
  if (nativeIsBuilt(context, pin)) {
    const status = ready(cache, pin);
    stage.say("trying it with this Node");
    const found = await tryBinding(packageFolder(root), status, { log, env });
    const tried = readTried(root);
    writeTried(packageFolder(root), pin, tried?.nodes ?? []);
    stage.done(`TensorFlow ${found.version} on the ${found.device}, tried`);
    return status;
  }
  const python = await findPython(env);
  await requireCompiler(env);
  if (!tensorflowIsUnpacked(cache, pin))
    await fetchTensorFlow({ cache, log, env, python }, pin, stage);

  const status = ready(cache, pin);
  const place = freshBuildFolder(root);
  try {
    stage.say("building the binding (two files, about 10 s)");
    copyPackage(root, place);
    linkLibraries(tensorflowFolder(cache, pin), join(place, "deps"));
    await buildBinding({ root, log, env, python }, place);
    stage.say("trying it against the JavaScript backend");
    const found = await tryBinding(place, status, { log, env });
    writeTried(place, pin, []);
    const target = packageFolder(root);
    // the binding goes first and comes last: what is in between cannot be loaded
    rmSync(join(target, "lib"), { recursive: true, force: true });
    rmSync(join(target, "deps"), { recursive: true, force: true });
    moveIntoPlace(join(place, "deps"), join(target, "deps"), place);
    moveIntoPlace(join(place, "lib"), join(target, "lib"), place);
    stage.done(`TensorFlow ${found.version} on the ${found.device}, tried`);
    return status;
  } finally {
    rmSync(place, { recursive: true, force: true, maxRetries: 10 });
  }
}

/**
 * @param {string} cache
 * @param {import("./pins.mjs").TensorFlow} pin
 * @returns {NativeStatus}
 */
function ready(cache, pin) {
  return {
    state: "ready",
    reason: null,
    variant: pin.variant,
    tensorflow: pin.version,
    libraryPath: cudaLibraryFolders(tensorflowFolder(cache, pin)),
  };
}

/**
 * @param {string} folder of the package
 * @param {import("./pins.mjs").TensorFlow} pin
 * @param {readonly string[]} others Nodes it was tried with before
 */
function writeTried(folder, pin, others) {
  /** @type {Tried} */
  const tried = {
    variant: pin.variant,
    tensorflow: pin.version,
    bytes: sizeOf(join(folder, bindingFolder, "tfjs_binding.node")),
    nodes: [...others, process.versions.modules],
  };
  writeJson(join(folder, bindingFolder, "tried.json"), tried);
}
