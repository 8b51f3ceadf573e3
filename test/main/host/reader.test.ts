/** The thread that reads a network, and what becomes of one that misbehaves. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readApart } from "../../../src/main/host/reader/reader";
import { faultOf } from "../../engine/formats/memory-files";

const folder = mkdtempSync(join(tmpdir(), "proxima-reader-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const limits = { silenceMs: 600, growth: 200 * 2 ** 20, heap: 64 };
/** Only its size counts here. */
const network = join(folder, "network.onnx");
writeFileSync(network, "not read");

/** Reads with a thread that runs this script. */
function read(script: string, signal = new AbortController().signal) {
  const thread = join(folder, `${Math.random()}.cjs`);
  writeFileSync(
    thread,
    `const { parentPort, workerData } = require("node:worker_threads");\n${script}`,
  );
  const stages: string[] = [];
  const result = readApart(
    network,
    {
      trusted: false,
      size: null,
      openSize: null,
      assume: {},
      output: null,
      head: null,
    },
    { signal, progress: (stage) => stages.push(stage) },
    { thread, limits },
  );
  return { result, stages };
}

it("ends a thread that never comes back", async () => {
  const fault = await faultOf(read("for (;;);").result);
  expect(fault.code).toBe("damaged-file");
  expect(fault.message).toMatch(/did not come to an end/);
});

it("ends a thread that swells", async () => {
  const fault = await faultOf(
    read(
      "const all = []; setInterval(() => all.push(new Uint8Array(64 << 20).fill(1)), 20);" +
        'parentPort.on("message", () => parentPort.postMessage({ kind: "alive" }));',
    ).result,
  );
  expect(fault.code).toBe("damaged-file");
  expect(fault.message).toMatch(/memory/);
});

it("survives a thread whose heap is full", async () => {
  const fault = await faultOf(
    read(
      "const all = []; setInterval(() => { for (let i = 0; i < 1e5; i++) all.push({ i }); }, 0);" +
        'parentPort.on("message", () => parentPort.postMessage({ kind: "alive" }));',
    ).result,
  );
  expect(fault.code).toBe("damaged-file");
  expect(fault.message).toMatch(/memory/);
});

it("says that a thread ended early", async () => {
  const fault = await faultOf(read("process.exit(3)").result);
  expect(fault.code).toBe("internal");
});

it("hands on progress and faults", async () => {
  const { result, stages } = read(
    'parentPort.postMessage({ kind: "progress", stage: workerData.path.slice(-5), bytes: 1, total: 2 });' +
      'parentPort.postMessage({ kind: "fault", fault: { code: "unsupported-network", message: "no", remedy: "yes" } });',
  );
  const fault = await faultOf(result);
  expect(fault.code).toBe("unsupported-network");
  expect(fault.remedy).toBe("yes");
  expect(stages).toEqual([".onnx"]);
});

it("stops a thread that listens, and one that does not", async () => {
  for (const script of [
    'parentPort.on("message", (m) => parentPort.postMessage({ kind: m.kind === "abort" ? "aborted" : "alive" }));',
    "for (;;);",
  ]) {
    const controller = new AbortController();
    const { result } = read(script, controller.signal);
    controller.abort();
    await expect(result).rejects.toHaveProperty("name", "AbortError");
  }
});
