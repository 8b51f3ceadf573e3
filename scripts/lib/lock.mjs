// @ts-check
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { tryLock } from "../../src/main/lock.mjs";

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
  for (;;) {
    const taken = await tryLock(path);
    if (taken.lock)
      return await work().finally(() => {
        taken.lock.release();
      });
    if (!told) onWait(taken.holder?.pid ?? 0);
    told = true;
    await wait(200);
  }
}
