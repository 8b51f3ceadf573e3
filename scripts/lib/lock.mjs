// @ts-check
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { isErrno, readJson } from "./files.mjs";

/** A holder shows that it lives by touching the file; one that has not for so long is gone. */
const beat = { everyMs: 2_000, goneMs: 20_000 };

/**
 * Does the work alone: waits while another process of this user holds the same lock, takes over from a dead one.
 * @template T
 * @param {string} path
 * @param {(holder: number) => void} onWait told once, with the other's process number
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!tryLock(path)) {
    const holder = readHolder(path);
    if (isGone(path, holder)) {
      takeAway(path);
      continue;
    }
    if (!told) onWait(holder?.pid ?? 0);
    told = true;
    await wait(200);
  }
  const alive = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // taken away by hand
    }
  }, beat.everyMs);
  alive.unref();
  const release = () => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(alive);
    process.removeListener("exit", release);
    release();
  }
}

/** @typedef {{ pid: number, host: string }} Holder */

/**
 * @param {string} path
 * @returns {Holder | null}
 */
const readHolder = (path) => readJson(path);

/** @param {string} path */
function tryLock(path) {
  try {
    const file = openSync(path, "wx");
    writeSync(file, JSON.stringify({ pid: process.pid, host: hostname() }));
    closeSync(file);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  }
}

/**
 * @param {string} path
 * @param {Holder | null} holder null while the file is being written, or after a power cut
 */
function isGone(path, holder) {
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (touched === undefined) return true;
  if (Date.now() - touched > beat.goneMs) return true;
  if (!holder || holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
    return isZombie(holder.pid);
  } catch (error) {
    return isErrno(error, "ESRCH");
  }
}

/**
 * Killed, but not yet asked for its exit code by its parent; told on Linux only.
 * @param {number} pid
 */
function isZombie(pid) {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/**
 * Of several that wait, one may have taken a dead holder's lock over already: what was taken from the living is
 * put back, unless a third has come in between.
 * @param {string} path
 */
function takeAway(path) {
  const mine = `${path}.${process.pid}.gone`;
  try {
    renameSync(path, mine);
    if (!isGone(mine, readHolder(mine))) linkSync(mine, path);
  } catch (error) {
    if (!isErrno(error, "ENOENT") && !isErrno(error, "EEXIST")) throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}
