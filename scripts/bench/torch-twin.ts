/** A network dumped for torch_network.py, and a conversation with it. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Network } from "../../src/engine";
import { fold } from "../../src/engine/network/fold";
import { classCount } from "../../src/engine/network/network";
import { preprocessOf } from "../../src/engine/network/preprocess";

/** A Python that can import torch: PROXIMA_TORCH_PYTHON, else python3; null where there is none. */
export function findTorch(): string | null {
  const asked = process.env["PROXIMA_TORCH_PYTHON"];
  for (const python of asked ? [asked] : ["python3", "python"])
    if (spawnSync(python, ["-c", "import torch, numpy"]).status === 0)
      return python;
  return null;
}

export interface TorchTwin {
  readonly version: string;
  ask(request: Record<string, unknown>): Promise<Record<string, number>>;
  close(): void;
}

/** The network dumped for PyTorch, which runs it node by node; `training`: as it is, nothing folded. */
export async function openTorchTwin(
  python: string,
  network: Network,
  threads: number,
  { training = false } = {},
): Promise<TorchTwin> {
  const folder = mkdtempSync(join(tmpdir(), "proxima-torch-"));
  const dump = join(folder, "network.json");
  writeDump(
    training ? network : fold(network),
    dump,
    join(folder, "weights.bin"),
  );
  return openTwin(python, folder, { dump, threads });
}

/** torchvision's own module with seeded random weights, and the state dict they were written to. */
export async function openTorchvision(
  python: string,
  torchvision: string,
  threads: number,
): Promise<TorchTwin & { readonly stateDict: string }> {
  const folder = mkdtempSync(join(tmpdir(), "proxima-torch-"));
  const save = join(folder, `${torchvision}.pth`);
  const twin = await openTwin(python, folder, { torchvision, save, threads });
  return { ...twin, stateDict: save };
}

/** `folder` is removed once PyTorch has ended. */
async function openTwin(
  python: string,
  folder: string,
  setup: Record<string, unknown>,
): Promise<TorchTwin> {
  const script = resolve("scripts/bench/torch_network.py");
  const child = spawn(python, [script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  const exchange = async (message: unknown) => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const line: IteratorResult<string, unknown> = await lines.next();
    if (line.done) throw new Error("PyTorch ended; its message is above.");
    return JSON.parse(line.value) as unknown;
  };
  const hello = (await exchange(setup)) as { torch: string };
  return {
    version: hello.torch,
    ask: async (request) => (await exchange(request)) as Record<string, number>,
    close() {
      child.stdin.end();
      void once(child, "exit").then(() =>
        rmSync(folder, { recursive: true, force: true }),
      );
    },
  };
}

function writeDump(network: Network, file: string, weightsFile: string): void {
  const parts: Float32Array[] = [];
  let offset = 0;
  const nodes = network.nodes.map(
    ({ name, op, inputs, attributes, weights }) => ({
      name,
      kind: op.kind,
      inputs,
      attributes,
      weights: Object.fromEntries(
        Object.entries(weights).map(([key, { shape, data }]) => {
          const at = offset;
          parts.push(data);
          offset += data.length;
          return [key, [at, shape]];
        }),
      ),
    }),
  );
  writeFileSync(
    weightsFile,
    Buffer.concat(
      parts.map((p) => new Uint8Array(p.buffer, p.byteOffset, p.byteLength)),
    ),
  );
  const {
    scale,
    offset: shift,
    reversed,
  } = preprocessOf(network) ?? {
    scale: [1],
    offset: [0],
    reversed: false,
  };
  writeFileSync(
    file,
    JSON.stringify({
      nodes,
      output: network.output,
      input: network.input,
      classes: classCount(network),
      scale,
      offset: shift,
      reversed,
      weights: weightsFile,
    }),
  );
}
