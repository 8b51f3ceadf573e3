import type { Network } from "../network/network";

/** The files of a network as the host gives them: a folder's, or a single file's. Names are relative, with "/". */
export interface NetworkFiles {
  /** Name of the folder or file, for people. */
  readonly title: string;
  readonly names: readonly string[];
  /**
   * The file's bytes. Throws a Fault `damaged-file` for a name that is not there, is no plain file,
   * leaves the folder (also through a link), or is larger than `limit` bytes.
   */
  read(name: string, limit?: number): Promise<Uint8Array>;
  /** sha256 over names and bytes of all files read so far, hex. */
  hash(): string;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Stage in words, bytes done and to do. */
  readonly progress: (stage: string, bytes: number, total: number) => void;
  /**
   * [height, width] asked for: the input where the files fix none, and instead of what they fix.
   * Without it and without a fixed input a reader throws a Fault `invalid-request` that says so.
   */
  readonly size?: readonly [number, number] | null;
  /** [height, width] the card names: the input where the files fix none and `size` is not given. */
  readonly cardSize?: readonly [number, number] | null;
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
