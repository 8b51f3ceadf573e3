// @ts-check
/** Native TensorFlow under @tensorflow/tfjs-node-gpu: built beside the package, tried, and only then put into it. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { moveIntoPlace, readJson, sizeOf, writeJson } from "../lib/files.mjs";
import { stateFolder } from "../lib/places.mjs";
import { Refusal } from "../lib/refusal.mjs";
import { runProcess } from "../lib/run-process.mjs";
import { tensorflowCpu, tensorflowGpu } from "./pins.mjs";
import {
  compilerEnvironment,
  findPython,
  hasNvidiaCard,
  installedHeaders,
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

/**
 * What set-up found out about native TensorFlow; the app, the command line and the tests read it.
 * @typedef {object} NativeStatus
 * @property {"ready" | "unavailable"} state
 * @property {string | null} reason one sentence with the remedy where it is unavailable
 * @property {"cpu" | "gpu" | null} variant
 * @property {string | null} tensorflow version
 * @property {string[]} libraryPath folders for LD_LIBRARY_PATH, set before the engine's process starts
 */

/** Native TensorFlow's part of the environment of every process that computes. */
const quiet = { TF_ENABLE_ONEDNN_OPTS: "1", TF_CPP_MIN_LOG_LEVEL: "1" };

/** @param {string} root */
export const nativeStatusFile = (root) =>
  join(stateFolder(root), "native.json");

/**
 * @param {string} root
 * @returns {NativeStatus | null} null where set-up has not come that far
 */
export function readNativeStatus(root) {
  return readJson(nativeStatusFile(root));
}

/**
 * The environment of a process that loads native TensorFlow, or that starts one which does.
 * @param {NativeStatus | null} status
 * @param {NodeJS.ProcessEnv} env
 */
export function nativeEnvironment(status, env) {
  const present = (env["LD_LIBRARY_PATH"] ?? "").split(":").filter(Boolean);
  const wanted = status?.libraryPath ?? [];
  const libraryPath = [...new Set([...wanted, ...present])].join(":");
  return {
    ...quiet,
    ...env,
    ...(libraryPath ? { LD_LIBRARY_PATH: libraryPath } : {}),
    ...(status?.variant === "gpu" && !env["TF_FORCE_GPU_ALLOW_GROWTH"]
      ? { TF_FORCE_GPU_ALLOW_GROWTH: "true" }
      : {}),
  };
}

/** @param {string} root */
const packageFolder = (root) =>
  join(root, "node_modules/@tensorflow/tfjs-node-gpu");

/** node-pre-gyp's folder for the newest Node-API that tfjs-node was written for. */
const bindingFolder = "lib/napi-v8";

/**
 * True when the installed binding is the one that was tried, against libraries that are still there.
 * @param {{ root: string, cache: string }} context
 * @param {import("./pins.mjs").TensorFlow} pin
 */
