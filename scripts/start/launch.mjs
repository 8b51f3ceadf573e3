// @ts-check
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { constants } from "node:os";
import { projectRoot } from "../lib/places.mjs";
import { foundFile } from "../setup/system-libraries.mjs";
import { explainLaunch } from "./desk.mjs";

/** An end this soon is a failure to start, and what Electron printed is explained instead of shown. */
const startingMs = 3000;

/**
 * Runs the app to its end.
 * @param {import("../electron-runtime.mjs").ElectronRuntime} electron
 * @param {{ args: string[], env: NodeJS.ProcessEnv }} how
 * @returns {Promise<number>} its exit code
 */
export function launch(electron, { args, env }) {
  const { ELECTRON_RUN_AS_NODE: _, ...clean } = env;
  const child = spawn(electron.path, args, {
    env: clean,
    stdio: ["inherit", "inherit", "pipe"],
  });
  /** @type {string | null} what is held back while it starts */
  let held = "";
  const release = () => {
    if (held !== null) process.stderr.write(held);
    held = null;
  };
  const started = setTimeout(release, startingMs);
  child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    if (held === null) process.stderr.write(text);
    else held += text;
  });
  const pass = (/** @type {NodeJS.Signals} */ signal) =>
    void child.kill(signal);
  process.on("SIGINT", pass).on("SIGTERM", pass).on("SIGHUP", pass);

  return new Promise((resolve) => {
    const end = (/** @type {number} */ code) => {
      clearTimeout(started);
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
        process.removeListener(signal, pass);
      resolve(code);
    };
    child.once("error", (error) => {
      console.error(
        `Electron could not be started (${error.message}): run node scripts/setup.mjs and then npm start again.`,
      );
      end(3);
    });
    child.once("close", (code, signal) => {
      const sentence =
        held && code !== 0 ? explainLaunch(held, electron.path) : null;
      if (sentence) {
        held = null;
        console.error(sentence);
        // a library may have gone since set-up looked: let it look again
        rmSync(foundFile(projectRoot), { force: true });
        return end(3);
      }
      release();
      end(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
