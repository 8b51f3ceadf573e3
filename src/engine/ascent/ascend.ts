import type { AscentSettings, Method, Target } from "../../shared/domain";
import type { Fault } from "../../shared/fault";
import type { Network } from "../network/network";
import type { NativeRuntime } from "../step/runtime";

/** One batch of targets under several methods, from one start. */
export interface AscentRequest {
  readonly network: Network;
  /** At most `settings.batch`; a smaller number is padded. */
  readonly targets: readonly Target[];
  readonly methods: readonly Method[];
  readonly settings: AscentSettings;
  /** Null: tfjs-core's eager backend. */
  readonly runtime: NativeRuntime | null;
}

/** What became of one tile's image so far. */
export interface TileUpdate {
  /** Index into the request's targets. */
  readonly row: number;
  /** Index into the request's methods. */
  readonly column: number;
  /** Updates done on this image. */
  readonly step: number;
  /** The target's activation in the original network on this image. */
  readonly score: number;
  /** L2 norm of the gradient at this image, of the method's own network; null where none was taken. */
  readonly gradientNorm: number | null;
  readonly state: "running" | "done" | "silent" | "cancelled" | "failed";
  /** Only where `failed`. */
  readonly fault: Fault | null;
  /** Logits of the original network on this image. Valid until the generator is asked for more. */
  logits(): Float32Array;
  /** The image, [height, width, channel], x in [-1, 1]. Valid until the generator is asked for more. */
  image(): Float32Array;
}

/** Yields once a step: every tile that was still running, at one and the same step. */
export type Ascend = (
  request: AscentRequest,
  options: { signal: AbortSignal },
) => AsyncGenerator<readonly TileUpdate[], void, void>;
