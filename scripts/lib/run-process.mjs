// @ts-check
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";

/**
 * @typedef {object} Ended
 * @property {number} code exit code; 127 where the command does not exist, 128 + n after a signal
 * @property {string} output the last 64 kB of both streams
 * @property {boolean} missing the command does not exist
 * @property {boolean} stopped it was ended because nothing moved, or its time was up
 */

/**
 * Runs a command to its end and never throws for what the command does.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {string} [options.log] a file that gets everything it prints
 * @param {boolean} [options.inherit] prints straight to our own streams
 * @param {(line: string) => void} [options.onLine] each line of both streams
 * @param {() => number} [options.watch] something that grows while it works, asked once a second
 * @param {(value: number) => void} [options.onWatch]
 * @param {number} [options.stallMs] ends it when `watch` has not grown for so long
 * @param {number} [options.limitMs] ends it after so long
 * @returns {Promise<Ended>}
 */
export function runProcess(command, args, options = {}) {
  const { cwd, env, log, inherit, onLine, watch, onWatch } = options;
  if (log) appendFileSync(log, `\n$ ${[command, ...args].join(" ")}\n`);
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      // a group of its own where its time is limited, so that all it started ends with it
      detached: options.limitMs !== undefined,
      stdio: inherit
        ? ["ignore", "inherit", "inherit"]
        : ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let rest = "";
    let stopped = false;
    /** @param {string} text */
    const take = (text) => {
      if (log) appendFileSync(log, text);
      output = (output + text).slice(-65536);
      if (!onLine) return;
      const lines = (rest + text).split(/\r?\n|\r/);
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    };
    child.stdout?.setEncoding("utf8").on("data", take);
    child.stderr?.setEncoding("utf8").on("data", take);

    const stop = () => {
      stopped = true;
      endTree(child, options.limitMs !== undefined);
    };
    let last = -1;
    let lastAt = Date.now();
    const look = watch
      ? setInterval(() => {
          const value = watch();
          onWatch?.(value);
          if (value !== last) [last, lastAt] = [value, Date.now()];
          else if (Date.now() - lastAt > (options.stallMs ?? Infinity)) stop();
        }, 1000)
      : undefined;
    const limit = options.limitMs
      ? setTimeout(stop, options.limitMs)
      : undefined;
    const passOn = () => endTree(child, options.limitMs !== undefined);
    process.once("exit", passOn);

    /** @param {Ended} ended */
    const finish = (ended) => {
      clearInterval(look);
      clearTimeout(limit);
      process.removeListener("exit", passOn);
      if (rest && onLine) onLine(rest);
      resolve(ended);
    };
    child.once("error", (error) => {
      const missing = "code" in error && error.code === "ENOENT";
      finish({ code: 127, output: error.message, missing, stopped });
    });
    child.once("close", (code) => {
      finish({ code: code ?? 128, output, missing: false, stopped });
    });
  });
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {boolean} group it leads one
 */
function endTree(child, group) {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    if (group && process.platform !== "win32")
      process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // ended by itself
  }
}
