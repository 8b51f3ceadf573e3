import { totalmem } from "node:os";
import { batchThatFits, bytesPerImage, type Network } from "../../engine";
import { Fault } from "../../shared/fault";

const mebibyte = 1024 * 1024;

/**
 * Bytes the activations of one native call may take: the user's limit, or half of the machine's (or the
 * container's) memory. It does not depend on what happens to be free, so that a default batch, which decides
 * the last bits of a picture, is the same tomorrow.
 */
export function memoryBudget(limitMiB = 0): number {
  return limitMiB > 0 ? limitMiB * mebibyte : machineMemory() / 2;
}

/**
 * Throws a Fault `out-of-memory` where a batch cannot fit: into the user's limit, or else into the machine.
 * A batch decides the last bits of a picture, so it is refused, never made smaller in silence.
 */
export function checkBatch(
  network: Network,
  batch: number,
  limitMiB = 0,
): void {
  const bytes = limitMiB > 0 ? limitMiB * mebibyte : machineMemory();
  const fitting = batchThatFits(network, bytes, batch);
  if (fitting >= batch) return;
  const needed = Math.ceil((bytesPerImage(network) * batch) / mebibyte);
  throw new Fault(
    "out-of-memory",
    `A batch of ${batch} of ${network.name} needs about ${needed} MiB, more than ${limitMiB > 0 ? "the limit" : "this machine"} allows.`,
    `A batch of ${fitting} fits.`,
  );
}

function machineMemory(): number {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  return constrained > 0 ? Math.min(constrained, total) : total;
}

const noMemory =
  /\bOOM\b|out of memory|RESOURCE_EXHAUSTED|failed to allocate|allocation failed|bad_alloc/i;

/** What an engine's error is to the user: one of missing memory says what helps; any other stays what it is. */
export function memoryFault(error: unknown, batch: number): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  if (!noMemory.test(error.message)) return error;
  return new Fault(
    "out-of-memory",
    `There is not enough memory for a batch of ${batch}.`,
    batch > 1
      ? `Try a batch of ${Math.ceil(batch / 2)}.`
      : "Close other programs, or use a smaller network.",
    { cause: error },
  );
}
