import type { Shard } from "../shared/domain";
import { shapeOf, type Network } from "./network/network";

/** Bytes one image takes on its way through the network and back, float32: every value and its gradient. */
export function bytesPerImage(network: Network): number {
  const values = network.nodes.reduce(
    (sum, { name }) => sum + shapeOf(network, name).reduce((a, b) => a * b, 1),
    network.input.reduce((a, b) => a * b),
  );
  return values * 4 * 2;
}

/** The largest batch of at most `most` images whose activations fit into `bytes`; at least 1. */
export function batchThatFits(
  network: Network,
  bytes: number,
  most = 8,
): number {
  const fitting = Math.floor(bytes / bytesPerImage(network));
  return Math.max(1, Math.min(most, fitting));
}

/** Runs that go through the network together. */
export interface Batch<T> {
  readonly items: readonly T[];
  /** Images in each native call, padding included. */
  readonly size: number;
}

/**
 * The batches of a gallery: its runs in their order, at most `batch` at a time, as few batches as that allows.
 * Balanced, sizes differ by one at most and the larger batches come first: ten at 8 are 5 and 5. With `pad` every
 * batch but the last is full, and the last is padded. A shard takes every count-th whole batch of that order, so that
 * its pictures are the unsharded run's to the last bit.
 */
export function batchesOf<T>(
  items: readonly T[],
  batch: number,
  { pad, shard }: { readonly pad: boolean; readonly shard: Shard | null },
): Batch<T>[] {
  const count = Math.ceil(items.length / batch);
  const least = Math.floor(items.length / count);
  const larger = items.length % count;
  const batches: Batch<T>[] = [];
  for (let i = 0, first = 0; i < count; i++) {
    const size = pad ? batch : i < larger ? least + 1 : least;
    batches.push({ items: items.slice(first, first + size), size });
    first += size;
  }
  return shard
    ? batches.filter((_, i) => i % shard.count === shard.index - 1)
    : batches;
}
