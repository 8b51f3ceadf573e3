// @ts-check
/**
 * One process at a time, told by a file: it names its holder, and the holder touches it every second.
 *
 * Plain JavaScript without dependencies: set-up takes locks before anything is installed. Not `proper-lockfile`:
 * its heart beats on the event loop, which a native call may hold for a minute, and it compares times of two clocks.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";

/** Others may come in between so often; more is a name that is taken by what is no file: a link to nowhere. */
const mostTries = 100;
/** Milliseconds: between two beats, after so much silence a holder is gone, and between two looks at it. */
const times = { beat: 1_000, silence: 15_000, look: 250 };

/**
 * @typedef {object} Holder
 * @property {number} pid as its own system counts it
 * @property {string} host
 * @property {string | null} space where its process number means the same process; null where that cannot be told
 * @property {string | null} started when the process started, in the system's own ticks
 * @property {string} token of this one taking
 */

/**
 * @typedef {object} Patience
 * @property {boolean} [watch] whether a holder of which only the beat tells is watched; else it counts as there
 * @property {number} [silence] milliseconds after which it is gone
 */

/**
 * @typedef {object} Lock
 * @property {AbortSignal} lost aborted where the file was taken away or over: another may be at work
 * @property {() => void} release
 */

/**
 * Takes the lock, or says who has it. A holder whose process has ended on this machine is gone at once; of one on
 * another machine or in another container only its beat tells, which is waited for: 15 s where it has stopped.
 * Throws Node's error where the file cannot be written.
 * @param {string} path its folder must be there
 * @param {Patience} [patience]
 * @returns {Promise<{ lock: Lock } | { lock: null, holder: Holder | null }>}
 */
export async function tryLock(path, patience = {}) {
  for (let tries = 0; ; tries++) {
    const token = place(path, tries < mostTries);
    if (token !== null) return { lock: hold(path, token) };
    const found = look(path);
    if (found === null) continue;
    if (await isHeld(path, found, patience))
      return { lock: null, holder: found.holder };
    takeAway(path, found);
  }
}

/**
 * Who holds the lock; null: nobody. Changes nothing.
 * @param {string} path
 * @param {Patience} [patience]
 * @returns {Promise<{ holder: Holder | null } | null>}
 */
export async function holderOf(path, patience = {}) {
  const found = look(path);
  return found && (await isHeld(path, found, patience)) ? found : null;
}

/**
 * @typedef {object} Found
 * @property {string} text
 * @property {Holder | null} holder null where it cannot be read
 * @property {number} touched
 */

/**
 * @param {string} path
 * @returns {Found | null} null: there is no lock
 */
