/**
 * npm run bench -- --bfloat16 [--network PATH_OR_ID ...] [--steps 30,300]
 *
 * What bfloat16 costs in score: eight classes of each network climb in float32 and in bfloat16, with the network's own
 * step size and regularization, under ReLU, Leaky ReLU 0.1 and ProxyGrad 0.1. Scores are the float32 network's.
 */
import {
  ascend,
  StepCache,
  classCount,
  type NativeRuntime,
} from "../../src/engine";
import { openNamed, type OpenedNetwork } from "../../src/main/host/networks";
import { experimentClasses } from "../../src/shared/class-sets";
import type { Method, Precision } from "../../src/shared/domain";
import { mean } from "../../src/shared/statistics";

const methods: readonly Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.1 },
  { kind: "proxygrad", slope: 0.1 },
];

/** A table in Markdown: mean score in float32, and by how much per cent bfloat16's differs. */
export async function compareScores(
  names: readonly string[],
  steps: readonly number[],
  runtime: NativeRuntime,
): Promise<string[]> {
  const lines = [
    "| network | steps | float32 | bfloat16 | mean | by method | worst class |",
    "| --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const name of names) {
    const { signal } = new AbortController();
    const opened = await openNamed(name, { signal });
    for (const count of steps) {
      const exact = await scoresOf(opened, count, "float32", runtime);
      const rough = await scoresOf(opened, count, "bfloat16", runtime);
      const change = (a: readonly number[], b: readonly number[]) =>
        percent(mean(b) / mean(a) - 1);
      const each = exact.map((scores, m) => change(scores, rough[m] ?? []));
      const [a, b] = [exact.flat(), rough.flat()];
      const worst = a
        .map((score, i) => ((b[i] ?? NaN) - score) / score)
        .reduce((x, y) => (Math.abs(y) > Math.abs(x) ? y : x));
      const row = [
        opened.network.name,
        String(count),
        mean(a).toFixed(2),
        mean(b).toFixed(2),
        change(a, b),
        each.join(", "),
        percent(worst),
      ];
      lines.push(`| ${row.join(" | ")} |`);
      console.error(lines.at(-1));
    }
  }
  return lines;
}

/** Last scores by method and class. */
async function scoresOf(
  { network, info }: OpenedNetwork,
  steps: number,
  precision: Precision,
  runtime: NativeRuntime,
): Promise<number[][]> {
  const { backwardSlope: _, ...defaults } = info.defaults;
  const classes = experimentClasses(network.labels, classCount(network));
  const scores = methods.map((): number[] => []);
  const cache = new StepCache(runtime);
  const request = {
    network,
    targets: classes.map((index) => ({ kind: "logit", index }) as const),
    methods,
    settings: { ...defaults, steps, precision, batch: classes.length, seed: 1 },
    runtime,
    steps: cache,
  };
  const { signal } = new AbortController();
  for await (const updates of ascend(request, { signal }))
    for (const { state, column, row, score } of updates)
      if (state !== "running") (scores[column] ??= [])[row] = score;
  return scores;
}

function percent(share: number): string {
  return `${share > 0 ? "+" : ""}${(100 * share).toFixed(1)} %`.replace(
    "-",
    "−",
  );
}
