import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TrainState } from "../../../../src/engine";
import {
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpoint,
  writeCheckpoint,
  type RunCheckpoint,
} from "../../../../src/main/host/training/checkpoint";
import { plannedRuns } from "../../../../src/main/host/training/experiment-folder";
import { defaultTrainingPlan } from "../../../../src/shared/training";
import { temporaryFolders } from "../../../support/temporary-folder";

const temporary = temporaryFolders();

function weights(from: number): TrainState["weights"] {
  const data = Float32Array.of(from, -0, 1e-42, Math.fround(Math.PI), 3e38, 5);
  return {
    "conv/kernel": { shape: [2, 3], data },
    // a view that begins within its buffer
    "conv/bias": { shape: [1], data: data.subarray(5) },
  };
}

function checkpointOf(step: number): RunCheckpoint {
  const [run] = plannedRuns(defaultTrainingPlan);
  if (!run) throw new Error("no run");
  return {
    position: {
      epoch: 2,
      step,
      ...{ lossSum: 12.625, correct: 30, images: 64, trainMs: 1234.5 },
      run,
    },
    state: {
      step,
      weights: weights(step),
      moments: { first: weights(0.5), second: weights(0.25) },
    },
  };
}

describe("a checkpoint", () => {
  it("comes back to the bit", () => {
    const given = checkpointOf(7);
    const read = decodeCheckpoint(Buffer.from(encodeCheckpoint(given)));
    expect(read).toEqual(given);
    expect(Object.is(read?.state.weights["conv/kernel"]?.data[1], -0)).toBe(
      true,
    );
  });

  it("is known to be damaged wherever a byte is wrong, and where it ends early", () => {
    const bytes = Buffer.from(encodeCheckpoint(checkpointOf(7)));
    for (let i = 0; i < bytes.length; i += 13) {
      const damaged = Buffer.from(bytes);
      damaged[i] = (damaged[i] ?? 0) ^ 4;
      expect(decodeCheckpoint(damaged)).toBeNull();
    }
    for (const length of [0, 5, 11, 60, bytes.length - 1])
      expect(decodeCheckpoint(bytes.subarray(0, length))).toBeNull();
  });

  it("is replaced by the next, and the one before stands in for a damaged one", async () => {
    const folder = join(await temporary(), "run");
    expect(await readCheckpoint(folder)).toBeNull();
    for (const step of [1, 2, 3])
      await writeCheckpoint(folder, checkpointOf(step));
    expect((await readCheckpoint(folder))?.state.step).toBe(3);
    const path = join(folder, "checkpoint");
    await writeFile(path, (await readFile(path)).subarray(0, 500));
    expect(await readCheckpoint(folder)).toEqual(checkpointOf(2));
    // a crash between the two renames
    await rm(path);
    expect((await readCheckpoint(folder))?.state.step).toBe(2);
    await writeFile(join(folder, "checkpoint.previous"), "rubbish");
    await expect(readCheckpoint(folder)).rejects.toThrow("are damaged");
  });
});
