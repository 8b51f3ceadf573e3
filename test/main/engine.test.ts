import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { Engine } from "../../src/main/engine";
import type { ExitStory } from "../../src/main/engine-exit";
import type { MainPort } from "../../src/main/engine-relay";
import { hostEnvironment } from "../../src/main/host-environment";
import { Log } from "../../src/main/log";
import type { FaultData } from "../../src/shared/fault";
import {
  portFromMessagePort,
  type MessagePortLike,
} from "../../src/shared/message-port";
import { connect } from "../../src/shared/rpc";
import { fixtureTable } from "./fixtures/table";

let built: string;
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "proxima-host-"));
  await build({
    configFile: false,
    logLevel: "silent",
    build: {
      ssr: join(import.meta.dirname, "fixtures/host.ts"),
      outDir: built,
      rolldownOptions: { output: { entryFileNames: "host.mjs" } },
    },
    ssr: { noExternal: true },
  });
});
afterAll(() => rm(built, { recursive: true }));

let folder: string;
let engine: Engine;
let stories: ExitStory[];
let refusals: FaultData[];
let restarts: number;
let log: Log;
let library: string;
let node: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "proxima-engine-"));
  stories = [];
  refusals = [];
  restarts = 0;
  library = "/library";
  node = process.execPath;
  log = new Log(join(folder, "logs", "engine.log"));
  engine = new Engine({
    command: () => ({
      node,
      script: join(built, "host.mjs"),
      env: hostEnvironment(process.env, { threads: 3 }),
    }),
    configuration: () => ({
      libraryFolder: library,
      makeLibrary: true,
      bundledFolder: "/bundled",
      dataFolder: "/data",
      threads: 3,
      memoryLimit: 0,
    }),
    log,
    onGone: (story) => stories.push(story),
    onRestarted: () => restarts++,
    onRefused: (fault) => refusals.push(fault),
  });
});
afterEach(async () => {
  await engine.stop();
  log.close();
  await rm(folder, { recursive: true });
});

/** A port with the shape of Electron's MessagePortMain. */
function mainPort(port: MessagePort): MainPort {
  return {
    on(event: "message" | "close", listener: (event: never) => void) {
      if (event === "close")
        port.on("close", () => {
          listener(undefined as never);
        });
      else
        port.on("message", (data: unknown) => {
          listener({ data } as never);
        });
      return port;
    },
    postMessage: (message) => {
      port.postMessage(message);
    },
    start: () => {
      port.start();
    },
    close: () => {
      port.close();
    },
  };
}

/** What a window does: half of a channel goes to the engine. */
function openWindow() {
  const { port1, port2 } = new MessageChannel();
  engine.connect(mainPort(port1));
  // Node's ports are EventTargets too; its types leave that out.
  const port = portFromMessagePort(port2 as unknown as MessagePortLike);
  return connect(port, fixtureTable);
}

it("starts a plain Node with its environment, and configures it before any window", async () => {
  engine.start();
  const window = openWindow();
  const told = await window.call("told", {});
  expect(told).toEqual({
    pid: told.pid,
    threads: "3",
    configured: 1,
    grants: {},
  });
  expect(told.pid).not.toBe(process.pid);
  window.close();
});

it("relays bytes unchanged, and keeps windows apart", async () => {
  engine.start();
  const [first, second] = [openWindow(), openWindow()];
  const bytes = Uint8Array.from({ length: 500_000 }, (_, i) => i % 251);
  const waiting = first.call("wait", {});
  const answer = await second.callBytes("echo", {}, { bytes });
  expect(Buffer.from(answer.bytes).equals(Buffer.from(bytes))).toBe(true);
  first.close();
  await expect(waiting).rejects.toMatchObject({ code: "engine-gone" });
  expect((await second.call("told", {})).configured).toBe(1);
  second.close();
});

it.each([
  ["SIGKILL", /killed.*memory/, /smaller batch/],
  ["SIGSEGV", /crashed \(SIGSEGV\)/, /log/],
] as const)(
  "tells of a %s once, closes its windows' ports, and runs again",
  async (signal, message, remedy) => {
    engine.start();
    const before = openWindow();
    const { pid } = await before.call("told", {});
    const token = await engine.grant("/networks/one", "read");
    const waiting = before.call("wait", {});
    process.kill(pid, signal);
    await expect(waiting).rejects.toMatchObject({ code: "engine-gone" });
    await expect.poll(() => stories).toHaveLength(1);
    expect(stories[0]?.message).toMatch(message);
    expect(stories[0]?.remedy).toMatch(remedy);
    expect(stories[0]?.remedy).toMatch(/Finished pictures are kept/);

    // A window that asks while it is away is told, and its port is closed.
    const early = openWindow();
    await expect(early.call("told", {})).rejects.toMatchObject({
      code: "engine-gone",
    });
    expect(stories).toHaveLength(2);

    const [, meanwhile] = await Promise.all([
      Promise.all([engine.restart(), engine.restart()]),
      engine.grant("/networks/two", "read"),
    ]);
    expect(restarts).toBe(1);
    const after = openWindow();
    const told = await after.call("told", {});
    expect(told.pid).not.toBe(pid);
    expect(told.grants).toEqual({
      [token]: "/networks/one",
      [meanwhile]: "/networks/two",
    });
    expect(stories).toHaveLength(2);
    after.close();
  },
);

it.each([
  ["memory", /ran out of memory/],
  ["abort", /crashed \(SIGABRT\)/],
  ["exit", /stopped by itself \(code 7\)/],
] as const)("recognises the end by %s", async (how, message) => {
  engine.start();
  const window = openWindow();
  await expect(window.call("end", { how })).rejects.toMatchObject({
    code: "engine-gone",
  });
  await expect.poll(() => stories).toHaveLength(1);
  expect(stories[0]?.message).toMatch(message);
});

it("says so where there is no Node", async () => {
  node = "/nowhere/node";
  engine.start();
  await expect.poll(() => stories).toHaveLength(1);
  expect(stories[0]?.message).toMatch(/Node was not found/);
});

it("restarts on purpose without telling of a loss", async () => {
  engine.start();
  const before = openWindow();
  const { pid } = await before.call("told", {});
  await engine.restart();
  await expect(before.call("told", {})).rejects.toMatchObject({
    code: "engine-gone",
  });
  const after = openWindow();
  expect((await after.call("told", {})).pid).not.toBe(pid);
  expect(stories).toEqual([]);
  after.close();
});

it("passes on what the engine refuses", async () => {
  library = "/refused";
  engine.start();
  await expect
    .poll(() => refusals)
    .toMatchObject([{ code: "export-failed", message: "No library there." }]);
  await expect(
    engine.configure({
      libraryFolder: "/refused",
      makeLibrary: true,
      bundledFolder: "",
      dataFolder: "/data",
      threads: 0,
      memoryLimit: 0,
    }),
  ).rejects.toMatchObject({ code: "export-failed" });
});

it("keeps what the engine prints", async () => {
  engine.start();
  const window = openWindow();
  await window.call("told", {});
  window.close();
  await engine.stop();
  log.close();
  const text = await readFile(log.path, "utf8");
  expect(text).toMatch(/engine: started, process \d+/);
  expect(text).toMatch(/fixture host is up/);
  expect(text).toMatch(/engine: ended, code 0/);
  expect(text).not.toMatch(/unasked/);
});
