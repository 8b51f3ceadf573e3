/** The class table as the host runs it: stopped in the middle, and gone on by another host over the same folder. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { LabBench } from "../../../src/main/host/lab/lab";
import { openNamed, type OpenedNetwork } from "../../../src/main/host/networks";
import {
  labProgressSchema,
  type LabProgress,
} from "../../../src/shared/contract";
import type { ClassRow } from "../../../src/shared/lab/class-table";
import { bundledNetwork } from "../../support/networks";
import { mixedNetwork } from "../../support/small-networks";
import { temporaryFolders } from "../../support/temporary-folder";

const temporary = temporaryFolders();
const never = new AbortController().signal;
let backend: Backend;
let network: OpenedNetwork;
beforeAll(async () => {
  backend = await openBackend();
  const bundled = await openNamed(bundledNetwork, { signal: never });
  network = { ...bundled, network: mixedNetwork() };
});

const settings = {
  targets: [1, 4],
  steps: 300,
  seed: 5,
  stepSize: 0.5,
  startNoise: 0.2,
  batch: 2,
  regularization: { blur: 0.5, rotate: 10, rotateProbability: 0.5 },
};
const bench = (folder: string) =>
  LabBench.open({
    experiment: "class-table",
    settings,
    network,
    backend,
    images: null,
    folder,
  });

/** Runs to the end, or to a stop as soon as `until` holds. */
async function run(
  over: LabBench,
  {
    until = () => false,
    fresh = false,
  }: { until?: (progress: LabProgress) => boolean; fresh?: boolean } = {},
) {
  const stop = new AbortController();
  const told: LabProgress[] = [];
  const frames: { key: string; step: number }[] = [];
  const result = await over.run({
    signal: stop.signal,
    fresh,
    progress: (progress) => {
      told.push(labProgressSchema.parse(progress));
      if (until(progress)) stop.abort();
    },
    viewer: {
      wants: () => true,
      frame: (_slot, { key, step }) => frames.push({ key, step }),
    },
  });
  return { result, told, frames };
}
/** The rows as they were made: the bench's own schema has checked them. */
const rowsOf = ({ rows }: { rows: readonly { row: unknown }[] }) =>
  rows.map(({ row }) => row as ClassRow);

describe("a class table in the host", () => {
  it("goes on in a new host where the old one was stopped, to the bit", async () => {
    const folder = await temporary();
    const first = await run(await bench(folder), {
      until: ({ done }) => done > 0,
    });
    expect(first.result.missing).toBe(6);
    const stopped = rowsOf(first.result);
    const [{ step = 0 } = {}] = stopped;
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(300);
    expect(stopped.map((row) => [row.state, row.step])).toEqual(
      Array.from({ length: 6 }, () => ["running", step]),
    );
    expect(first.result.rows.every(({ partial }) => partial)).toBe(true);
    expect(first.frames.length).toBeGreaterThan(0);

    // as after a restart: what was reached is known before anything is computed, and so is its picture
    const second = await bench(folder);
    const known = second.stored();
    expect(known).toEqual(first.result);
    for (const { key } of known.rows)
      expect((await second.picture(key))?.shape).toEqual([17, 15, 3]);

    const gone = await run(second);
    expect(gone.told[0]?.rows).toHaveLength(6);
    const began = gone.told.find(({ done }) => done > 0);
    expect(began?.done).toBeGreaterThanOrEqual(6 * step);
    expect(gone.told.at(-1)?.done).toBe(6 * 300);
    expect(gone.result.missing).toBe(0);
    expect(gone.result.rows.some(({ partial }) => partial)).toBe(false);

    const other = await temporary();
    const unbroken = await bench(other);
    const whole = await run(unbroken);
    expect(gone.result).toEqual(whole.result);
    for (const { key, row } of whole.result.rows) {
      const { pictures } = row as unknown as ClassRow; // the schema has checked it
      expect(pictures).toEqual([1, 10, 50, 250]);
      for (const one of [key, ...pictures.map((at) => `${key}@${at}`)]) {
        const kept = await unbroken.picture(one);
        expect(kept).not.toBeNull();
        expect(await second.picture(one)).toEqual(kept);
      }
    }
    // nothing of the way is left
    const [store = ""] = await readdir(join(folder, "class-table"));
    const left = join(folder, "class-table", store);
    expect(await readdir(join(left, "checkpoints"))).toEqual([]);
    expect(await readdir(join(left, "partial"))).toEqual([]);
  });

  it("begins anew when it is asked to, and keeps the rows it had until then", async () => {
    const folder = await temporary();
    const whole = await run(await bench(folder));
    const again = await bench(folder);
    const stopped = await run(again, {
      fresh: true,
      until: ({ done }) => done > 0,
    });
    expect(stopped.result).toEqual(whole.result);
    const after = await run(await bench(folder), { fresh: true });
    expect(after.told.find(({ done }) => done > 0)?.done).toBeLessThan(6 * 300);
    expect(after.result).toEqual(whole.result);
  });
});
