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

/**
 * The batches of a gallery: targets in their order, `batch` at a time. A shard takes every count-th whole
 * batch of that order, so that its pictures are the unsharded run's to the last bit.
 */
export function batchesOf<T>(
  targets: readonly T[],
  batch: number,
  shard: Shard | null,
): { readonly first: number; readonly targets: readonly T[] }[] {
  const batches = [];
  for (let first = 0; first < targets.length; first += batch)
    batches.push({ first, targets: targets.slice(first, first + batch) });
  return shard
    ? batches.filter((_, i) => i % shard.count === shard.index - 1)
    : batches;
}
