/** One process at a time works on an experiment's folder: two would write each other's checkpoints. */
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../../shared/fault";
import { codeOf, isAlive, writeFault } from "../folder";

export const lockFile = "running";

/**
 * Takes the folder until the function it returns is called. What a killed process left counts for nothing.
 * Throws a Fault `invalid-request` where another process has it, `export-failed` where nothing can be written.
 */
export async function takeFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, lockFile);
  for (let again = true; ; again = false) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(`${process.pid}\n`).finally(() => file.close());
      return () => rm(path, { force: true });
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw writeFault(error, path);
    }
    const pid = Number(await readFile(path, "utf8").catch(() => ""));
    // in this process nobody else has it: its number was a killed one's
    const held = pid > 0 && pid !== process.pid && isAlive(pid);
    if (held || !again)
      throw new Fault(
        "invalid-request",
        `Another process (${pid}) is training in ${folder}.`,
        `Wait until it is done, or pause it. If it is no training, remove ${path}.`,
      );
    await rm(path, { force: true });
  }
}
