/** Steps that stay compiled between ascents: compiling one takes longer than many a step of it. */
import type { Network } from "../network/network";
import { makeStep } from "./make-step";
import type { NativeRuntime } from "./runtime";
import type { Step, StepOptions } from "./step";

/** A step in use. It stays the cache's: `release` gives it back, and it must not be used afterwards. */
export interface StepLease {
  readonly step: Step;
  release(): void;
}

export interface StepCacheOptions {
  /** Steps that are kept while nobody uses them. */
  readonly idle?: number;
  /** Bytes of weights that idle steps may hold together. */
  readonly idleBytes?: number;
}

interface Entry {
  readonly key: string;
  readonly network: Network;
  readonly step: Step;
  readonly bytes: number;
  uses: number;
  /** Its network is gone: nobody gets it again, and it is disposed of once it is not in use. */
  stale: boolean;
}

/**
 * Steps by network, methods, batch, precision and regularization. The network counts as an object: one that was opened
 * again with other answers is another. Idle steps beyond the limits go, those used longest ago first.
 */
export class StepCache {
  readonly #runtime: NativeRuntime | null;
  readonly #idle: number;
  readonly #idleBytes: number;
  /** Most recently used last. */
  #entries: Entry[] = [];
  #reserved = 0;
  #compiled = 0;

  /** `runtime` null: tfjs-core's eager backend. */
  constructor(
    runtime: NativeRuntime | null,
    { idle = 0, idleBytes = Infinity }: StepCacheOptions = {},
  ) {
    this.#runtime = runtime;
    this.#idle = idle;
    this.#idleBytes = idleBytes;
  }

  /** Steps made so far. */
  get compiled(): number {
    return this.#compiled;
  }

  /** Steps held, those in use among them. */
  get size(): number {
    return this.#entries.length;
  }

  /** The step for these options: one that is kept, or a new one. */
  lease(options: StepOptions): StepLease {
    const entry = this.#take(options) ?? this.#make(options);
    this.#entries.push(entry);
    entry.uses += 1;
    let leased = true;
    return {
      step: entry.step,
      release: () => {
        if (!leased) return;
        leased = false;
        entry.uses -= 1;
        this.#makeRoom();
      },
    };
  }

  /**
   * Keeps at least `count` idle steps, whatever their weights, until the returned function is called: a run that takes
   * turns between networks needs one for each of them.
   */
  reserve(count: number): () => void {
    this.#reserved += count;
    let reserved = true;
    return () => {
      if (!reserved) return;
      reserved = false;
      this.#reserved -= count;
      this.#makeRoom();
    };
  }

  /** Lets go of the steps of every network that does not pass; one in use goes when it is released. */
  retain(wanted: (network: Network) => boolean): void {
    for (const entry of this.#entries)
      if (!wanted(entry.network)) entry.stale = true;
    this.#makeRoom();
  }

  /** Lets go of every step that is not in use. */
  dispose(): void {
    this.retain(() => false);
  }

  #take(options: StepOptions): Entry | null {
    const key = keyOf(options);
    const index = this.#entries.findIndex(
      (entry) =>
        entry.network === options.network && entry.key === key && !entry.stale,
    );
    return this.#entries.splice(index, index < 0 ? 0 : 1)[0] ?? null;
  }

  #make(options: StepOptions): Entry {
    const step = makeStep(options, this.#runtime);
    this.#compiled += 1;
    const { network } = options;
    const bytes = weightBytes(network);
    return {
      key: keyOf(options),
      network,
      step,
      bytes,
      uses: 0,
      stale: false,
    };
  }

  #makeRoom(): void {
    let idle = 0;
    let bytes = 0;
    const kept: Entry[] = [];
    for (const entry of this.#entries.toReversed()) {
      if (entry.uses === 0) {
        idle += 1;
        bytes += entry.bytes;
        const fits =
          idle <= this.#reserved ||
          (idle <= this.#idle && bytes <= this.#idleBytes);
        if (entry.stale || !fits) {
          entry.step.dispose();
          continue;
        }
      }
      kept.unshift(entry);
    }
    this.#entries = kept;
  }
}

/** What a step is compiled for, besides its network; the rotation's angle is fed, not compiled. */
function keyOf({
  methods,
  batch,
  precision,
  regularization: { blur, rotate },
}: StepOptions): string {
  return JSON.stringify([methods, batch, precision, blur, rotate > 0]);
}

function weightBytes({ nodes }: Network): number {
  let bytes = 0;
  for (const { weights } of nodes)
    for (const { data } of Object.values(weights)) bytes += data.byteLength;
  return bytes;
}
