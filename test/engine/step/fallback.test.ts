/** The whole ascent on the backends of machines without the native library. */
import { dispose, engine, setBackend, tensor4d } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ascend, type NativeRuntime } from "../../../src/engine";
import { startImage } from "../../../src/engine/ascent/start";
import { compileStep } from "../../../src/engine/step/compile";
import { eagerStep } from "../../../src/engine/step/eager";
import { openBackend } from "../../../src/main/host/backend";
import type { Method } from "../../../src/shared/domain";
import { mixedNetwork } from "../../support/small-networks";
import { cosine } from "../../support/vectors";

const network = mixedNetwork({
  preprocessing: { order: "BGR", mean: [104], std: [58] },
});
const methods: Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.1 },
  { kind: "proxygrad", slope: 0.3 },
];
const image = startImage(network.input, 0.3, 1);
const direction = Float32Array.from([0, 0, 1, 0, 0]);
const options = {
  network,
  methods,
  batch: 1,
  precision: "float32",
  regularization: { blur: 0.5, rotate: 20 },
} as const;

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});
afterAll(() => setBackend("tensorflow"));

describe.each(["wasm", "cpu"] as const)("%s", (force) => {
  it("gives the native gradient and the native rotation", async () => {
    if (!runtime) throw new Error("native TensorFlow is not built");
    await setBackend("tensorflow");
    const native = compileStep(options, runtime);
    const x = tensor4d(image, [1, ...network.input]);
    const expected = methods.map((_, m) => native.gradient(m, x, direction));
    const turned = native.regularize(x, { rotation: 13 });
    const turnedValues = turned.dataSync();
    dispose([turned]);
    native.dispose();

    const { status } = await openBackend({ force });
    expect(status.backend).toBe(force);
    expect(status.reason).not.toBeNull();
    const step = eagerStep(options);
    const input = tensor4d(image, [1, ...network.input]);
    methods.forEach((_, m) => {
      const { gradients, norms, logits } = step.gradient(m, input, direction);
      const native = expected[m];
      expect(cosine(gradients, native?.gradients ?? [])).toBeGreaterThan(
        0.9999,
      );
      expect((norms[0] ?? 0) / (native?.norms[0] ?? 1)).toBeCloseTo(1, 3);
      logits.forEach((l, i) =>
        expect(l).toBeCloseTo(native?.logits[i] ?? 0, 3),
      );
    });
    const back = step.regularize(input, { rotation: 13 });
    back
      .dataSync()
      .forEach((v, i) => expect(v).toBeCloseTo(turnedValues[i] ?? 0, 3));
    back.dispose();
    step.dispose();
    expect(engine().state.numTensors).toBe(0);
  });

  it("climbs", async () => {
    await openBackend({ force });
    const scores: number[] = [];
    for await (const updates of ascend(
      {
        network,
        targets: [{ kind: "logit", index: 2 }],
        methods: [{ kind: "proxygrad", slope: 0.1 }],
        settings: {
          steps: 5,
          stepSize: 0.5,
          startNoise: 0.1,
          seed: 1,
          regularization: { blur: 0.5, rotate: 5, rotateProbability: 1 },
          batch: 2,
          precision: "float32",
          keep: 0,
        },
        runtime: null,
      },
      { signal: new AbortController().signal },
    ))
      scores.push(updates[0]?.score ?? NaN);
    expect(scores).toHaveLength(6);
    expect(scores[5]).toBeGreaterThan((scores[0] ?? 0) + 0.1);
  });
});
