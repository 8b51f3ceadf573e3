/** The Lab where native TensorFlow is not: the same numbers, or a sentence that says what is missing. */
import { beforeAll, describe, expect, it } from "vitest";
import type { ClassRow } from "../../../../src/shared/lab/class-table";
import type { SweepRow } from "../../../../src/shared/lab/sweep";
import type { ExperimentId } from "../../../../src/shared/lab";
import { openBackend, type Backend } from "../../../../src/main/host/backend";
import { LabBench } from "../../../../src/main/host/lab/lab";
import {
  openNamed,
  type OpenedNetwork,
} from "../../../../src/main/host/networks";
import { trainerOf } from "../../../../src/main/host/training/trainer";
import { bundledNetwork } from "../../../support/networks";
import { mixedNetwork } from "../../../support/small-networks";
import { temporaryFolders } from "../../../support/temporary-folder";

const temporary = temporaryFolders();
const { signal } = new AbortController();
let opened: OpenedNetwork;

async function rowsOf(
  experiment: ExperimentId,
  settings: object,
  backend: Backend,
): Promise<unknown[]> {
  const bench = await LabBench.open({
    ...{ experiment, settings, backend, images: null },
    network: { ...opened, network: mixedNetwork() },
    folder: await temporary(),
  });
  const { rows } = await bench.run({ signal, progress: () => undefined });
  return rows.map(({ row }) => row);
}

const climb = {
  ...{ targets: [1, 4], stepSize: 0.5, startNoise: 0.2, batch: 2 },
  regularization: { blur: 0.5, rotate: 10, rotateProbability: 0.5 },
};
const sweep = {
  ...climb,
  methods: ["relu", "proxygrad", "leaky"],
  slopes: [0.2],
  steps: [2, 6],
  seeds: [1, 2],
  regularize: ["off", "on"],
};
const classTable = { ...climb, steps: 6 };
const handed = { slope: 0.3 };

/** What does not depend on the backend's last bits. */
const scoresOf = async (backend: Backend) => ({
  // as their own schemas made them
  sweep: (await rowsOf("sweep", sweep, backend)) as SweepRow[],
  classes: (await rowsOf("class-table", classTable, backend)) as ClassRow[],
  backward: await rowsOf("backward", handed, backend),
});

describe("the Lab without native TensorFlow", () => {
  let native: Awaited<ReturnType<typeof scoresOf>> | null = null;
  let fallback: Backend;
  beforeAll(async () => {
    opened = await openNamed(bundledNetwork, { signal });
    const backend = await openBackend();
    if (backend.runtime) native = await scoresOf(backend);
    fallback = await openBackend({ force: "wasm" });
  });

  it("climbs to the same scores", async ({ skip }) => {
    if (!native) return skip("native TensorFlow is not built");
    const found = await scoresOf(fallback);
    expect(found.sweep).toHaveLength(native.sweep.length);
    found.sweep.forEach(({ score, ...row }, i) => {
      const { score: expected, ...like } = native?.sweep[i] ?? { score: NaN };
      expect(row).toEqual(like);
      expect(score).toBeCloseTo(expected ?? NaN, 3);
    });
    expect(found.classes).toHaveLength(6);
    found.classes.forEach(({ score, method, target }, i) => {
      const like = native?.classes[i];
      expect([method, target]).toEqual([like?.method, like?.target]);
      expect(score).toBeCloseTo(like?.score ?? NaN, 3);
    });
    expect(found.backward).toEqual(native.backward);
  });

  it("says what training and passes as in training need", async () => {
    expect(() => trainerOf(fallback)).toThrow(/native TensorFlow/);
    for (const experiment of [
      "gradient-magnitude",
      "batch-norm-inputs",
    ] as const)
      await expect(
        rowsOf(experiment, { slopes: [0.1], size: 32, batch: 2 }, fallback),
      ).rejects.toMatchObject({
        code: "invalid-request",
        message:
          "Passes as in training need native TensorFlow, which is not there.",
      });
  });
});
