/** One run of an experiment, from its start or its last checkpoint to its end, a pause or a stop. */
import { join } from "node:path";
import type { TrainStep } from "../../../engine";
import { encodeFault, Fault } from "../../../shared/fault";
import type { Measured, TrainingRun } from "../../../shared/training";
import { makeFolder, sweepParts } from "../folder";
import { openNetworkAt } from "../networks";
import { readCheckpoint, type RunCheckpoint } from "./checkpoint";
import { evaluate } from "./evaluate";
import { bestFolder, writeRun } from "./experiment-folder";
import type { RunJob } from "./run-job";
import { TrainingLoop, type LoopOptions } from "./training-loop";

/**
 * Trains a run and returns its record, which is on disk by then. A loss that is not finite and checkpoints that are
 * damaged fail the run; anything else that goes wrong (a full disk, pictures that are gone) is thrown, and the run
 * goes on from its last checkpoint another time.
 */
export async function trainRun(
  job: RunJob,
  run: TrainingRun,
  options: LoopOptions,
): Promise<TrainingRun> {
  let latest = run;
  const keep = async (record: TrainingRun) => {
    await writeRun(job.folder, record);
    return record;
  };
  const failed = (fault: Fault) =>
    keep({ ...latest, state: "failed", fault: encodeFault(fault) });

  const own = join(job.folder, run.id);
  await makeFolder(own);
  // what a killed process left
  await sweepParts(own);
  let found: RunCheckpoint | null;
  try {
    found = await readCheckpoint(own);
  } catch (error) {
    if (error instanceof Fault) return failed(error);
    throw error;
  }
  if (!found && options.stopped()) return keep({ ...run, state: "stopped" });
  const step = compile(job, run);
  try {
    if (found) step.restore(found.state);
    const loop = new TrainingLoop(job, step, found?.position ?? run, options);
    try {
      latest = await loop.run();
    } catch (error) {
      latest = loop.record;
      if (error instanceof Fault && error.code === "not-finite")
        return await failed(error);
      throw error;
    }
  } finally {
    step.dispose();
  }
  if (latest.state === "paused") return latest;
  const test = await testBest(job, latest, options);
  if (test === "aborted")
    return latest.state === "done"
      ? { ...latest, state: "paused" }
      : keep(latest);
  return keep({ ...latest, test });
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

/** The kept network on the test part, read back from its files; null where either is missing. */
async function testBest(
  job: RunJob,
  run: TrainingRun,
  { signal, report }: LoopOptions,
): Promise<Measured | null | "aborted"> {
  const { experiment, trainer, data, tested, folder } = job;
  if (tested.length === 0 || !run.best) return null;
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
    const measured = await evaluate(step, data, tested, {
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
    return measured ?? "aborted";
  } finally {
    step.dispose();
  }
}
