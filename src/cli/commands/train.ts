import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, writeFault } from "../../main/host/folder";
import { checkPrecision } from "../../main/host/backend";
import { isLeftover } from "../../main/host/part-folder";
import { throttled } from "../../main/host/throttled";
import { createExperiment, readNames } from "../../main/host/training/create";
import {
  bestFolder,
  experimentFile,
  newId,
  readExperiment,
  readTraining,
} from "../../main/host/training/experiment-folder";
import { runExperiment } from "../../main/host/training/run-experiment";
import { trainerOf } from "../../main/host/training/trainer";
import {
  isEnded,
  methodOfSlopes,
  trainingTable,
  type Spread,
  type Training,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingRun,
} from "../../shared/training";
import { titleMethod } from "../../shared/method";
import { needed } from "../arguments";
import type { Command, Context, Values } from "../command";
import { openTheBackend } from "../engine";
import { exitCodes, usage } from "../exit";
import { ProgressLine, spellDuration } from "../progress-line";
import { planFlags, readPlan } from "../train-plan";

export const train: Command = {
  name: "train",
  synopsis: "DATA --out DIR [--network N --backward P... --seeds N... ...]",
  summary:
    "Train a network from scratch on a folder of class folders, with slopes of your own.",
  positionals: { min: 1, max: 1 },
  flags: {
    ...planFlags,
    out: { value: "DIR", help: "the experiment's folder" },
    resume: { help: "go on with what --out holds, as it began" },
  },
  async run([data = ""], values, context) {
    const out = needed("--out", values.one("out"));
    const plan = values.has("resume") ? null : readPlan(values);
    if (plan) await checkEmpty(out);
    else await checkResume(out, values);
    // what cannot be trained here is refused before a picture is looked at
    const backend = await openTheBackend(context);
    const trainer = trainerOf(backend);
    if (plan) {
      checkPrecision(backend.status, plan.precision);
      await create(data, out, plan, values, context);
    }
    const line = new ProgressLine(context.stderr, "train");
    const before = await readTraining(out, false);
    const points = new Map(
      before.runs.map((run) => [run.id, run.curve.length]),
    );
    for (const { id, fault } of before.runs)
      if (fault) context.warn(`${id}: ${fault.message} ${fault.remedy}`.trim());
    const outcome = await runExperiment(out, trainer, {
      signal: context.signal,
      source: data,
      progress: (progress) => {
        line.clear();
        for (const run of progress.changed)
          tellRun(run, points, before, context);
        if (!context.signal.aborted) showProgress(line, progress);
      },
    }).finally(() => {
      line.clear();
    });
    const training = await readTraining(out, false);
    if (outcome.state === "paused") {
      context.warn(
        `Paused. This goes on: proxima train ${quoted(data)} --out ${quoted(out)} --resume`,
      );
      return exitCodes.cancelled;
    }
    tellEnd(training, out, context);
    return outcome.failed > 0 ? exitCodes.engine : exitCodes.done;
  },
};

async function checkResume(out: string, values: Values): Promise<void> {
  await readExperiment(out);
  const given = Object.keys(planFlags).find((name) => values.has(name));
  if (given !== undefined)
    throw usage(
      `--resume goes on as the training began; --${given} cannot change it.`,
      `Leave it out, or begin another one in another folder.`,
    );
}

async function create(
  data: string,
  out: string,
  plan: TrainingPlan,
  values: Values,
  context: Context,
): Promise<void> {
  const list = values.one("test-list");
  if (list !== undefined && values.has("test"))
    throw usage("--test and --test-list are given; one of them is enough.");
  const tested = list === undefined ? null : await readNames(list);
  const line = new ProgressLine(context.stderr, "pictures");
  const show = throttled(({ done, total }: { done: number; total: number }) => {
    line.show(done, total);
  });
  const experiment = await createExperiment(
    out,
    { id: newId(), source: data, plan, tested, versions: {} },
    {
      signal: context.signal,
      progress: (done, total) => {
        show({ done, total });
      },
    },
  ).finally(() => {
    line.clear();
  });
  const { classes, parts, leftOut, why } = experiment.data;
  for (const sentence of why) context.warn(sentence);
  if (leftOut > 0) context.warn(`${leftOut} pictures are left out.`);
  context.print(
    `${classes.length} classes: ${parts.train} pictures to train on, ${parts.validation} to validate, ${parts.test} to test`,
  );
  context.emit({ classes: classes.length, parts, leftOut });
}

