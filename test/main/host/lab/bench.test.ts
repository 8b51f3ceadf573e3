/** What the host keeps of experiments, and what it does not. */
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Network } from "../../../../src/engine";
import { openBackend, type Backend } from "../../../../src/main/host/backend";
import { readPicture } from "../../../../src/main/host/lab/cell-store";
import { CheckpointFolder } from "../../../../src/main/host/lab/checkpoints";
import { LabBench } from "../../../../src/main/host/lab/lab";
import type { LabRequest } from "../../../../src/main/host/lab/request";
import {
  openNamed,
  type OpenedNetwork,
} from "../../../../src/main/host/networks";
import { bundledNetwork } from "../../../support/networks";
import { mixedNetwork } from "../../../support/small-networks";
import { temporaryFolders } from "../../../support/temporary-folder";

const temporary = temporaryFolders();
const { signal } = new AbortController();
let backend: Backend;
let opened: OpenedNetwork;
beforeAll(async () => {
  backend = await openBackend();
  opened = await openNamed(bundledNetwork, { signal });
});

const settings = { targets: [1, 4], steps: 3, stepSize: 0.5, batch: 2 };
function request(folder: string, network: Network): LabRequest {
  const images = null;
  return {
    ...{ experiment: "class-table", settings, backend, images, folder },
    network: { ...opened, network },
  };
}
async function run(asked: LabRequest, stop = signal) {
  const bench = await LabBench.open(asked);
  return bench.run({ signal: stop, progress: () => undefined });
}
async function storeOf(folder: string): Promise<string> {
  const of = join(folder, "class-table");
  const [store = ""] = await readdir(of);
  return join(of, store);
}

/** The mixed network with other biases of its classes. */
function biased(values: readonly number[]): Network {
  const network = mixedNetwork();
  const nodes = network.nodes.map((node) =>
    node.name === "logits"
      ? {
          ...node,
          weights: {
            ...node.weights,
            bias: { shape: [5], data: Float32Array.from(values) },
          },
        }
      : node,
  );
  return { ...network, nodes };
}

describe("rows", () => {
  it("with numbers that are none are not kept, and the run says so", async () => {
    const folder = await temporary();
    const asked = request(folder, biased([0, 0, Infinity, 0, 0]));
    // scores are finite; the probability is infinity over infinity
    await expect(run(asked)).rejects.toMatchObject({
      code: "not-finite",
      message:
        'A result of "class-table" is no finite number (probability); the others are kept.',
    });
    const { rows, missing } = (await LabBench.open(asked)).stored();
    expect(rows).toEqual([]);
    expect(missing).toBe(6);
  });

  it("have the names of classes that were given since, without being computed again", async () => {
    const folder = await temporary();
    const labels = ["a", "b", "c", "d", "e"];
    const before = await run(request(folder, mixedNetwork()));
    const named = request(folder, mixedNetwork({ labels }));
    const { rows, missing } = (await LabBench.open(named)).stored();
    expect(missing).toBe(0);
    expect(rows).toEqual(
      before.rows.map(({ key, row }, i) => ({
        key,
        row: { ...(row as object), label: i < 3 ? "b" : "e" }, // by its schema
      })),
    );
  });
});

