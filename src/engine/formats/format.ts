import type { AssumptionValues, Head } from "../../shared/domain";
import type { Network } from "../network/network";
import type { Beside } from "./beside/said";

/** One plain file, read piece by piece, so that a reader holds no more of it than it needs. */
export interface NetworkFile {
  /** Bytes. */
  readonly size: number;
  /** Of all its bytes, lower-case hex. */
  readonly sha256: string;
  /** A copy of the bytes; throws a Fault `damaged-file` where the file is shorter, or has changed since it was opened. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The files of a network as the host gives them: a folder's, or a single file's. Names are relative, with "/". */
export interface NetworkFiles {
  /** Name of the folder or file, for people. */
  readonly title: string;
  /** The one file that was named, where it was not a folder; it is the network then, its neighbours only serve it. */
  readonly chosen: string | null;
  /** The chosen file first, else model.json first where there is one. */
  readonly names: readonly string[];
  /** Opens a file of any size; refuses what {@link read} refuses. The whole file counts for {@link hash}. */
  open(name: string): Promise<NetworkFile>;
  /**
   * The file's bytes. Throws a Fault `damaged-file` for a name that is not there, is no plain file,
   * leaves the folder (also through a link), or is larger than `limit` bytes.
   */
  read(name: string, limit?: number): Promise<Uint8Array>;
  /** sha256 over names and bytes of the files named, of those read or opened so far; of all of them without names. Hex. */
  hash(names?: readonly string[]): string;
}

/** [height, width] of a network that fixes no size and names none. */
export const usualSize = [224, 224] as const;

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Stage in words, bytes done and to do. */
  readonly progress: (stage: string, bytes: number, total: number) => void;
  /**
   * [height, width] asked for: the input where the files fix none, and instead of what they fix.
   * Without it and without a fixed input a reader takes {@link usualSize}, or what its family is trained at.
   */
  readonly size?: readonly [number, number] | null;
  /** [height, width] the card or an image at hand names: the input where the files fix none and `size` is not given. */
  readonly cardSize?: readonly [number, number] | null;
  /**
   * What the files beside the network say of it. A reader of bare weights throws a `Misfit` where they are about another
   * network.
   */
  readonly beside?: Beside | null;
  /** Corrections of what weights do not say; a key the network has no use for is refused (`invalid-request`). */
  readonly assume?: AssumptionValues;
  /** The output to take instead of the rule's; one that is not there is refused with the names of those that are. */
  readonly output?: string | null;
  /** What the output means, where the user says so: decides whether a last softmax or sigmoid is taken off. */
  readonly head?: Head | null;
}

/** A way to store networks: one file or folder in `formats/`, listed in `formats/index.ts`. */
export interface Format {
  readonly id: string;
  readonly title: string;
  /** Whether these files look like this format; cheap. */
  recognises(files: NetworkFiles): Promise<boolean>;
  /** Throws a Fault `damaged-file` or `unsupported-network`. */
  read(files: NetworkFiles, options: ReadOptions): Promise<Network>;
}