async function checkEmpty(out: string): Promise<void> {
  const names = await readdir(out).catch((error: unknown): string[] => {
    if (codeOf(error) === "ENOENT") return [];
    throw writeFault(error, out);
  });
  if (names.includes(experimentFile))
    throw usage(
      `${out} holds a training already.`,
      "Go on with it with --resume, or choose another folder.",
    );
  if (!names.every(isLeftover))
    throw usage(`${out} is not empty.`, "Choose another folder.");
}

/** Epochs that were not told of yet, and how the run ended. */
function tellRun(
  run: TrainingRun,
  points: Map<string, number>,
  { plan }: Training,
  context: Context,
): void {
  const name = { run: run.id, ...run.slopes, seed: run.seed };
  const title = `${titleMethod(methodOfSlopes(run.slopes))}, seed ${run.seed}`;
  for (const point of run.curve.slice(points.get(run.id) ?? 0)) {
    const { train, validation, epoch, imagesPerSecond } = point;
    context.emit({ ...name, ...point });
    context.print(
      `${title}  epoch ${epoch}/${plan.epochs}  loss ${train.loss.toFixed(3)}  train ${percent(train.accuracy)}${validation ? `  validation ${percent(validation.accuracy)}` : ""}  ${imagesPerSecond.toFixed(0)} images/s`,
    );
  }
  points.set(run.id, run.curve.length);
  if (!isEnded(run)) return;
  const { state, best, test, seconds, fault } = run;
  context.emit({ ...name, state, best, test, seconds, fault });
  if (fault) context.warn(`${title}: ${fault.message} ${fault.remedy}`.trim());
  else
    context.print(
      `${title}  ${state}${best ? `, best epoch ${best.epoch}` : ""}${test ? `, test ${percent(test.accuracy)}` : ""}, ${spellDuration(seconds)}`,
    );
}

function tellEnd(training: Training, out: string, context: Context): void {
  const { plan, runs } = training;
  const table = trainingTable(plan, runs);
  context.emit({
    done: {
      out,
      runs: runs.map(({ id, slopes, seed, state, best, test }) => ({
        ...{ run: id, ...slopes, seed, state, best, test },
        network: best ? join(out, id, bestFolder) : null,
      })),
      table,
    },
  });
  context.print("");
  for (const { slopes, validation, test } of table)
    context.print(
      `${titleMethod(methodOfSlopes(slopes))}  validation ${spread(validation)}  test ${spread(test)}`,
    );
  for (const { id, best } of runs)
    if (best) context.print(join(out, id, bestFolder));
}

/** As a shell takes it for one word. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path)
    ? path
    : `'${path.replaceAll("'", "'\\''")}'`;
}

function spread({ count, mean, deviation }: Spread): string {
  if (mean === null) return "-";
  const around = deviation === null ? "" : ` ± ${(100 * deviation).toFixed(2)}`;
  return `${(100 * mean).toFixed(2)}${around} % (${count})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function showProgress(line: ProgressLine, progress: TrainingProgress): void {
  const { runIndex, runCount, epoch, epochs, phase, step, steps } = progress;
  const part = phase === "training" && steps > 0 ? step / steps : 1;
  const { imagesPerSecond: rate, secondsLeft: left, loss } = progress;
  const details = [
    `run ${runIndex + 1}/${runCount} epoch ${epoch}/${epochs}`,
    loss === null ? "" : `loss ${loss.toFixed(2)}`,
    rate === null ? "" : `${rate.toFixed(0)} images/s`,
    left === null ? "" : `${spellDuration(left)} left`,
  ];
  const done = runIndex + (epoch - 1 + part) / epochs;
  // the end is told in words
  if (done >= runCount) return;
  line.show(done, runCount, details.filter((text) => text !== "").join("  "));
}
