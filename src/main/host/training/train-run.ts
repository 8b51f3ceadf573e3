/** One run of an experiment, from its start or its last checkpoint to its end, a pause or a stop. */
import { join } from "node:path";
import type { TrainStep } from "../../../engine";
import { encodeFault, Fault } from "../../../shared/fault";
import type { Measured, TrainingRun } from "../../../shared/training";
import { makeFolder } from "../folder";
import { sweepParts } from "../part-folder";
import { openNetworkAt } from "../networks";
import {
  readCheckpoint,
  removeCheckpoints,
  removeUnfinished,
  type RunCheckpoint,
} from "./checkpoint";
import { evaluate } from "./evaluate";
import { bestFolder, writeRun } from "./experiment-folder";
import type { RunJob } from "./run-job";
import { TrainingLoop, type LoopOptions } from "./training-loop";

/**
 * Trains a run, tests its best network, and returns its record, which is on disk by then; a run that was stopped is
 * only tested. A loss that is not finite and checkpoints that are damaged fail the run; anything else that goes wrong
 * (a full disk, pictures that are gone) is thrown, and the run goes on from its last checkpoint another time.
 */
export async function trainRun(
  job: RunJob,
  run: TrainingRun,
  options: LoopOptions,
): Promise<TrainingRun> {
  const record = run.state === "stopped" ? run : await train(job, run, options);
  if (record.state === "paused") return record;
  await writeRun(job.folder, {
    ...record,
    // until it is tested it is not done
    state: record.state === "done" ? "paused" : record.state,
  });
  if (!lacksTest(job, record)) return keep(job, record);
  const test = await testBest(job, record, options);
  if (test && !Number.isFinite(test.loss))
    return keep(job, failed(record, untestable));
  if (test) return keep(job, { ...record, test });
  return record.state === "done" ? { ...record, state: "paused" } : record;
}

/** Whether a run has a network that was never tested, though there is a test part. */
export function lacksTest(
  { tested }: Pick<RunJob, "tested">,
  { best, test, state }: TrainingRun,
): boolean {
  return tested.length > 0 && best !== null && !test && state !== "failed";
}

/** Nobody goes on from a run that has ended: its checkpoints, the largest files by far, go. */
async function keep(job: RunJob, record: TrainingRun): Promise<TrainingRun> {
  await writeRun(job.folder, record);
  if (record.state !== "failed")
    await removeCheckpoints(join(job.folder, record.id));
  return record;
}

/** Up to its end, a pause or a stop; the test is still to come. */
async function train(
  job: RunJob,
  run: TrainingRun,
  options: LoopOptions,
): Promise<TrainingRun> {
  const own = join(job.folder, run.id);
  await makeFolder(own);
  // what a killed process left
  await sweepParts(own);
  await removeUnfinished(own);
  let found: RunCheckpoint | null;
  try {
    found = await readCheckpoint(own);
  } catch (error) {
    if (error instanceof Fault) return failed(run, error);
    throw error;
  }
  if (!found && options.stopped()) return { ...run, state: "stopped" };
  const step = compile(job, run);
  try {
    if (found) step.restore(found.state);
    const loop = new TrainingLoop(job, step, found?.position ?? run, options);
    return await loop.run().catch((error: unknown) => {
      if (error instanceof Fault && error.code === "not-finite")
        return failed(loop.record, error);
      throw error;
    });
  } finally {
    step.dispose();
  }
}

const untestable = new Fault(
  "not-finite",
  "The loss on the test part is no finite number.",
  "Try a smaller learning rate, or a longer warm-up.",
);

function failed(run: TrainingRun, fault: Fault): TrainingRun {
  return { ...run, state: "failed", fault: encodeFault(fault) };
}

/** A compiled step that starts where the run's seed does. */
function compile(
  { experiment: { plan, data }, trainer, data: { batch } }: RunJob,
  { slopes, seed }: TrainingRun,
): TrainStep {
  const input = [plan.size, plan.size, 3] as const;
  const { network, optimizer: kind, weightDecay } = plan;
  const { labelSmoothing, precision } = plan;
  return trainer.compile({
    network: trainer.build(network, input, data.classes.length, seed),
    batch,
    slopes,
    optimizer: { kind, weightDecay },
    labelSmoothing,
    precision,
  });
}

/** The kept network on the test part, read back from its files; null where it was cancelled before its end. */
async function testBest(
  job: RunJob,
  run: TrainingRun,
  { signal, report }: LoopOptions,
): Promise<Measured | null> {
  const { experiment, trainer, data, tested, folder } = job;
  const { optimizer: kind, weightDecay } = experiment.plan;
  const step = trainer.compile({
    network: await openNetworkAt(join(folder, run.id, bestFolder)),
    batch: data.batch,
    slopes: run.slopes,
    optimizer: { kind, weightDecay },
    labelSmoothing: 0,
    precision: experiment.plan.precision,
  });
  try {
    return await evaluate(step, data, tested, {
      signal,
      progress: (done, steps) => {
        report({
          run: { ...run, state: "running" },
          changed: false,
          phase: "testing",
          epoch: run.curve.length,
          step: done,
          steps,
          loss: null,
          work: null,
        });
      },
    });
  } finally {
    step.dispose();
  }
}
