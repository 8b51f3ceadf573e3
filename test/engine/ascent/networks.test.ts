/** What bfloat16 costs a real network; the numbers the method was measured at are the sweep's to hold. */
import { beforeAll, describe, expect, it } from "vitest";
import { ascend, type Network } from "../../../src/engine";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { openNetworkAt } from "../../../src/main/host/networks";
import type { AscentSettings, Method } from "../../../src/shared/domain";
import { bundledNetwork } from "../../support/networks";
import { mean } from "../../support/vectors";

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend();
});

/** Mean score a method of the images after `steps`, over the targets. */
async function meanScores(
  network: Network,
  targets: readonly number[],
  methods: readonly Method[],
  settings: Partial<AscentSettings>,
): Promise<number[]> {
  const scores = methods.map((): number[] => []);
  const request = {
    network,
    targets: targets.map((index) => ({ kind: "logit", index }) as const),
    methods,
    settings: {
      steps: 10,
      stepSize: 5,
      startNoise: 0.1,
      seed: 1,
      regularization: { blur: 0, rotate: 0, rotateProbability: 0.3 },
      batch: 8,
      precision: "float32",
      keep: 0,
      ...settings,
    },
    runtime: backend.runtime,
  } as const;
  const { signal } = new AbortController();
  for await (const updates of ascend(request, { signal }))
    for (const update of updates)
      if (update.state === "done") scores[update.column]?.push(update.score);
  return scores.map(mean);
}

const classes = [3, 14, 27, 38, 50, 66, 83, 99];

describe("the bundled network", () => {
  it("costs less than 2 % of the mean score in bfloat16", async ({ skip }) => {
    if (!backend.status.precisions.includes("bfloat16"))
      return skip("this machine has no bfloat16");
    const network = await openNetworkAt(bundledNetwork);
    const methods: Method[] = [
      { kind: "relu" },
      { kind: "leaky", slope: 0.1 },
      { kind: "proxygrad", slope: 0.2 },
    ];
    const settings = { steps: 50, stepSize: 7 };
    const exact = await meanScores(network, classes, methods, settings);
    const rough = await meanScores(network, classes, methods, {
      ...settings,
      precision: "bfloat16",
    });
    const ratio = mean(rough) / mean(exact);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.02);
  }, 120_000);
});
