/** What a file from a stranger may do on purpose: each is refused with a code, within five seconds and half a gigabyte. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { openNetwork } from "../../src/engine";
import { openBackend } from "../../src/main/host/backend";
import { openNetworkFiles } from "../../src/main/host/network-files";
import { Fault } from "../../src/shared/fault";
import { temporaryFolders } from "../support/temporary-folder";
import { hostileFiles, layOut } from "./corpus";

const references = join(import.meta.dirname, "../references");
const refusals = ["damaged-file", "unsupported-network", "invalid-request"];

const temporaryFolder = temporaryFolders();

beforeAll(async () => {
  await openBackend();
});

it.each(hostileFiles(references).map((file) => [file.name, file] as const))(
  "%s",
  async (_, file) => {
    const before = process.memoryUsage.rss();
    const outcome = await attempt(layOut(await temporaryFolder(), file));
    expect(file.may === "open" ? [...refusals, "opened"] : refusals).toContain(
      outcome,
    );
    expect(process.memoryUsage.rss() - before).toBeLessThan(512 * 2 ** 20);
    expect(existsSync("/tmp/proxima-was-here")).toBe(false);
  },
  5000,
);

/** The fault's code, or that it was opened, with finite weights. */
async function attempt(path: string): Promise<string> {
  try {
    const { network } = await openNetwork(await openNetworkFiles(path), {
      signal: new AbortController().signal,
      progress: () => undefined,
      size: null,
    });
    for (const { name, weights } of network.nodes)
      for (const [key, { data }] of Object.entries(weights))
        if (!data.every(Number.isFinite))
          throw new Error(`the weight "${key}" of "${name}" is not finite`);
    return "opened";
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}
