// @ts-check
/** What set-up found out about native TensorFlow, and the environments that follow from it. */
import { join } from "node:path";
import { readJson } from "../lib/files.mjs";
import { stateFolder } from "../lib/places.mjs";

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
  /** @type {NativeStatus | null} */
  const status = readJson(nativeStatusFile(root));
  // another version of set-up may have written it
  const known = status?.state === "ready" || status?.state === "unavailable";
  return known && Array.isArray(status.libraryPath) ? status : null;
}

/**
 * The environment of a plain Node that loads native TensorFlow.
 * @param {NativeStatus | null} status
 * @param {NodeJS.ProcessEnv} env
 */
export function nativeEnvironment(status, env) {
  const present = (env["LD_LIBRARY_PATH"] ?? "").split(":").filter(Boolean);
  const wanted = status?.libraryPath ?? [];
  const libraryPath = [...new Set([...wanted, ...present])].join(":");
  return {
    ...quiet,
    ...(status?.variant === "gpu" ? { TF_FORCE_GPU_ALLOW_GROWTH: "true" } : {}),
    ...reasonFor(status),
    ...env,
    ...(libraryPath ? { LD_LIBRARY_PATH: libraryPath } : {}),
  };
}

/**
 * The environment of Electron, which starts the engine's process: the libraries are for that process only.
 * @param {NativeStatus} status
 * @param {NodeJS.ProcessEnv} env
 */
export function windowEnvironment({ libraryPath, ...status }, env) {
  return {
    ...env,
    ...reasonFor(status),
    // the engine's process runs in plain Node: this very one
    PROXIMA_NODE: process.execPath,
    ...(libraryPath.length > 0
      ? { PROXIMA_LIBRARY_PATH: libraryPath.join(":") }
      : {}),
  };
}

/** @param {Pick<NativeStatus, "reason"> | null} status */
function reasonFor(status) {
  return status?.reason ? { PROXIMA_SETUP_REASON: status.reason } : {};
}
