/** What enters the batch norms: recomputed by hand on a small network, and the trend of the published figure. */
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeRuntime } from "../../../src/engine";
import { batchNormInputs } from "../../../src/engine/experiments/batch-norm-inputs";
import { compileDeviations } from "../../../src/engine/experiments/batch-norm-inputs/deviations";
import type { World } from "../../../src/engine/experiments/experiment";
import { node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { randomStream } from "../../../src/engine/random";
import { openBackend } from "../../../src/main/host/backend";
import {
  experimentSpecs,
  type LabRow,
  type LabSettings,
} from "../../../src/shared/lab";
import { network, randomWeight, relu } from "../../support/small-networks";
import { bareWorld } from "../../support/run-experiment";

type Settings = LabSettings<"batch-norm-inputs">;

let runtime: NativeRuntime;
beforeAll(async () => {
  const { runtime: native } = await openBackend();
  if (!native) throw new Error("native TensorFlow is not built");
  runtime = native;
});

const channels = 3;
const epsilon = 1e-3;

/** norm -> rectifier -> norm -> logits */
function normed() {
  return network(
    [6, 5, channels],
    [
      node(ops.batchNorm, "norm1", ["input"], { epsilon }),
      relu("relu", "norm1"),
      node(ops.batchNorm, "norm2", ["relu"], { epsilon }),
      node(ops.globalAverage, "pool", ["norm2"], { keepDims: false }),
      node(
        ops.dense,
        "logits",
        ["pool"],
        {},
        { kernel: randomWeight([channels, 2], 1, 1) },
      ),
    ],
  );
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(
    values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length,
  );
}

/** The root of the channels' mean variance. */
function within(byChannel: readonly (readonly number[])[]): number {
  const variances = byChannel.map((own) => deviation(own) ** 2);
  return Math.sqrt(variances.reduce((a, b) => a + b, 0) / channels);
}

it.each([0, 0.3])("are of all values together, at slope %d", (slope) => {
  const random = randomStream(9);
  // each channel with a scale and a centre of its own
  const images = Float32Array.from(
    { length: 2 * 30 * channels },
    (_, i) => (1 + (i % channels)) * random.normal() + (i % channels),
  );
  const deviations = compileDeviations(
    { network: normed(), slopes: [slope], batch: 2 },
    runtime,
  );
  deviations.feed(normed(), {
    images,
    labels: Int32Array.of(0, 1),
    labelsFrom: "random",
  });
  const [first, second] = deviations.measure(slope);
  deviations.dispose();
  expect(first?.deviation).toBeCloseTo(deviation([...images]), 5);
  const byChannel = Array.from({ length: channels }, (_, channel) =>
    [...images].filter((_, i) => i % channels === channel),
  );
  expect(first?.within).toBeCloseTo(within(byChannel), 5);
  const rectified = byChannel.map((own) => {
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    const scale = Math.sqrt(deviation(own) ** 2 + epsilon);
    return own.map((v) => (v > mean ? 1 : slope) * ((v - mean) / scale));
  });
  expect(second?.deviation).toBeCloseTo(deviation(rectified.flat()), 5);
  expect(second?.within).toBeCloseTo(within(rectified), 5);
});

function world(changes: Partial<World> = {}): World {
  return { ...bareWorld, runtime, ...changes };
}

async function run(changes: Partial<Settings>, on: World) {
  const settings: Settings =
    experimentSpecs["batch-norm-inputs"].settings.parse(changes);
  const rows = new Map<string, LabRow<"batch-norm-inputs">>();
  const cells = batchNormInputs.plan(settings, on);
  for await (const happening of batchNormInputs.compute(cells, settings, on, {
    signal: new AbortController().signal,
  }))
    if (happening.kind === "row") rows.set(happening.key, happening.row);
  return { rows, summary: batchNormInputs.summarize(settings, rows, on) };
}

describe("the experiment", () => {
  it("rises with the slope on a random ResNet-18, as in the published figure", async () => {
    const { summary } = await run(
      { slopes: [0.1, 0.2, 0.3, 0.5], size: 64, batch: 8, repetitions: 1 },
      world(),
    );
    const [one = NaN, two = NaN, three = NaN, five = NaN] = summary.slopes.map(
      (s) => s.deviation,
    );
    // 1.177 at .1, 1.183 at .2, 1.198 at .3, 1.250 at .5 on photographs of 128 px
    expect(one).toBeGreaterThan(1.1);
    expect(one).toBeLessThan(1.4);
    expect(two).toBeGreaterThan(one);
    expect(three).toBeGreaterThan(two);
    expect(five).toBeGreaterThan(three);
    expect((three - one) / 0.021).toBeGreaterThan(0.6);
    expect((five - one) / 0.073).toBeGreaterThan(0.6);
    expect((five - one) / 0.073).toBeLessThan(1.6);
    const { layers = [] } = summary.slopes[0] ?? {};
    expect(layers).toHaveLength(20);
    expect(layers[0]?.node).toBe("bn1");
    expect(
      layers.reduce((sum, l) => sum + l.deviation, 0) / layers.length,
    ).toBeCloseTo(one, 12);
  });

  it("gives mean and spread over the repetitions", async () => {
    const { rows, summary } = await run(
      { subject: "open", slopes: [0.2], repetitions: 3, batch: 2 },
      world({ network: normed() }),
    );
    const each = [...rows.values()].map((row) => row.deviation);
    expect(each).toHaveLength(3);
    const [only] = summary.slopes;
    expect(only?.deviation).toBeCloseTo(
      each.reduce((a, b) => a + b, 0) / 3,
      12,
    );
    expect(only?.spread).toBeCloseTo(deviation(each) * Math.sqrt(3 / 2), 12);
    expect(only).toMatchObject({ network: "small", repetitions: 3 });
  });

  it("refuses a network without batch norms, saying why it may have none", () => {
    const settings: Settings = experimentSpecs[
      "batch-norm-inputs"
    ].settings.parse({ subject: "open" });
    const plain = network([4, 4, 2], [relu("r", "input")], { output: "r" });
    expect(() =>
      batchNormInputs.plan(settings, world({ network: plain })),
    ).toThrow(/has no batch norm.*folded/);
  });
});
