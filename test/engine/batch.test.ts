import { describe, expect, it } from "vitest";
import { batchesOf } from "../../src/engine/batch";

const targets = Array.from({ length: 21 }, (_, i) => i);
const padded = { pad: true, shard: null };
const balanced = { pad: false, shard: null };
const sizesOf = (count: number, batch: number) =>
  batchesOf(targets.slice(0, count), batch, balanced).map(({ size }) => size);

describe("batchesOf", () => {
  it("takes the runs in their order", () => {
    for (const how of [padded, balanced])
      expect(batchesOf(targets, 8, how).flatMap((b) => b.items)).toEqual(
        targets,
      );
  });

  it("pads the last batch where that is asked for", () => {
    expect(
      batchesOf(targets, 8, padded).map((b) => [b.items.length, b.size]),
    ).toEqual([
      [8, 8],
      [8, 8],
      [5, 8],
    ]);
  });

  it("balances: as few batches as fit, none padded, the larger ones first", () => {
    expect(sizesOf(1, 8)).toEqual([1]);
    expect(sizesOf(2, 8)).toEqual([2]);
    expect(sizesOf(8, 8)).toEqual([8]);
    expect(sizesOf(9, 8)).toEqual([5, 4]);
    expect(sizesOf(10, 8)).toEqual([5, 5]);
    expect(sizesOf(21, 8)).toEqual([7, 7, 7]);
    expect(sizesOf(20, 8)).toEqual([7, 7, 6]);
    expect(sizesOf(3, 1)).toEqual([1, 1, 1]);
    for (const { items, size } of batchesOf(targets, 4, balanced))
      expect(items).toHaveLength(size);
  });

  it("makes at most two sizes, whatever the number of runs", () => {
    const runs = Array.from({ length: 1003 }, (_, i) => i);
    const sizes = batchesOf(runs, 8, balanced).map(({ size }) => size);
    expect(sizes).toHaveLength(126);
    expect(new Set(sizes)).toEqual(new Set([8, 7]));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });

  it("gives every whole batch to exactly one shard", () => {
    for (const how of [padded, balanced]) {
      const whole = batchesOf(targets, 2, how);
      const shards = [1, 2, 3, 4].flatMap((index) =>
        batchesOf(targets, 2, { ...how, shard: { index, count: 4 } }),
      );
      expect(shards).toHaveLength(whole.length);
      for (const batch of whole) expect(shards).toContainEqual(batch);
    }
  });

  it("leaves nothing for a shard beyond the batches", () => {
    const shard = { index: 2, count: 3 };
    expect(batchesOf(targets, 21, { pad: false, shard })).toEqual([]);
  });
});
