/** The one place where a network's files become a network; the reading thread calls it. */
import { readBareNetwork, type BareNetwork } from "../../engine";
import type { AssumptionValues, Head } from "../../shared/domain";
import { openNetworkFiles } from "./network-files";

/** Plain data. */
export interface ReadRequest {
  /** Ours: a file may have several hard links. */
  readonly trusted: boolean;
  /** [height, width] of the input, also instead of what the files fix; null: theirs, or the usual one. */
  readonly size: readonly [number, number] | null;
  /** [height, width] where the files fix none and `size` is null. */
  readonly openSize: readonly [number, number] | null;
  /** Corrections of what the files do not say. */
  readonly assume: AssumptionValues;
  /** Name of the output; null: by the rule. */
  readonly output: string | null;
  /** Null: as the file says, or as assumed. */
  readonly head: Head | null;
}

export interface ReadWork {
  readonly signal: AbortSignal;
  /** Stage in words, bytes done and to do. */
  readonly progress: (stage: string, bytes: number, total: number) => void;
}

/** The network, and plain data: what lies beside it. */
export type ReadResult = BareNetwork;

/** Throws a Fault `damaged-file`, `unsupported-network` or `invalid-request`, and the signal's reason. */
export async function readNetwork(
  path: string,
  { trusted, openSize, ...how }: ReadRequest,
  { signal, progress }: ReadWork,
): Promise<ReadResult> {
  const files = await openNetworkFiles(path, { trusted });
  return readBareNetwork(files, {
    signal,
    progress,
    ...how,
    cardSize: openSize,
  });
}