describe("rows of an earlier version", () => {
  /** As that version kept them: without the fields that came later. */
  async function olden(
    folder: string,
    experiment: string,
    { version, without = [] }: { version: number; without?: string[] },
  ): Promise<void> {
    const of = join(folder, experiment);
    const [store = ""] = await readdir(of);
    const path = join(of, store, "rows.jsonl");
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    const older = lines.map((text) => {
      const line = JSON.parse(text) as { row: object }; // as it was written
      const row = Object.entries(line.row).filter(
        ([name]) => !without.includes(name),
      );
      return JSON.stringify({ ...line, version, row: Object.fromEntries(row) });
    });
    await writeFile(path, `${older.join("\n")}\n`);
  }
  const rowsOf = async (asked: LabRequest) => {
    const { rows, missing } = (await LabBench.open(asked)).stored();
    expect(missing).toBe(0);
    return rows.map(({ row }) => row as Record<string, unknown>); // by its schema
  };

  it.each([1, 2])("of version %i are read, without means", async (version) => {
    const folder = await temporary();
    const asked = {
      ...request(folder, mixedNetwork()),
      settings: { ...settings, steps: 11 },
    };
    const before = (await run(asked)).rows.map(
      ({ row }) => row as Record<string, unknown>, // by its schema
    );
    expect(before.map(({ tail }) => tail === null)).not.toContain(true);
    const without = ["tail", "tails"];
    await olden(folder, "class-table", { version, without });
    expect(await rowsOf(asked)).toEqual(
      before.map((row) => ({
        ...row,
        ...{ tail: null, tails: { steps: [], means: [], stds: [] } },
      })),
    );
  });

  it("are read as those of a softmax", async () => {
    const folder = await temporary();
    const asked = request(folder, mixedNetwork());
    const before = (await run(asked)).rows.map(({ row }) => row);
    const without = ["tail", "tails"];
    await olden(folder, "class-table", { version: 1, without });
    expect(await rowsOf(asked)).toEqual(before);
    // rows of another head are kept for themselves
    const other: LabRequest = {
      ...asked,
      network: {
        ...opened,
        network: mixedNetwork(),
        info: { ...opened.info, head: "sigmoid" },
      },
    };
    expect((await LabBench.open(other)).stored().missing).toBe(6);
    const rows = (await run(other)).rows.map(
      ({ row }) => row as Record<string, unknown>, // by its schema
    );
    for (const [i, row] of rows.entries()) {
      expect(row["score"]).toBe((before[i] as { score: number }).score);
      expect(row["top1"]).toBeNull();
      expect(row["probability"]).toBeCloseTo(
        1 / (1 + Math.exp(-Number(row["score"]))),
        12,
      );
    }
  });

  it("of a sweep are read too", async () => {
    const folder = await temporary();
    const asked: LabRequest = {
      ...request(folder, mixedNetwork()),
      experiment: "sweep",
      settings: {
        ...{ targets: [1, { index: 1, minimise: true }], seeds: [1] },
        ...{ methods: ["relu"], steps: [3], stepSize: 0.5, batch: 2 },
      },
    };
    const before = (await run(asked)).rows.map(({ row }) => row);
    expect(before).toMatchObject([
      { target: 1 },
      { target: 1, minimise: true, top1: null },
    ]);
    await olden(folder, "sweep", { version: 1 });
    expect(await rowsOf(asked)).toEqual(before);
  });

  it("of versions without an upgrade are computed again", async () => {
    const folder = await temporary();
    const asked = request(folder, mixedNetwork());
    await run(asked);
    const path = join(await storeOf(folder), "rows.jsonl");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replaceAll('{"version":3,', '{"version":4,'));
    const { rows, missing } = (await LabBench.open(asked)).stored();
    expect([rows.length, missing]).toEqual([0, 6]);
  });
});

it("a picture is read without the rows", async () => {
  const folder = await temporary();
  const asked = request(folder, mixedNetwork());
  const { rows } = await run(asked);
  const store = await storeOf(folder);
  await writeFile(join(store, "rows.jsonl"), "rubbish");
  const key = rows[0]?.key ?? "";
  const picture = await LabBench.picture(asked, key);
  expect(picture?.shape).toEqual([17, 15, 3]);
  expect(picture).toEqual(await readPicture(store, key));
  expect(await LabBench.picture(asked, "another")).toBeNull();
});

describe("checkpoints", () => {
  const checkpoint = { step: 7, arrays: { image: Float32Array.of(1, -0.5) } };

  it("of another version of the experiment are passed over", async () => {
    const store = await temporary();
    await new CheckpointFolder(store, 1).save("key", checkpoint);
    expect(await new CheckpointFolder(store, 1).load("key")).toEqual(
      checkpoint,
    );
    expect(await new CheckpointFolder(store, 2).load("key")).toBeNull();
    expect(await new CheckpointFolder(store, 1).load("other")).toBeNull();
  });

  it("that nobody has gone on with for a month go, those that are wanted stay", async () => {
    const folder = await temporary();
    const asked = request(folder, mixedNetwork());
    const stop = new AbortController();
    const bench = await LabBench.open(asked);
    // the first picture comes with the first of three steps, however fast they are
    const stopped = await bench.run({
      signal: stop.signal,
      progress: () => undefined,
      viewer: {
        wants: () => true,
        frame: () => {
          stop.abort();
        },
      },
    });
    expect(stopped.missing).toBe(6);
    const store = await storeOf(folder);
    const left = await readdir(join(store, "checkpoints"));
    expect(left).toHaveLength(6);
    const old = new CheckpointFolder(store, 1);
    await old.save("left behind", checkpoint);
    await old.save("left lately", checkpoint);
    const month = new Date(Date.now() - 31 * 24 * 3600 * 1000);
    const torn = `${left[0] ?? ""}.123`;
    await writeFile(join(store, "checkpoints", torn), "");
    for (const name of await readdir(join(store, "checkpoints")))
      await utimes(join(store, "checkpoints", name), month, month);
    await old.save("left lately", checkpoint);
    // stopped at once: nothing is computed
    await run(asked, AbortSignal.abort());
    const names = await readdir(join(store, "checkpoints"));
    expect(names).toEqual(expect.arrayContaining(left));
    expect(names).toHaveLength(left.length + 1);
    expect(await old.load("left behind")).toBeNull();
    expect(await old.load("left lately")).toEqual(checkpoint);
    const whole = await run(asked);
    expect(whole).toEqual(await run(request(await temporary(), mixedNetwork()))); // prettier-ignore
  });
});
