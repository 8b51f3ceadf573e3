import { describe, expect, it } from "vitest";
import { batchesOf } from "../../src/engine/batch";

const targets = Array.from({ length: 21 }, (_, i) => i);

describe("batchesOf", () => {
  it("takes the targets in their order", () => {
    const batches = batchesOf(targets, 8, null);
    expect(batches.map((b) => b.first)).toEqual([0, 8, 16]);
    expect(batches.flatMap((b) => b.targets)).toEqual(targets);
    expect(batches[2]?.targets).toHaveLength(5);
  });

  it("gives every whole batch to exactly one shard", () => {
    const whole = batchesOf(targets, 2, null);
    const shards = [1, 2, 3, 4].flatMap((index) =>
      batchesOf(targets, 2, { index, count: 4 }),
    );
    expect(shards).toHaveLength(whole.length);
    for (const batch of whole) expect(shards).toContainEqual(batch);
  });

  it("leaves nothing for a shard beyond the batches", () => {
    expect(batchesOf(targets, 21, { index: 2, count: 3 })).toEqual([]);
  });
});
