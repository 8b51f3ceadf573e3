/** A host with both its clients, as main and the window have them. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterEach } from "vitest";
import { createHost, type Host } from "../../src/main/host/host";
import { bundledFolder } from "../../src/main/host/resources";
import { control, engine, type Purpose } from "../../src/shared/contract";
import type { GalleryRequest } from "../../src/shared/domain";
import { portPair } from "../../src/shared/port";
import { connect, serve } from "../../src/shared/rpc";
import { temporaryFolders } from "./temporary-folder";

export interface StartOptions {
  readonly configure?: boolean;
  readonly memoryLimit?: number;
  /** Of an earlier start: its library and data. */
  readonly root?: string;
}

/** Starts hosts in folders of their own; what a test started is closed after it. */
export function hosts() {
  const temporary = temporaryFolders();
  const started: Host[] = [];
  afterEach(async () => {
    for (const host of started.splice(0)) await host.close();
  });
  return async function start({
    configure = true,
    memoryLimit = 0,
    root: given,
  }: StartOptions = {}) {
    const root = given ?? (await temporary());
    const log: string[] = [];
    const host = createHost({ log: (line) => log.push(line) });
    started.push(host);
    const [ours, theirs] = portPair();
    const [mainEnd, hostEnd] = portPair();
    serve(theirs, engine, host.engine);
    serve(hostEnd, control, host.control);
    const window = connect(ours, engine);
    const main = connect(mainEnd, control);
    const configuration = {
      libraryFolder: join(root, "library"),
      makeLibrary: true,
      bundledFolder: bundledFolder(),
      dataFolder: join(root, "data"),
      threads: 0,
      memoryLimit,
    };
    if (configure) await main.call("configure", configuration);
    const grant = async (path: string, purpose: Purpose = "read") => {
      const token = randomUUID();
      await main.call("grant", { token, path, purpose });
      return token;
    };
    const open = async (folder: string) =>
      window.job("networks.open", { token: await grant(folder) });
    return { root, host, window, main, configuration, grant, open, log };
  };
}

/** Two classes under two methods, a few steps. */
export function requestOf(
  network: string,
  changes: Partial<GalleryRequest["settings"]> = {},
): GalleryRequest {
  return {
    targets: [0, 1].map((index) => ({ kind: "logit", index })),
    columns: [
      { network, method: { kind: "relu" } },
      { network, method: { kind: "proxygrad", slope: 0.2 } },
    ],
    settings: {
      steps: 6,
      stepSize: 1,
      startNoise: 0.1,
      seed: 1,
      regularization: { blur: 0, rotate: 0, rotateProbability: 0.3 },
      batch: 2,
      precision: "float32",
      keep: 2,
      ...changes,
    },
    seeds: 1,
    padBatch: true,
  };
}
