import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  readManifest,
  WeightStore,
} from "../../../src/engine/formats/tfjs-weights";
import { randomStream } from "../../../src/engine/random";
import { openBackend } from "../../../src/main/host/backend";
import { memoryFiles, readOptions } from "./memory-files";

beforeAll(async () => {
  await openBackend();
});

const random = randomStream(4);
function bytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () =>
    Math.floor(256 * random.uniform()),
  );
}

/** Every way to store a weight; the odd sizes leave the next one unaligned. */
const entries: tf.io.WeightsManifestEntry[] = [
  {
    name: "a/bytes",
    shape: [3],
    dtype: "float32",
    quantization: { dtype: "uint8", scale: 0.0123, min: -1.5 },
  },
  { name: "a/plain", shape: [2, 3], dtype: "float32" },
  {
    name: "a/shorts",
    shape: [5],
    dtype: "float32",
    quantization: { dtype: "uint16", scale: 1e-4, min: 2 },
  },
  {
    name: "a/halves",
    shape: [4, 2],
    dtype: "float32",
    quantization: { dtype: "float16" },
  },
  { name: "a/count", shape: [], dtype: "int32" },
  { name: "a/none", shape: [0, 3], dtype: "float32" },
];
const length = 3 + 24 + 10 + 16 + 4;

function sample(): Uint8Array {
  const all = bytes(length);
  // finite floats and halves, among them a subnormal half, the largest one and -0
  const floats = new DataView(all.buffer, 3, 24);
  for (let i = 0; i < 6; i++) floats.setFloat32(4 * i, random.normal(), true);
  const halves = new DataView(all.buffer, 37, 16);
  [0x0001, 0x03ff, 0x7bff, 0x8000, 0x3c00, 0xbc01, 0x5640, 0x0400].forEach(
    (half, i) => halves.setUint16(2 * i, half, true),
  );
  return all;
}

describe("weights", () => {
  it.each([
    ["one shard", [length]],
    ["shards that cut through weights", [2, 17, 20, length - 39]],
  ])("are decoded as tfjs decodes them, from %s", async (_, lengths) => {
    const all = sample();
    let start = 0;
    const shards = lengths.map((n, i): [string, Uint8Array] => {
      const shard = all.slice(start, (start += n));
      return [`shard${i}.bin`, shard];
    });
    const manifest = readManifest(
      [{ paths: shards.map(([name]) => name), weights: entries }],
      "model.json",
    );
    const files = memoryFiles(Object.fromEntries(shards));
    const store = await WeightStore.read(manifest, files, readOptions);
    const expected = tf.io.decodeWeights(all.slice().buffer, entries);
    for (const name of ["bytes", "plain", "shorts", "halves", "none"]) {
      const weight = store.find("a", name);
      const tensor = expected[`a/${name}`];
      expect(weight?.shape).toEqual(tensor?.shape);
      expect(weight?.data).toEqual(tensor?.dataSync());
    }
    expect(store.find("a", "nothing")).toBeNull();
    expect(() => store.find("a", "count")).toThrow("does not hold floats");
  });

  it("lie beside a model.json in a folder of its own, and have prefixes in models inside models", async () => {
    const manifest = readManifest(
      [
        {
          paths: ["w.bin"],
          weights: [
            { name: "outer/inner/kernel", shape: [2], dtype: "float32" },
            { name: "one/twin/kernel", shape: [1], dtype: "float32" },
            { name: "two/twin/kernel", shape: [1], dtype: "float32" },
          ],
        },
      ],
      "sub/model.json",
    );
    const data = Float32Array.from([1, 2, 3, 4]);
    const files = memoryFiles({ "sub/w.bin": new Uint8Array(data.buffer) });
    const store = await WeightStore.read(manifest, files, readOptions);
    expect(store.find("inner", "kernel")?.data).toEqual(data.slice(0, 2));
    // two could be meant
    expect(store.find("twin", "kernel")).toBeNull();
  });

  it("report how far they are, and stop when they are asked to", async () => {
    const manifest = readManifest(
      [
        {
          paths: ["0.bin", "1.bin"],
          weights: [{ name: "w", shape: [2], dtype: "float32" }],
        },
      ],
      "model.json",
    );
    const files = memoryFiles({
      "0.bin": new Uint8Array(4),
      "1.bin": new Uint8Array(4),
    });
    const seen: number[] = [];
    const abort = new AbortController();
    await WeightStore.read(manifest, files, {
      ...readOptions,
      progress: (_stage, done, total) => seen.push(done / total),
    });
    expect(seen).toEqual([0, 0.5, 1]);
    const stopped = WeightStore.read(manifest, files, {
      signal: abort.signal,
      progress: (_stage, done) => {
        if (done === 0) abort.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/abort/i);
  });
});
