import type { ExperimentId } from "../../../shared/lab";
import type { LabRun } from "../../state/lab-run.svelte";

/** The parts of a run that do not depend on which experiment it is. */
export type AnyRun = Pick<
  LabRun<ExperimentId>,
  | "state"
  | "busy"
  | "missing"
  | "cells"
  | "finished"
  | "progress"
  | "fault"
  | "subject"
  | "obstacle"
  | "homeless"
  | "experiment"
  | "start"
  | "stop"
  | "follow"
> & {
  readonly settings: unknown;
  readonly summary: unknown;
  readonly rows: readonly { readonly key: string; readonly row: unknown }[];
};
