/**
 * Scores one can compare. A score under random transforms is that of one noisy step, so runs are compared by the mean
 * over the last tenth of their steps (see tail.ts), and always at the same step.
 */
import type { RunRecord, Tail } from "./domain";
import { mean, deviationOf } from "./statistics";
import { tailOf } from "./tail";

/** What a run's scores were, step by step. */
export interface Course {
  /** trace[k]: score after k updates. */
  readonly trace: readonly number[];
  /** Its gradient became exactly zero: the image stays as it is, and its last score holds for every later step. */
  readonly silent: boolean;
}

export interface Score {
  /** Updates done. */
  readonly step: number;
  /** Mean over the last tenth of the steps up to `step`; the score at `step` itself where there are fewer than ten. */
  readonly value: number;
  /** Standard deviation (n - 1) of the scores taken, not of their mean; null where it is the score of one step. */
  readonly std: number | null;
  /** Scores taken; 1 where it is the score of one step. */
  readonly steps: number;
}

export interface ScoreDifference {
  /** The step both were compared at: the last one that both reached. */
  readonly step: number;
  readonly score: number;
  readonly base: number;
  /** `score` minus `base`. */
  readonly value: number;
  /** sqrt(s1^2 + s2^2) of both standard deviations; null where one has none: then single steps are compared. */
  readonly std: number | null;
  /** Whether value +- std includes zero: no difference can be claimed. False where `std` is null. */
  readonly unclear: boolean;
}

export function courseOf({
  trace,
  state,
}: Pick<RunRecord, "trace" | "state">): Course {
  return { trace, silent: state === "silent" };
}

/** The score after `step` updates, null: after the last one. Null where the run has no score yet. */
export function scoreAt(
  { trace, silent }: Course,
  step: number | null = null,
): Score | null {
  const last = trace.length - 1;
  if (last < 0) return null;
  const at = Math.max(
    0,
    step === null ? last : silent ? step : Math.min(step, last),
  );
  return scoreOf(at, tailOf(trace, at), single({ trace }, at));
}

/** A score after `step` updates: the tail's mean where there is one, else that of the step itself. */
export function scoreOf(
  step: number,
  tail: Tail | null,
  single: number,
): Score {
  return tail
    ? { step, value: tail.mean, std: tail.std, steps: tail.steps }
    : { step, value: single, std: null, steps: 1 };
}

/**
 * Two runs at the last step that both reached, or at `step` where both have it. Null where one has no score yet. Where
 * one of them has too few steps for a mean, the scores of that single step are compared and no uncertainty is claimed.
 */
export function compareScores(
  run: Course,
  base: Course,
  step: number | null = null,
): ScoreDifference | null {
  const common = Math.min(reach(run), reach(base));
  const both = Number.isFinite(common)
    ? common
    : Math.max(run.trace.length, base.trace.length) - 1;
  const at = step === null ? both : Math.min(step, both);
  const [score, against] = [scoreAt(run, at), scoreAt(base, at)];
  if (!score || !against) return null;
  return differenceOf(score, against, () => [
    single(run, at),
    single(base, at),
  ]);
}

/** Of two scores of one step. `singles`: the scores of that step alone, for where one of the two is no mean. */
export function differenceOf(
  score: Score,
  against: Score,
  singles: () => readonly [score: number, against: number],
): ScoreDifference {
  const means = score.std !== null && against.std !== null;
  const [one, other] = means ? [score.value, against.value] : singles();
  const value = one - other;
  const std = means ? Math.hypot(score.std, against.std) : null;
  return {
    step: score.step,
    score: one,
    base: other,
    value,
    std,
    unclear: std !== null && Math.abs(value) <= std,
  };
}

export interface SeededCourse extends Course {
  readonly seed: number;
  /** Stopped before its last step. */
  readonly stopped: boolean;
}

/** The runs of one target and method over several seeds. */
export interface SeedSummary {
  /** Index of the run with the highest score. */
  readonly best: number;
  /** Runs that count: those that were not stopped, or all of them where all were. */
  readonly runs: number;
  /** Mean of the runs' scores. */
  readonly mean: number;
  /** Standard deviation over the seeds (n - 1); null for fewer than two. */
  readonly std: number | null;
  /** Seeds whose score is above that of the first column at the same seed and step; null without a first column. */
  readonly won: number | null;
  /** Seeds that both have. */
  readonly of: number;
}

/**
 * Best, spread and win rate over seeds. All runs are taken at the last step that all of them reached. `base`: the
 * first column's runs of the same target; null for the first column itself. Null where no run has a score.
 */
export function summarizeSeeds(
  runs: readonly SeededCourse[],
  base: readonly SeededCourse[] | null,
): SeedSummary | null {
  const scored = runs.flatMap((run, index) =>
    run.trace.length > 0 ? [{ run, index }] : [],
  );
  const whole = scored.filter(({ run }) => !run.stopped);
  const counted = whole.length > 0 ? whole : scored;
  if (counted.length === 0) return null;
  const common = Math.min(...counted.map(({ run }) => reach(run)));
  const at = Number.isFinite(common) ? common : null;
  const scores = counted.map(({ run }) => scoreAt(run, at));
  // a mean over steps is not compared with the score of one step
  const means = scores.every((score) => score?.std !== null);
  const values = counted.map(({ run }, i) =>
    means ? (scores[i]?.value ?? NaN) : single(run, at ?? run.trace.length - 1),
  );
  const best = values.indexOf(Math.max(...values));
  const pairs = counted.flatMap(({ run }) => {
    const other = base?.find(({ seed }) => seed === run.seed);
    const difference = other ? compareScores(run, other) : null;
    return difference ? [difference.value > 0] : [];
  });
  return {
    best: counted[best]?.index ?? 0,
    runs: counted.length,
    mean: mean(values),
    std: deviationOf(values),
    won: base ? pairs.filter(Boolean).length : null,
    of: pairs.length,
  };
}

/** The last step that counts for comparing; a silent run reaches every step. */
function reach({ trace, silent }: Course): number {
  return silent && trace.length > 0 ? Infinity : trace.length - 1;
}

function single({ trace }: Pick<Course, "trace">, step: number): number {
  return trace[step] ?? trace.at(-1) ?? NaN;
}
