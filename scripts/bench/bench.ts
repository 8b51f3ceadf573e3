/**
 * npm run bench [-- --network PATH_OR_ID ... --torchvision NAME,... --batch 1,8 --rounds 5 --steps 12
 *                   --eager false --compile --write FILE --mark NAME]
 *
 * Milliseconds of an image-step (forward, ProxyGrad 0.1 backward, normalised step, clip), compiled and eager,
 * and PyTorch where PROXIMA_TORCH_PYTHON or python3 can import torch. All ways take turns in one run, and the
 * ratios are medians of ratios of the same round: machines are noisy, rounds are not. --torchvision compares with
 * torchvision's own modules, opened here from their state dicts. --write puts the tables between the two marks of
 * that name (bench) in a Markdown file; --compile adds torch.compile, which needs a compiler and minutes.
 * --bfloat16 compares scores instead of times (see bfloat16.ts).
 * --training ARCHITECTURE (with --size, 128) times training steps instead.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { architectures, benchStep, type Network } from "../../src/engine";
import { openBackend } from "../../src/main/host/backend";
import { openNetworkAt } from "../../src/main/host/networks";
import { compareScores } from "./bfloat16";
import {
  findTorch,
  openTorchTwin,
  openTorchvision,
  type TorchTwin,
} from "./torch-twin";
import { compareTraining, ourTraining, torchTraining } from "./training";

const method = { kind: "proxygrad", slope: 0.1 } as const;

interface Way {
  readonly name: string;
  /** Milliseconds of one image-step. */
  time(batch: number): Promise<number>;
}

export async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      network: { type: "string", multiple: true },
      torchvision: { type: "string" },
      eager: { type: "boolean", default: true },
      batch: { type: "string", default: "1,8" },
      rounds: { type: "string", default: "5" },
      steps: { type: "string", default: "12" },
      compile: { type: "boolean", default: false },
      write: { type: "string" },
      mark: { type: "string", default: "bench" },
      training: { type: "string" },
      size: { type: "string", default: "128" },
      bfloat16: { type: "boolean", default: false },
    },
    allowNegative: true,
  });
  const backend = await openBackend();
  if (!backend.runtime) {
    console.error(`No native TensorFlow: ${backend.status.reason ?? ""}`);
    return 4;
  }
  const { runtime, status } = backend;
  if (values.bfloat16) {
    const networks = values.network ?? ["caltech101-resnet18"];
    const counts = values.steps === "12" ? "30,300" : values.steps;
    const lines = await compareScores(
      networks,
      counts.split(",").map(Number),
      runtime,
    );
    console.log(lines.join("\n"));
    return 0;
  }
  const python = findTorch();
  if (!python)
    console.log(
      "No Python with torch: PyTorch is left out (PROXIMA_TORCH_PYTHON names one).",
    );
  const lines = [`${status.title}, ${availableParallelism()} threads.`];
  const steps = Number(values.steps);
  const rounds = Number(values.rounds);
  const batches = values.batch.split(",").map(Number);
  if (values.training !== undefined) {
    const side = Number(values.size);
    const found = Object.entries(architectures).find(
      ([name]) => name === values.training,
    );
    if (!found)
      throw new Error(`--training takes ${Object.keys(architectures).join()}.`);
    const network = found[1].build({
      input: [side, side, 3],
      classes: 101,
      seed: 1,
    });
    const twin = python
      ? await openTorchTwin(python, network, availableParallelism(), {
          training: true,
        })
      : null;
    const ways = [
      ...status.precisions.map((p) => ourTraining(network, runtime, p)),
      ...(twin ? torchTraining(twin) : []),
    ];
    for (const batch of batches)
      lines.push(
        "",
        `Training ${found[1].title}, ${side} px, batch ${batch}:`,
        "",
        ...(await compareTraining(ways, batch, { rounds, steps })),
      );
    twin?.close();
  } else
    for await (const { network, twin } of subjects(values, python)) {
      const compiled = (precision: "float32" | "bfloat16"): Way => ({
        name: `compiled ${precision}`,
        time: (batch) =>
          Promise.resolve(
            benchStep({ network, runtime, method, batch, steps, precision })
              .msPerImageStep,
          ),
      });
      const eager: Way = {
        name: "eager tfjs-node",
        time: (batch) =>
          Promise.resolve(
            benchStep({
              network,
              runtime: null,
              method,
              batch,
              steps: Math.max(3, Math.floor(steps / 3)),
              precision: "float32",
            }).msPerImageStep,
          ),
      };
      const ways: Way[] = [
        ...status.precisions.map(compiled),
        ...(values.eager ? [eager] : []),
        ...(twin ? torchWays(twin, steps, values.compile) : []),
      ];
      for (const batch of batches)
        lines.push(...(await compare(network, ways, batch, rounds)));
      twin?.close();
    }
  console.log(lines.join("\n"));
  if (values.write) writeBetweenMarks(values.write, values.mark, lines);
  return 0;
}