export function nativeIsInstalled({ root, cache }, pin) {
  const folder = packageFolder(root);
  const tried = readJson(join(folder, bindingFolder, "tried.json"));
  return (
    tried?.variant === pin.variant &&
    tried.tensorflow === pin.version &&
    tried.node === process.versions.modules &&
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
  const python = await findPython(env);
  await requireCompiler(env);
  if (!tensorflowIsUnpacked(cache, pin))
    await fetchTensorFlow({ cache, log, env, python }, pin, stage);

  const tensorflow = tensorflowFolder(cache, pin);
  /** @type {NativeStatus} */
  const status = {
    state: "ready",
    reason: null,
    variant: pin.variant,
    tensorflow: pin.version,
    libraryPath: cudaLibraryFolders(tensorflow),
  };
  const place = freshBuildFolder(root);
  try {
    stage.say("building the binding (two files, about 10 s)");
    copyPackage(root, place);
    linkLibraries(tensorflow, join(place, "deps"));
    await build({ root, log, env, python }, place);
    stage.say("trying it against the JavaScript backend");
    const found = await tryOut(place, status, { log, env });
    writeJson(join(place, bindingFolder, "tried.json"), {
      variant: pin.variant,
      tensorflow: pin.version,
      node: process.versions.modules,
      bytes: sizeOf(join(place, bindingFolder, "tfjs_binding.node")),
    });
    const target = packageFolder(root);
    // the binding goes first and comes last: what is in between cannot be loaded
    rmSync(join(target, "lib"), { recursive: true, force: true });
    rmSync(join(target, "deps"), { recursive: true, force: true });
    moveIntoPlace(join(place, "deps"), join(target, "deps"), place);
    moveIntoPlace(join(place, "lib"), join(target, "lib"), place);
    stage.done(`TensorFlow ${found.version} on the ${found.device}, tried`);
    return status;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/**
 * Beside the package, so that what it requires is found from there too. Its name is new each time: the compiler of a
 * set-up that was killed may still be at work in an old one.
 * @param {string} root
 */
function freshBuildFolder(root) {
  const parent = dirname(packageFolder(root));
  const prefix = `${basename(packageFolder(root))}.building-`;
  for (const name of readdirSync(parent))
    if (name.startsWith(prefix))
      rmSync(join(parent, name), {
        recursive: true,
        force: true,
        maxRetries: 10,
      });
  return join(parent, `${prefix}${process.pid}`);
}

/**
 * @param {string} root
 * @param {string} place
 */
function copyPackage(root, place) {
  const source = packageFolder(root);
  if (!existsSync(source))
    throw new Refusal(
      "@tensorflow/tfjs-node-gpu is missing from node_modules: run npm ci, then node scripts/setup.mjs again.",
    );
  mkdirSync(place);
  for (const part of [
    "package.json",
    "binding.gyp",
    "binding",
    "dist",
    "node_modules",
  ])
    if (existsSync(join(source, part)))
      cpSync(join(source, part), join(place, part), { recursive: true });
}

/**
 * @param {string} tensorflow
 * @param {string} deps
 */
function linkLibraries(tensorflow, deps) {
  mkdirSync(join(deps, "lib"), { recursive: true });
  symlinkSync(join(tensorflow, "tensorflow/include"), join(deps, "include"));
  for (const name of libraries)
    symlinkSync(join(tensorflow, "tensorflow", name), join(deps, "lib", name));
  symlinkSync("libtensorflow_cc.so.2", join(deps, "lib/libtensorflow.so"));
  symlinkSync(
    "libtensorflow_framework.so.2",
    join(deps, "lib/libtensorflow_framework.so"),
  );
  // TensorFlow looks for CUDA's libraries beside its own folder too
  if (existsSync(join(tensorflow, "nvidia")))
    symlinkSync(join(tensorflow, "nvidia"), join(deps, "nvidia"));
}

/**
 * @param {{ root: string, log: string, env: NodeJS.ProcessEnv, python: string }} context
 * @param {string} place
 */
async function build({ root, log, env, python }, place) {
  // the copy step at the end of binding.gyp does not make it
  mkdirSync(join(place, bindingFolder), { recursive: true });
  const headers = installedHeaders(
    realpathSync(process.execPath),
    process.versions.node,
  );
  const ended = await runProcess(
    process.execPath,
    [
      join(root, "node_modules/node-gyp/bin/node-gyp.js"),
      "rebuild",
      ...["--jobs", "2", "--python", python],
      ...(headers ? ["--nodedir", headers] : []),
      "--module_name=tfjs_binding",
      `--module_path=./${bindingFolder}`,
      "--napi_build_version=8",
      "--napi_version=8",
    ],
    {
      cwd: place,
      env: {
        ...env,
        ...(await compilerEnvironment(env)),
        CXXFLAGS: `${env["CXXFLAGS"] ?? ""} -std=c++17`.trim(),
      },
      log,
      limitMs: 10 * 60_000,
    },
  );
  if (ended.code !== 0) throw new Refusal(explainBuild(ended.output));
  cpSync(
    join(place, "build/Release/tfjs_binding.node"),
    join(place, bindingFolder, "tfjs_binding.node"),
  );
}

/**
 * One sentence for what node-gyp and the compiler printed.
 * @param {string} output
 */
export function explainBuild(output) {
  const again = "and run node scripts/setup.mjs again";
  if (/No space left|ENOSPC/i.test(output))
    return `The disk became full while TensorFlow's binding was built: make room ${again}.`;
  if (
    /node-v[\d.]+-headers|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|fetch failed/.test(
      output,
    ) &&
    !/error:.*\.(cc|h)\b/.test(output)
  )
    return `The headers of Node ${process.versions.node} are not installed and nodejs.org could not be reached: use a Node that brings its headers (the archives of nodejs.org do; on Debian and Ubuntu: libnode-dev) ${again}.`;
  if (/not found: make|`make`|gyp ERR! find Python/i.test(output))
    return `TensorFlow's binding needs make and Python to build: install them (on Debian and Ubuntu: sudo apt-get install g++ make python3) ${again}.`;
  return `The compiler could not build TensorFlow's binding: see .proxima/setup.log, use a compiler that knows C++17 (GCC 8 or Clang 7, or later) ${again}.`;
}

/**
 * Loads the new binding in a process of its own and compares it with the JavaScript backend.
 * @param {string} place
 * @param {NativeStatus} status
 * @param {{ log: string, env: NodeJS.ProcessEnv }} context
 * @returns {Promise<{ version: string, device: string }>}
 */
async function tryOut(place, status, { log, env }) {
  /** @type {any} one line of JSON */
  let found = null;
  const ended = await runProcess(
    process.execPath,
    [fileURLToPath(new URL("try-native.mjs", import.meta.url)), place],
    {
      env: { ...nativeEnvironment(status, env), NVIDIA_TF32_OVERRIDE: "0" },
      log,
      limitMs: 3 * 60_000,
      onLine: (line) => {
        if (line.startsWith("{")) found = JSON.parse(line);
      },
    },
  );
  if (ended.code !== 0 || !found)
    throw new Refusal(
      "Native TensorFlow was built but failed its trial, so it is not used: see .proxima/setup.log, and run node scripts/setup.mjs again.",
    );
  if (status.variant === "gpu" && found.device !== "GPU")
    throw new Refusal(
      "TensorFlow for the GPU was built but finds no card it can use: update the NVIDIA driver and run node scripts/setup.mjs --gpu again, or node scripts/setup.mjs --cpu.",
    );
  return found;
}
