import {
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { holderOf, tryLock, type Lock } from "../../src/main/lock.mjs";
import {
  elsewhere,
  endsAlone,
  hasPidNamespaces,
  heldElsewhere,
  holdLock,
  killed,
} from "../support/hold-lock";
import { temporaryFolders } from "../support/temporary-folder";

const temporary = temporaryFolders();
const soon = { silence: 600 };

async function place(): Promise<string> {
  return join(await temporary(), "lock");
}
async function taken(path: string): Promise<Lock> {
  const { lock } = await tryLock(path, soon);
  if (!lock) throw new Error("the lock was refused");
  return lock;
}

describe("a lock", () => {
  it("is one holder's at a time, in one process too", async () => {
    const path = await place();
    const lock = await taken(path);
    const second = await tryLock(path);
    expect(second.lock).toBeNull();
    expect(second).toMatchObject({ holder: { pid: process.pid } });
    lock.release();
    expect(await holderOf(path)).toBeNull();
    (await taken(path)).release();
    expect(await readdir(join(path, ".."))).toEqual([]);
  });

  it("keeps no process alive that has nothing more to do", async () => {
    const path = await place();
    for (const releases of [true, false]) {
      expect(await endsAlone(path, { releases })).toBe(0);
      expect(await holderOf(path)).toBeNull();
    }
  });

  it("is another process', and free at once when that is killed", async () => {
    const path = await place();
    const child = await holdLock(path);
    expect(await tryLock(path)).toMatchObject({
      lock: null,
      holder: { pid: child.pid },
    });
    expect(await holderOf(path)).toMatchObject({ holder: { pid: child.pid } });
    // stopped is not gone, whatever its beat says
    child.kill("SIGSTOP");
    expect((await tryLock(path, soon)).lock).toBeNull();
    await killed(child);
    (await taken(path)).release();
  });

  it("is not that of a process that has the number of a dead one", async () => {
    const path = await place();
    const lock = await taken(path);
    const text = await readFile(path, "utf8");
    lock.release();
    const { started } = JSON.parse(text) as { started: string };
    await writeFile(path, text.replace(`"${started}"`, `"${started}0"`));
    (await taken(path)).release();
  });

  it("is a living holder's elsewhere, and free when that falls silent", async () => {
    const path = await place();
    await heldElsewhere(path);
    // its number is this process' own here, which decides nothing
    expect((await tryLock(path)).lock).toBeNull();
    const silent = await place();
    await writeFile(silent, elsewhere());
    // nobody who does not wait takes it
    expect((await tryLock(silent, { watch: false })).lock).toBeNull();
    (await taken(silent)).release();
    // damaged, or of an older version
    await writeFile(silent, "4711\n");
    (await taken(silent)).release();
  });

  it.skipIf(!hasPidNamespaces)(
    "is a living holder's in another pid namespace, where this one's numbers mean nothing",
    async () => {
      const path = await place();
      const child = await holdLock(path, { apart: true });
      const refused = await tryLock(path);
      expect(refused.lock).toBeNull();
      // in its own namespace it is the first
      expect(refused).toMatchObject({ holder: { pid: 1 } });
      await killed(child);
      const { lock } = await tryLock(path, { silence: 2500 });
      expect(lock).not.toBeNull();
      lock?.release();
    },
  );

  it("is touched by its holder, also while that computes", async () => {
    const path = await place();
    const lock = await taken(path);
    const { mtimeMs } = await stat(path);
    const touched = new Int32Array(new SharedArrayBuffer(4));
    // holds this thread up as a native call does
    await vi.waitFor(
      async () => {
        Atomics.wait(touched, 0, 0, 500);
        expect((await stat(path)).mtimeMs).toBeGreaterThan(mtimeMs);
      },
      { timeout: 10_000 },
    );
    lock.release();
  });

  it("tells its holder that it is lost", async () => {
    const path = await place();
    const lock = await taken(path);
    expect(lock.lost.aborted).toBe(false);
    await writeFile(path, elsewhere());
    await vi.waitFor(
      () => {
        expect(lock.lost.aborted).toBe(true);
      },
      {
        timeout: 10_000,
      },
    );
    lock.release();
    // it is another's now
    expect(await readFile(path, "utf8")).toBe(elsewhere());
    await rm(path);
    const gone = await taken(path);
    await rm(path);
    await vi.waitFor(
      () => {
        expect(gone.lost.aborted).toBe(true);
      },
      {
        timeout: 10_000,
      },
    );
  });

  it("goes to one of many that find a dead holder", async () => {
    const path = await place();
    await writeFile(path, elsewhere());
    const all = await Promise.all(
      Array.from({ length: 8 }, () => tryLock(path, soon)),
    );
    expect(all.filter(({ lock }) => lock !== null)).toHaveLength(1);
    for (const { lock } of all) lock?.release();
    expect(await readdir(join(path, ".."))).toEqual([]);
  });

  it("is refused with the system's reason where it cannot be", async () => {
    const path = await place();
    await symlink("nowhere/at/all", path);
    await expect(tryLock(path)).rejects.toMatchObject({ code: "EEXIST" });
    await expect(tryLock(join(path, "below"))).rejects.toThrow();
  });
});
