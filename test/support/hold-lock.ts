/** Another process that holds a lock, and one that only seems to be elsewhere. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const lockModule = join(import.meta.dirname, "../../src/main/lock.mjs");

/** Whether a process can be started in a pid namespace of its own here. */
export const hasPidNamespaces =
  spawnSync("unshare", ["--pid", "--fork", "true"]).status === 0;

/** A process that has taken the lock, and has it until it is killed; `apart` from this one's pid namespace. */
export async function holdLock(
  path: string,
  { apart = false } = {},
): Promise<ChildProcess> {
  const script = `
    import { tryLock } from ${JSON.stringify(lockModule)};
    const { lock } = await tryLock(${JSON.stringify(path)});
    console.log(lock ? "held" : "refused");
    setInterval(() => undefined, 1000);
  `;
  const node = [process.execPath, "--input-type=module", "--eval", script];
  const [command = "", ...rest] = apart
    ? ["unshare", "--pid", "--fork", "--kill-child", ...node]
    : node;
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  if (text.toString().trim() !== "held") throw new Error(text.toString());
  return child;
}

/** Exit code of a process that takes the lock, releases it if asked to, and has nothing more to do. */
export async function endsAlone(
  path: string,
  { releases }: { releases: boolean },
): Promise<number | null> {
  const script = `
    import { tryLock } from ${JSON.stringify(lockModule)};
    const { lock } = await tryLock(${JSON.stringify(path)});
    ${releases ? "lock.release();" : ""}
  `;
  const node = ["--input-type=module", "--eval", script];
  const child = spawn(process.execPath, node, { stdio: "inherit" });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

export async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** What a holder writes whose process numbers mean nothing here: this process' number is a stranger's there. */
export function elsewhere(pid = process.pid): string {
  return JSON.stringify({
    pid,
    host: "elsewhere",
    space: "another start of another machine",
    started: "1",
    token: "theirs",
  });
}

/** A lock of a holder elsewhere that lives: it is touched until the test ends. */
export async function heldElsewhere(path: string): Promise<void> {
  await writeFile(path, elsewhere());
  let beats = 0;
  const timer = setInterval(() => {
    const then = new Date(++beats * 1000);
    utimes(path, then, then).catch(() => undefined);
  }, 50);
  onTestFinished(() => {
    clearInterval(timer);
  });
}
