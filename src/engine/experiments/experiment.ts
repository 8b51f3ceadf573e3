import type { Head, NetworkSummary } from "../../shared/domain";
import type {
  ExperimentSpec,
  RowOf,
  SettingsOf,
  SummaryOf,
} from "../../shared/lab/spec";
import type { Network } from "../network/network";
import type { NativeRuntime } from "../step/runtime";

/** What an experiment computes with. */
export interface World {
  /** The open network; null where none is. */
  readonly network: Network | null;
  /** What its output means; `softmax` without a network. */
  readonly head: Head;
  /** The ascent's settings that its card names, completed with the app's; null without a network. */
  readonly defaults: NetworkSummary["defaults"] | null;
  /** Null: tfjs-core's eager backend. */
  readonly runtime: NativeRuntime | null;
  /** Pictures of a folder the user named; null: none was. */
  readonly images: ImageSource | null;
  readonly checkpoints: Checkpoints;
}

export interface ImageSource {
  /** Changes with the folder's content: part of a cell's key. */
  readonly id: string;
  readonly count: number;
  /** Names of the class folders, by label; empty: the pictures lie side by side, without classes. */
  readonly classes: readonly string[];
  /**
   * Some of the pictures by index, [height, width, channel] each, x in [-1, 1], one after another,
   * and the class of each (0 where there are none).
   */
  load(
    indices: readonly number[],
    shape: readonly [number, number, number],
  ): Promise<{ images: Float32Array; labels: Int32Array }>;
}

/** What a long cell has reached, so that a restart goes on from there. */
export interface Checkpoint {
  readonly step: number;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}
export interface Checkpoints {
  load(key: string): Promise<Checkpoint | null>;
  /** Replaces the one before. */
  save(key: string, checkpoint: Checkpoint): Promise<void>;
  remove(key: string): Promise<void>;
}

/** One thing to compute: one row of the result. */
export interface Cell<C = unknown> {
  /** What decides the row, as canonical text (see `cellKey`); equal keys mean equal rows. */
  readonly key: string;
  /** In units of work, for progress: image-steps, repetitions. */
  readonly work: number;
  readonly ask: C;
}

export type Happening<R> =
  /**
   * Work done since the last one. `before`: it needs no doing, as what a cell that goes on from a checkpoint has
   * reached, and says nothing of the pace.
   */
  | {
      readonly kind: "work";
      readonly work: number;
      readonly before?: boolean;
    }
  | { readonly kind: "row"; readonly key: string; readonly row: R }
  /**
   * What the row of a long cell is so far: shown, and computed again when asked for. The row itself says that it is
   * not whole. `keep`: it is still there after a restart, as a checkpoint is; worth it about as often.
   */
  | {
      readonly kind: "partial";
      readonly key: string;
      readonly row: R;
      readonly keep: boolean;
    }
  /** A picture on its way (`final` false), or the one that belongs to the row and is kept. Before its row. */
  | {
      readonly kind: "picture";
      readonly key: string;
      readonly step: number;
      readonly shape: readonly [number, number, number];
      /** [height, width, channel], x in [-1, 1]. Valid until the generator is asked for more. */
      readonly image: Float32Array;
      readonly final: boolean;
    };

/**
 * An experiment: which cells its settings ask for, how they are computed, what follows from them.
 * Whoever runs it keeps the rows by key, so that only cells that are missing are computed.
 * Methods are written in method syntax, so that an Experiment<S, C> is an Experiment.
 */
export interface Experiment<
  S extends ExperimentSpec = ExperimentSpec,
  C = unknown,
> {
  readonly spec: S;
  /** In the order of the table. Throws a Fault `invalid-request` for what the network does not have. */
  plan(settings: SettingsOf<S>, world: World): readonly Cell<C>[];
  /**
   * Computes some of the planned cells, usually in their order. Returns early once the signal is aborted, which is
   * seen within a step; what is not finished then has no row.
   */
  compute(
    cells: readonly Cell<C>[],
    settings: SettingsOf<S>,
    world: World,
    options: { signal: AbortSignal },
  ): AsyncGenerator<Happening<RowOf<S>>, void, void>;
  /**
   * A row kept before as it reads today: names of classes decide no number and no key, and may have been given since.
   * Missing: as it was kept.
   */
  renew?(row: RowOf<S>, cell: Cell<C>): RowOf<S>;
  /** `rows` are those there are, by key; some may be missing, and long cells may have partial ones. */
  summarize(
    settings: SettingsOf<S>,
    rows: ReadonlyMap<string, RowOf<S>>,
    world: World,
  ): SummaryOf<S>;
}

/** Declares an experiment; only helps inference. */
export function defineExperiment<S extends ExperimentSpec, C>(
  experiment: Experiment<S, C>,
): Experiment<S, C> {
  return experiment;
}

/** Canonical text of what decides a row: plain data, keys sorted, so that the order of writing does not matter. */
export function cellKey(decides: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(decides, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : value,
  );
}
