/** What long cells left on their way and nobody has gone on with: images and traces are large, and rows stay anyway. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { partialFolder } from "./cell-store";
import { checkpointFolder } from "./checkpoints";

/** Whoever wants a stopped table goes on with it within a month. */
const lifetimeMs = 30 * 24 * 3600 * 1000;

/**
 * Removes checkpoints and partial rows of every store of an experiment that are older than a month, and what killed
 * processes were writing there. `wanted`: names, without their ending, that are about to be gone on with.
 */
export async function removeAbandoned(
  experimentFolder: string,
  wanted: ReadonlySet<string>,
  now = Date.now(),
): Promise<void> {
  for (const store of await namesIn(experimentFolder))
    for (const part of [checkpointFolder, partialFolder]) {
      const folder = join(experimentFolder, store, part);
      for (const name of await namesIn(folder)) {
        const path = join(folder, name);
        const [stem = "", , unfinished] = name.split(".");
        if (wanted.has(stem) && unfinished === undefined) continue;
        const found = await stat(path).catch(() => null);
        if (found && found.mtimeMs < now - lifetimeMs)
          await rm(path, { force: true });
      }
    }
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
