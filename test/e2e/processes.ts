import { readdir, readFile } from "node:fs/promises";
import { expect, type ElectronApplication } from "@playwright/test";

/** The process id of the app's engine host; waits for it to be there. */
export async function findEngine(app: ElectronApplication): Promise<number> {
  const parent = app.process().pid;
  let engine: number | undefined;
  await expect
    .poll(
      async () => {
        engine = (await childrenOf(parent)).find(({ command }) =>
          command.includes("host.cjs"),
        )?.pid;
        return engine;
      },
      { message: "the engine's process" },
    )
    .toBeDefined();
  return engine ?? 0;
}

/** Whether a process is there and not a zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) Z /.test(stat);
}

interface Child {
  readonly pid: number;
  readonly command: string;
}

async function childrenOf(parent: number | undefined): Promise<Child[]> {
  const children: Child[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end between the listing and the reading.
    const read = (file: string): Promise<string> =>
      readFile(`/proc/${entry}/${file}`, "utf8").catch(() => "");
    // pid (name) state ppid …; the name may hold anything, so count from its end.
    const [, ppid] = (await read("stat")).split(") ").at(-1)?.split(" ") ?? [];
    if (Number(ppid) === parent)
      children.push({ pid: Number(entry), command: await read("cmdline") });
  }
  return children;
}
