/**
 * npm run bench -- --training resnet18-half [--size 128 --batch 32,64 --rounds 3 --steps 4]
 *
 * Images a second of a training step (forward in training mode, ProxyGrad 0.2 backward, AdamW), beside PyTorch in its
 * modes. All ways take turns in one run; ratios are medians of ratios of the same round, to PyTorch's fastest mode of the
 * same precision.
 */
import { compileTrainStep, type Network } from "../../src/engine";
import type { NativeRuntime } from "../../src/engine";
import type { Precision } from "../../src/shared/domain";
import type { TorchTwin } from "./torch-twin";

export const backwardSlope = 0.2;

/** Wall and CPU milliseconds of one step. */
export interface Spent {
  readonly ms: number;
  readonly cpu: number;
}

export interface TrainingWay {
  readonly name: string;
  readonly precision: Precision;
  time(batch: number, steps: number): Promise<Spent>;
}

/** A step of ours in one precision: the median of `steps` wall times, after two that do not count. */
export function ourTraining(
  network: Network,
  runtime: NativeRuntime,
  precision: Precision,
): TrainingWay {
  return {
    name: `compiled ${precision}`,
    precision,
    time(batch, steps) {
      const step = compileTrainStep(
        {
          network,
          batch,
          slopes: { forward: 0, backward: backwardSlope },
          optimizer: { kind: "adamw", weightDecay: 0.05 },
          labelSmoothing: 0.1,
          precision,
        },
        runtime,
      );
      const pixels = network.input.reduce((a, b) => a * b, 1);
      const images = new Float32Array(batch * pixels).map(
        (_, i) => Math.sin(i * 12.9898) * 0.9,
      );
      const labels = new Int32Array(batch).map((_, i) => i % 10);
      const times: number[] = [];
      let cpu = process.cpuUsage();
      for (let i = -2; i < steps; i++) {
        if (i === 0) cpu = process.cpuUsage();
        const before = performance.now();
        step.advance(images, labels, 1e-3);
        if (i >= 0) times.push(performance.now() - before);
      }
      const { user, system } = process.cpuUsage(cpu);
      step.dispose();
      return Promise.resolve({
        ms: median(times),
        cpu: (user + system) / 1000 / steps,
      });
    },
  };
}

export function torchTraining(twin: TorchTwin): TrainingWay[] {
  return ["eager", "channels-last", "bf16"].map((mode) => ({
    name: `PyTorch ${twin.version} ${mode}`,
    precision: mode === "bf16" ? "bfloat16" : "float32",
    async time(batch, steps) {
      const backward = backwardSlope;
      const request = { do: "train", mode, batch, steps, backward };
      const { ms = NaN, cpu = NaN } = await twin.ask(request);
      return { ms, cpu };
    },
  }));
}

/** A Markdown table. The last columns: PyTorch's fastest mode of the precision over this way, by wall and CPU time. */
export async function compareTraining(
  ways: readonly TrainingWay[],
  batch: number,
  { rounds, steps }: { rounds: number; steps: number },
): Promise<string[]> {
  const spent = ways.map((): Spent[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, way] of ways.entries())
      spent[i]?.push(await way.time(batch, steps));
  const speedUp = (i: number, what: keyof Spent) => {
    const torch = ways.flatMap(({ name, precision }, t) =>
      name.startsWith("PyTorch") && precision === ways[i]?.precision ? [t] : [],
    );
    const ratios = (spent[i] ?? []).map((own, round) => {
      const theirs = torch.map((t) => spent[t]?.[round]?.[what] ?? Infinity);
      return Math.min(...theirs) / own[what];
    });
    return torch.length ? median(ratios).toFixed(2) : "not measured";
  };
  const rows = ways.map((way, i) => {
    const ms = median((spent[i] ?? []).map((own) => own.ms));
    const perSecond = ((1000 * batch) / ms).toFixed(1);
    return `| ${way.name} | ${ms.toFixed(0)} | ${perSecond} | ${speedUp(i, "ms")} | ${speedUp(i, "cpu")} |`;
  });
  return [
    "| way | ms a step | images a second | times PyTorch of the precision | by CPU time |",
    "|---|---|---|---|---|",
    ...rows,
  ];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
