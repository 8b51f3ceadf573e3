import type { z } from "zod";

/**
 * What window, host and command line know of an experiment of the Lab: its settings, its rows (one a cell that
 * was computed) and what is concluded from all rows. How it is computed is known to the engine alone.
 */
export interface ExperimentSpec {
  readonly id: string;
  /** Counts up whenever the same settings would give other rows: rows of before are computed again. */
  readonly version: number;
  /** What takes rows of an earlier version to the next one; rows of a version without are computed again. */
  readonly upgrades?: Readonly<Record<number, (row: unknown) => unknown>>;
  /** Whether it works on the open network. */
  readonly network: "none" | "optional" | "needed";
  /** Where it is optional: whether these settings ask for the open network. Missing: always. */
  asksForNetwork?(settings: object): boolean;
  /** Whether it computes through the backend, and so takes its turn behind galleries and other experiments. */
  readonly heavy: boolean;
  /** Light, and works with tensors all the same: gets the backend, takes no turn. */
  readonly backend?: boolean;
  /** Every setting has a default: `{}` is a whole request. */
  readonly settings: z.ZodType;
  readonly row: z.ZodType;
  readonly summary: z.ZodType;
}

export function worksWithTensors({ heavy, backend }: ExperimentSpec): boolean {
  return heavy || backend === true;
}

/** Whether the experiment works on the open network; its rows are then kept by network. */
export function worksOnNetwork(
  spec: ExperimentSpec,
  settings: object,
): boolean {
  return spec.network !== "none" && (spec.asksForNetwork?.(settings) ?? true);
}

/** Declares an experiment; only helps inference. */
export function defineSpec<S extends ExperimentSpec>(spec: S): S {
  return spec;
}

export type SettingsOf<S extends ExperimentSpec> = z.output<S["settings"]>;
export type RowOf<S extends ExperimentSpec> = z.output<S["row"]>;
export type SummaryOf<S extends ExperimentSpec> = z.output<S["summary"]>;
