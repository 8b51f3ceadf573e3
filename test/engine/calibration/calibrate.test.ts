import { memory } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  ascend,
  calibrate,
  constantRecipe,
  scoreImages,
  viewed,
  viewsOf,
  type NativeRuntime,
} from "../../../src/engine";
import { planFor } from "../../../src/engine/calibration/plan";
import { node } from "../../../src/engine/network/op";
import { conv2d } from "../../../src/engine/network/ops/conv2d";
import { dense } from "../../../src/engine/network/ops/dense";
import { globalAverage } from "../../../src/engine/network/ops/global-pool";
import { openBackend } from "../../../src/main/host/backend";
import { withRecipe, type Recipe } from "../../../src/shared/recipe";
import {
  mixedNetwork,
  network,
  relu,
  weight,
} from "../../support/small-networks";

let runtime: NativeRuntime;
beforeAll(async () => {
  const backend = await openBackend();
  if (!backend.runtime) throw new Error("native TensorFlow is needed");
  ({ runtime } = backend);
});
afterEach(() => {
  expect(memory().numTensors).toBe(0);
});

const mixed = mixedNetwork();
const { signal } = new AbortController();
const asked = { network: mixed, classes: [0, 1, 2], batch: 8 };

/** Class 0 is -mean |x - 0.5|: best at 0.5 everywhere, where long updates overshoot by their length. Class 1 is constant. */
function aimsAtHalf() {
  return network(
    [24, 24, 1],
    [
      node(
        conv2d,
        "both",
        ["input"],
        {
          strides: [1, 1],
          dilations: [1, 1],
          padding: "same",
          groups: 1,
        },
        {
          kernel: weight([1, 1, 1, 2], [1, -1]),
          bias: weight([2], [-0.5, 0.5]),
        },
      ),
      relu("relu", "both"),
      node(globalAverage, "average", ["relu"], { keepDims: false }),
      node(
        dense,
        "logits",
        ["average"],
        {},
        {
          kernel: weight([2, 2], [-1, 0, -1, 0]),
          bias: weight([2], [0, 0]),
        },
      ),
    ],
  );
}

describe("calibrate", () => {
  it("finds the shortest update where longer ones overshoot, and the first manner where none matters", async () => {
    const found = await calibrate(
      { network: aimsAtHalf(), runtime, classes: [0], batch: 8 },
      { signal },
    );
    // 0.03 * 24 = 0.72; 2 * 0.5 * (24 / 227) ** 0.25 = 0.570
    expect(found?.recipe).toEqual({
      steps: 240,
      stepSize: 0.72,
      blur: 0.57,
      rotate: 6,
      rotateProbability: 0.3,
    });
  });

  it("scores the pictures that a run with those settings makes", async () => {
    const found = await calibrate({ ...asked, runtime }, { signal });
    expect(found?.finalists.length).toBeGreaterThan(1);
    for (const { recipe, steps, heldOut, saturated } of found?.finalists ??
      []) {
      const images = await imagesOf({ ...recipe, steps }, asked.classes);
      const views = viewsOf(1);
      let beyond = 0;
      for (const [at, image] of images.entries()) {
        const logits = scoreImages(
          { network: mixed, runtime },
          views.map((view) => viewed(image, mixed.input, view)),
        );
        const mean =
          logits.reduce((sum, row) => sum + (row[at] ?? NaN), 0) / views.length;
        // the last bits differ, and hundreds of steps make more of them
        expect(Math.abs((heldOut[at] ?? NaN) / mean - 1)).toBeLessThan(0.03);
        beyond += image.filter((x) => Math.abs(x) > 0.99).length;
      }
      const share =
        beyond / images.reduce((sum, { length }) => sum + length, 0);
      expect(Math.abs(saturated - share)).toBeLessThan(0.02);
    }
  });

  it("gives the same numbers again, and counts every image-step", async () => {
    const counts: [number, number][] = [];
    const progress = (done: number, total: number) => {
      counts.push([done, total]);
    };
    const first = await calibrate({ ...asked, runtime }, { signal, progress });
    const second = await calibrate({ ...asked, runtime }, { signal });
    expect(second).toEqual(first);
    const [done, total] = counts.at(-1) ?? [];
    expect(done).toBe(total);
    expect(counts.every(([, all]) => all === total)).toBe(true);
  });

  it("leaves given numbers as they are", async () => {
    const fixed = { stepSize: 1.25, rotate: 0 };
    const found = await calibrate({ ...asked, runtime, fixed }, { signal });
    expect(found?.recipe).toMatchObject(fixed);
    // usual blur of 17 x 15 x 3: 0.5 * (15.97 / 227) ** 0.25 = 0.2575
    expect(planFor(mixed, fixed).trials.map(({ blur }) => blur)).toEqual([
      0.52, 0.36, 0.26,
    ]);
    // nothing is left to choose
    expect(planFor(mixed, { ...fixed, blur: 1 }).trials).toHaveLength(1);
  });

  it("knows nothing where no class's score rises", async () => {
    const found = await calibrate(
      { network: aimsAtHalf(), runtime, classes: [1], batch: 8 },
      { signal },
    );
    expect(found).toBeNull();
  });

  it("stops at the step where it is cancelled", async () => {
    const abort = new AbortController();
    let steps = 0;
    const cancelled = calibrate(
      { ...asked, runtime },
      {
        signal: abort.signal,
        progress: () => {
          if (++steps === 3) abort.abort(new Error("enough"));
        },
      },
    );
    await expect(cancelled).rejects.toThrow("enough");
    expect(steps).toBe(3);
  });
});

/** After the recipe's steps under ProxyGrad 0.1, one image a class. */
async function imagesOf(
  recipe: Recipe,
  classes: readonly number[],
): Promise<Float32Array[]> {
  const settings = withRecipe(
    {
      steps: 1,
      stepSize: 1,
      startNoise: 0.1,
      seed: 1,
      regularization: { blur: 0, rotate: 0, rotateProbability: 0 },
      batch: classes.length,
      precision: "float32" as const,
      keep: 0,
    },
    recipe,
  );
  const images: Float32Array[] = [];
  for await (const updates of ascend(
    {
      network: mixed,
      targets: classes.map((index) => ({ kind: "logit", index }) as const),
      methods: [{ kind: "proxygrad", slope: 0.1 }],
      settings,
      runtime,
    },
    { signal },
  ))
    for (const { row, state, image } of updates)
      if (state === "done") images[row] = image().slice();
  return images;
}

describe("constants", () => {
  it.each([
    // 0.1 * sqrt(28 * 28) = 2.8; 0.5 * (28 / 227) ** 0.25 = 0.296
    [[28, 28, 1], 2.8, 0.3],
    // 0.1 * sqrt(227 * 227 * 3) = 39.3
    [[227, 227, 3], 39, 0.5],
  ] as const)("are relative to the input, %j", (input, stepSize, blur) => {
    expect(constantRecipe(input)).toEqual({
      steps: 240,
      stepSize,
      blur,
      rotate: 6,
      rotateProbability: 0.3,
    });
  });
});
