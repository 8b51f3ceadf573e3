// @ts-check
/** The binding of @tensorflow/tfjs-node-gpu: built beside the package, and tried in a process of its own. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Refusal } from "../lib/refusal.mjs";
import { runProcess } from "../lib/run-process.mjs";
import { nativeEnvironment } from "./native-status.mjs";
import { compilerEnvironment, installedHeaders } from "./toolchain.mjs";
import { libraries } from "./wheels.mjs";

/** @param {string} root */
export const packageFolder = (root) =>
  join(root, "node_modules/@tensorflow/tfjs-node-gpu");

/** node-pre-gyp's folder for the newest Node-API that tfjs-node was written for. */
export const bindingFolder = "lib/napi-v8";

/**
 * Beside the package, so that what it requires is found from there too. Its name is new each time: the compiler of a
 * set-up that was killed may still be at work in an old one.
 * @param {string} root
 */
export function freshBuildFolder(root) {
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
export function copyPackage(root, place) {
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
export function linkLibraries(tensorflow, deps) {
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
export async function buildBinding({ root, log, env, python }, place) {
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
        // node-gyp heeds this more than its argument of the same name
        ...(headers ? { npm_config_nodedir: headers } : {}),
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
  if (/not found: g?make|gyp ERR! find Python/i.test(output))
    return `TensorFlow's binding needs make and Python to build: install them (on Debian and Ubuntu: sudo apt-get install g++ make python3) ${again}.`;
  return `The compiler could not build TensorFlow's binding: see .proxima/setup.log, use a compiler that knows C++17 (GCC 8 or Clang 7, or later) ${again}.`;
}

/**
 * Loads the new binding in a process of its own and compares it with the JavaScript backend.
 * @param {string} place
 * @param {import("./native-status.mjs").NativeStatus} status
 * @param {{ log: string, env: NodeJS.ProcessEnv }} context
 * @returns {Promise<{ version: string, device: string }>}
 */
export async function tryBinding(place, status, { log, env }) {
  let line = "";
  const ended = await runProcess(
    process.execPath,
    [fileURLToPath(new URL("try-native.mjs", import.meta.url)), place],
    {
      env: { ...nativeEnvironment(status, env), NVIDIA_TF32_OVERRIDE: "0" },
      log,
      limitMs: 3 * 60_000,
      onLine: (text) => {
        if (text.startsWith("{")) line = text;
      },
    },
  );
  if (ended.code !== 0 || !line)
    throw new Refusal(
      "Native TensorFlow was built but failed its trial, so it is not used: see .proxima/setup.log, and run node scripts/setup.mjs again.",
    );
  // what try-native.mjs prints
  const found = /** @type {{ version: string, device: string }} */ (
    JSON.parse(line)
  );
  if (status.variant === "gpu" && found.device !== "GPU")
    throw new Refusal(
      "TensorFlow for the GPU was built but finds no card it can use: update the NVIDIA driver and run node scripts/setup.mjs --gpu again, or node scripts/setup.mjs --cpu.",
    );
  return found;
}