function look(path) {
  let file;
  try {
    // opened, not only asked for its times: a shared disk then tells those of now
    file = openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
  try {
    const text = readFileSync(file, "utf8");
    return { text, holder: parse(text), touched: fstatSync(file).mtimeMs };
  } finally {
    closeSync(file);
  }
}

/**
 * @param {string} text
 * @returns {Holder | null}
 */
function parse(text) {
  try {
    const { pid, host, space, started, token } = JSON.parse(text);
    if (!Number.isInteger(pid) || pid <= 0) return null;
    const string = (/** @type {unknown} */ value) =>
      typeof value === "string" ? value : null;
    return {
      pid,
      host: string(host) ?? "",
      space: string(space),
      started: string(started),
      token: string(token) ?? "",
    };
  } catch {
    return null;
  }
}

/**
 * @param {string} path
 * @param {Found} found
 * @param {Patience} patience
 */
async function isHeld(path, found, { watch = true, silence = times.silence }) {
  const { text, holder, touched } = found;
  if (holder?.space && holder.started && holder.space === space())
    return startOf(holder.pid) === holder.started;
  if (!watch) return true;
  const end = performance.now() + silence;
  while (performance.now() < end) {
    await wait(times.look);
    const now = look(path);
    if (now === null) return false;
    if (now.text !== text || now.touched !== touched) return true;
  }
  return false;
}

/**
 * @param {string} path
 * @param {boolean} again whether it will be tried again
 * @returns {string | null} the token, or null where a lock is there
 */
function place(path, again) {
  const token = randomUUID();
  let file;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (again && codeOf(error) === "EEXIST") return null;
    throw error;
  }
  try {
    /** @type {Holder} */
    const holder = {
      pid: process.pid,
      host: hostname(),
      space: space(),
      started: startOf(process.pid),
      token,
    };
    writeSync(file, `${JSON.stringify(holder)}\n`);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return token;
}

/**
 * Of several that wait, one may have taken over already: what is not the lock that was looked at is put back.
 * If a third has come in between, the second sees within a beat that it has lost.
 * @param {string} path
 * @param {Found} found
 */
function takeAway(path, { text }) {
  if (look(path)?.text !== text) return;
  const mine = `${path}.${randomUUID().slice(0, 8)}.gone`;
  try {
    renameSync(path, mine);
    if (look(mine)?.text !== text) putBack(mine, path);
  } catch (error) {
    if (!["ENOENT", "EEXIST"].includes(codeOf(error))) throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * @param {string} mine
 * @param {string} path
 */
function putBack(mine, path) {
  try {
    linkSync(mine, path);
  } catch (error) {
    // a disk without hard links
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(codeOf(error))) throw error;
    renameSync(mine, path);
  }
}

/** Locks of this process, by their tokens. @type {Map<string, { path: string, lost: AbortController }>} */
const held = new Map();

/**
 * @param {string} path
 * @param {string} token
 * @returns {Lock}
 */
function hold(path, token) {
  const lost = new AbortController();
  held.set(token, { path, lost });
  if (held.size === 1) process.on("exit", releaseAll);
  heart().postMessage({ token, path });
  return {
    lost: lost.signal,
    release: () => {
      release(token);
    },
  };
}

/** @param {string} token */
function release(token) {
  const lock = held.get(token);
  if (!lock) return;
  held.delete(token);
  if (held.size === 0) process.removeListener("exit", releaseAll);
  worker?.postMessage({ token, path: null });
  try {
    if (look(lock.path)?.holder?.token === token)
      rmSync(lock.path, { force: true });
  } catch {
    // it can no longer be reached, and its beat has stopped
  }
}

function releaseAll() {
  for (const token of held.keys()) release(token);
}

/** @param {string} token */
function lose(token) {
  const lock = held.get(token);
  if (!lock) return;
  held.delete(token);
  if (held.size === 0) process.removeListener("exit", releaseAll);
  lock.lost.abort();
}

/** Beats in a thread of its own: a native call holds up the main one for longer than others wait. */
const beating = `
  const { parentPort } = require("node:worker_threads");
  const { closeSync, futimesSync, openSync, readFileSync } = require("node:fs");
  const locks = new Map();
  parentPort.on("message", ({ token, path }) => {
    if (path === null) locks.delete(token);
    else locks.set(token, path);
  });
  setInterval(() => {
    for (const [token, path] of locks) {
      try {
        const file = openSync(path, "r+");
        try {
          if (readFileSync(file, "utf8").includes(token)) {
            const now = new Date();
            futimesSync(file, now, now);
            continue;
          }
        } finally {
          closeSync(file);
        }
      } catch (error) {
        // a disk that stumbles may come back
        if (error.code !== "ENOENT" && error.code !== "ENOTDIR") continue;
      }
      locks.delete(token);
      parentPort.postMessage(token);
    }
  }, ${times.beat});
`;

/** @type {Worker | null} */
let worker = null;

function heart() {
  if (worker) return worker;
  const made = new Worker(beating, { eval: true, execArgv: [] });
  made.on("message", lose);
  // without a beat others take over: nobody may go on as if the lock were held
  made.on("error", () => {
    worker = null;
    for (const token of held.keys()) lose(token);
  });
  // after the listeners: one for messages keeps the process alive again
  made.unref();
  worker = made;
  return made;
}

/** @type {string | null | undefined} */
let ownSpace;

/**
 * A process number means the same process within one start of one machine, one pid namespace and one container;
 * null where the system does not tell.
 */
function space() {
  if (ownSpace !== undefined) return ownSpace;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    ownSpace = `${boot} ${readlinkSync("/proc/self/ns/pid")} ${hostname()}`;
  } catch {
    ownSpace = null;
  }
  return ownSpace;
}

/**
 * When a process started: two that had the same number differ in it. Null for one that is not there, or only waits
 * to be counted out by its parent.
 * @param {number} pid
 */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name before it may hold anything, blanks and brackets too
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    return state === "Z" || state === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