interface Subject {
  readonly network: Network;
  readonly twin: TorchTwin | null;
}

async function* subjects(
  values: {
    readonly network?: readonly string[] | undefined;
    readonly torchvision?: string | undefined;
  },
  python: string | null,
): AsyncGenerator<Subject> {
  const threads = availableParallelism();
  const { torchvision } = values;
  const names =
    values.network ??
    (torchvision === undefined ? ["caltech101-resnet18"] : []);
  for (const name of names) {
    const network = await openNetworkAt(name);
    const twin = python ? await openTorchTwin(python, network, threads) : null;
    yield { network, twin };
  }
  if (torchvision === undefined) return;
  if (!python)
    throw new Error("--torchvision needs a Python with torchvision.");
  for (const name of torchvision.split(",")) {
    const twin = await openTorchvision(python, name, threads);
    yield { network: await openNetworkAt(twin.stateDict), twin };
  }
}

function torchWays(twin: TorchTwin, steps: number, compile: boolean): Way[] {
  const modes = ["eager", "channels-last", "bf16"];
  if (compile) modes.push("compile");
  return modes.map((mode) => ({
    name: `PyTorch ${twin.version} ${mode}`,
    time: async (batch) => {
      const { ms = NaN } = await twin.ask({
        do: "time",
        mode,
        batch,
        steps,
        backward: method.slope,
      });
      return ms / batch;
    },
  }));
}

async function compare(
  network: Network,
  ways: readonly Way[],
  batch: number,
  rounds: number,
): Promise<string[]> {
  const times = ways.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, way] of ways.entries())
      times[i]?.push(await way.time(batch));
  // PyTorch's best float32 mode, round by round, is what everything is measured against
  const references = ways.flatMap((way, i) =>
    way.name.startsWith("PyTorch") && !way.name.endsWith("bf16") ? [i] : [],
  );
  const best = Array.from({ length: rounds }, (_, round) =>
    Math.min(...references.map((i) => times[i]?.[round] ?? Infinity)),
  );
  const rows = ways.map((way, i) => {
    const own = times[i] ?? [];
    const ratio = references.length
      ? median(own.map((t, round) => t / (best[round] ?? NaN))).toFixed(2)
      : "not measured";
    return `| ${way.name} | ${median(own).toFixed(1)} | ${ratio} |`;
  });
  return [
    "",
    `${network.name}, ${network.input[0]} px, batch ${batch}:`,
    "",
    "| way | ms per image-step | / PyTorch's best float32 |",
    "|---|---|---|",
    ...rows,
  ];
}

function writeBetweenMarks(
  file: string,
  mark: string,
  lines: readonly string[],
): void {
  const text = readFileSync(file, "utf8");
  const marks = [`<!-- ${mark} -->`, `<!-- /${mark} -->`] as const;
  const [before, after] = marks.map((mark) => text.indexOf(mark));
  if (
    before === undefined ||
    after === undefined ||
    before < 0 ||
    after < before
  )
    throw new Error(`${file} has no ${marks.join(" and ")}.`);
  writeFileSync(
    file,
    `${text.slice(0, before + marks[0].length)}\n${lines.join("\n")}\n\n${text.slice(after)}`,
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
